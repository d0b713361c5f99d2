"""Conversations with models."""

from functools import cached_property

from venice_ai._resource import APIResource, Client
from venice_ai.resources.chat.completions import ChatCompletions

__all__ = ["Chat", "ChatCompletions"]


class Chat(APIResource[Client]):
    """What belongs to chat."""

    @cached_property
    def completions(self) -> ChatCompletions:
        """Answers to conversations."""
        return ChatCompletions(self._client)
