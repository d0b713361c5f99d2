"""Messages of a conversation; plain dictionaries work as well."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pydantic import Field

from venice_ai.types._wire import Wire

__all__ = [
    "AssistantMessage",
    "Content",
    "DeveloperMessage",
    "FunctionCall",
    "Message",
    "SystemMessage",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
]

Content: TypeAlias = str | list[dict[str, Any]]
"""A text, or parts: `{"type": "text", "text": ...}`, `{"type": "image_url", ...}` and so on."""


class FunctionCall(Wire):
    """A function with the arguments that the model chose."""

    name: str = ""
    arguments: str = ""
    """JSON text."""


class ToolCall(Wire):
    """Call of a tool that the model requests; a `ToolMessage` with its id answers it."""

    id: str = ""
    type: str = "function"
    function: FunctionCall = Field(default_factory=FunctionCall)


class SystemMessage(Wire):
    """Context for the model."""

    role: Literal["system"] = "system"
    content: Content
    name: str | None = None


class DeveloperMessage(Wire):
    """Context for the model, by the newer name of it."""

    role: Literal["developer"] = "developer"
    content: Content
    name: str | None = None


class UserMessage(Wire):
    """Message of the user: text, images, audio, video."""

    role: Literal["user"] = "user"
    content: Content
    name: str | None = None


class AssistantMessage(Wire):
    """Message of the model: text, calls of tools, or both."""

    role: Literal["assistant"] = "assistant"
    content: Content | None = None
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None


class ToolMessage(Wire):
    """Result of a tool call."""

    role: Literal["tool"] = "tool"
    content: Content
    tool_call_id: str
    name: str | None = None


Message: TypeAlias = UserMessage | AssistantMessage | SystemMessage | ToolMessage | DeveloperMessage
AnyMessage: TypeAlias = Message | Mapping[str, Any]
Messages: TypeAlias = Sequence[AnyMessage]
