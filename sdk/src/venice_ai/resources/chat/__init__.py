"""Conversations with models."""

from functools import cached_property

from venice_ai.resources._resource import APIResource
from venice_ai.resources.chat.completions import ChatCompletions
from venice_ai.resources.models import Choosing

__all__ = ["Chat", "ChatCompletions"]


class Chat(APIResource[Choosing]):
    """What belongs to chat."""

    @cached_property
    def completions(self) -> ChatCompletions:
        """Answers to conversations."""
        return ChatCompletions(self._client)
