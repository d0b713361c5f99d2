"""Messages: who said what in a conversation, as text, images, sound and films."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fondaco.domain.light import light


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


@dataclass(frozen=True, slots=True)
class Image:
    """An image."""

    url: str
    """A `data:` URL once it is on its way to an engine; before, any that the caller named."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording."""

    content: str
    """Base64."""
    format: str
    """Such as `wav`."""


@dataclass(frozen=True, slots=True)
class Film:
    """A video."""

    url: str
    """A `data:` URL, or a public one that the engine fetches."""


Part: TypeAlias = str | Image | Sound | Film
"""A piece of a message."""


@light
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; parts keep their order."""

    role: Role
    content: str | tuple[Part, ...] | None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolUse, ...] = ()
    reasoning: str | None = None

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
        return Message(
            self.role,
            (text, *content) if isinstance(content, tuple) else text + (content or ""),
            self.name,
            self.tool_call_id,
            self.tool_calls,
            self.reasoning,
        )
