"""Conversations with models."""

from functools import cached_property

from venice_ai.resources._resource import APIResource
from venice_ai.resources.chat.completions import ChatCompletions, Chatting

__all__ = ["Chat", "ChatCompletions"]


class Chat(APIResource[Chatting]):
    """The namespace of chat completions."""

    @cached_property
    def completions(self) -> ChatCompletions:
        """Chat completions."""
        return ChatCompletions(self._client)
