"""Messages of a conversation: text, images, audio, video and tool calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fondaco.domain.chat.opaque import readable_text
from fondaco.domain.fast_init import fast_init


class Role(StrEnum):
    """The author of a message. The API maps `developer` to `system`."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call of an earlier assistant message."""

    id: str
    name: str
    arguments: str
    """The arguments as JSON text, unchanged."""
    opaque: Mapping[str, object] | None = None
    """Opaque fields of the call, as JSON values."""


CACHE_CONTROL = "messages.content.cache_control"
"""The path of a `MarkedText`'s hint in a request."""
PREFIX = "messages.prefix"
"""The path of the hint that the output continues the last message, which is the assistant's."""


class MarkedText(str):
    """Text with a prompt-cache breakpoint at its end."""

    __slots__ = ("cache_control",)

    cache_control: Mapping[str, object]
    """The breakpoint, as the caller gave it."""

    @classmethod
    def of(cls, text: str, cache_control: Mapping[str, object]) -> "MarkedText":
        """Return text with a breakpoint."""
        marked = cls(text)
        marked.cache_control = cache_control
        return marked


@dataclass(frozen=True, slots=True)
class Image:
    """An image."""

    url: str
    """The caller's URL; a `data:` URL once the image has been fetched for an engine."""
    detail: str | None = None
    """Resolution at which the model sees it: `low`, `high` or `auto`."""
    field_path: str = ""
    """Its path in the request, for errors: `messages.0.content.1.image_url.url`."""
    most_tokens: int = 0
    """The most prompt tokens it can count as, once it has been fetched."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording."""

    content: str
    """Base64."""
    format: str
    """Such as `wav`."""
    field_path: str = ""
    """As for an `Image`."""
    most_tokens: int = 0
    """As for an `Image`."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video."""

    url: str
    """A `data:` URL, or a public URL that the engine fetches."""
    field_path: str = ""
    """As for an `Image`."""
    most_tokens: int = 0
    """As for an `Image`."""


_READABLE = ("reasoning_details", "thinking_blocks")
"""Opaque fields that may contain readable reasoning."""

Part: TypeAlias = str | Image | Audio | Video
"""A content part of a message."""


@fast_init
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, with its content parts in order."""

    role: Role
    content: str | tuple[Part, ...] | None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolUse, ...] = ()
    reasoning: str | None = None
    opaque: Mapping[str, object] | None = None
    """Opaque fields of an earlier assistant message, as JSON values."""

    @property
    def only_text(self) -> bool:
        """Whether it has no more than its role and content."""
        bare = self.name is None and self.tool_call_id is None and not self.tool_calls
        return bare and self.reasoning is None and self.opaque is None

    @property
    def readable_reasoning(self) -> str | None:
        """The model's reasoning as text, from whichever field contains it."""
        if self.reasoning is not None or self.opaque is None:
            return self.reasoning
        found = (readable_text(self.opaque.get(name)) for name in _READABLE)
        return next((text for text in found if text), None)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text parts."""
        content = self.content
        if content.__class__ is tuple:
            return tuple(part for part in content if isinstance(part, str))
        return (content,) if isinstance(content, str) else ()

    def prefixed(self, text: str) -> "Message":
        """Return this message with `text` before its content."""
        content = self.content
        if content.__class__ is str and self.only_text:
            return Message(self.role, text + content)
        return self.with_content(
            (text, *content) if isinstance(content, tuple) else text + (content or "")
        )

    def with_content(self, content: str | tuple[Part, ...]) -> "Message":
        """Return this message with other content."""
        return Message(
            self.role,
            content,
            self.name,
            self.tool_call_id,
            self.tool_calls,
            self.reasoning,
            self.opaque,
        )
