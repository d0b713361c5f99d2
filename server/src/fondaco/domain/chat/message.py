"""Messages: who said what in a conversation, as text, images, sound and films."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fondaco.domain.chat.opaque import readable_text
from fondaco.domain.fast_init import fast_init


class Role(StrEnum):
    """Who speaks; a `developer` message becomes a `system` one at the door."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a function that an earlier assistant message made."""

    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""
    opaque: Mapping[str, object] | None = None
    """Fields that the engine gave with the call, as JSON values."""


CACHE_CONTROL = "messages.content.cache_control"
"""The hint of a `MarkedText`, by its path in a request."""
PREFIX = "messages.prefix"
"""The hint that an answer is to go on with the last message, which is an assistant's; by its path."""


class MarkedText(str):
    """Text with a hint that the prompt up to its end will come again."""

    __slots__ = ("cache_control",)

    cache_control: Mapping[str, object]
    """The hint, as its caller worded it."""

    @classmethod
    def of(cls, text: str, cache_control: Mapping[str, object]) -> "MarkedText":
        """Return the text with the hint."""
        marked = cls(text)
        marked.cache_control = cache_control
        return marked


@dataclass(frozen=True, slots=True)
class Image:
    """An image."""

    url: str
    """A `data:` URL once it is on its way to an engine; before, any that the caller named."""
    detail: str | None = None
    """How closely the model is to look: `low`, `high` or `auto`."""
    place: str = ""
    """Where the caller named it, as the path of a fault: `messages.0.content.1.image_url.url`."""
    most_tokens: int = 0
    """As many as it may count in a prompt, once it is on its way to an engine."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording."""

    content: str
    """Base64."""
    format: str
    """Such as `wav`."""
    place: str = ""
    """Where the caller sent it, as for an `Image`."""
    most_tokens: int = 0
    """As for an `Image`."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video."""

    url: str
    """A `data:` URL, or a public one that the engine fetches."""
    place: str = ""
    """Where the caller named it, as for an `Image`."""
    most_tokens: int = 0
    """As for an `Image`."""


_TELLING = ("reasoning_details", "thinking_blocks")
"""Opaque fields that may have words of a thought."""

Part: TypeAlias = str | Image | Audio | Video
"""A piece of a message."""


@fast_init
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; parts keep their order."""

    role: Role
    content: str | tuple[Part, ...] | None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolUse, ...] = ()
    reasoning: str | None = None
    opaque: Mapping[str, object] | None = None
    """Of an earlier answer: fields that its engine gave with it, as JSON values."""

    @property
    def thought(self) -> str | None:
        """What the model thought, in words, wherever its caller wrote it."""
        if self.reasoning is not None or self.opaque is None:
            return self.reasoning
        told = (readable_text(self.opaque.get(name)) for name in _TELLING)
        return next((text for text in told if text), None)

    @property
    def texts(self) -> tuple[str, ...]:
        """Its pieces of text."""
        content = self.content
        if content.__class__ is tuple:
            return tuple(part for part in content if isinstance(part, str))
        return (content,) if isinstance(content, str) else ()

    def led_by(self, text: str) -> "Message":
        """Return this message with `text` before all that it says."""
        content = self.content
        return self.saying(
            (text, *content) if isinstance(content, tuple) else text + (content or "")
        )

    def saying(self, content: str | tuple[Part, ...]) -> "Message":
        """Return this message with another content."""
        return Message(
            self.role,
            content,
            self.name,
            self.tool_call_id,
            self.tool_calls,
            self.reasoning,
            self.opaque,
        )
