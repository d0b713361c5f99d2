"""Messages of a conversation, as POST /chat/completions takes them.

Source: POST /chat/completions, `messages`.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from fondaco.domain.chat import Message, Role, ToolUse
from fondaco.http.schemas.fields import Open


class TextPart(Open):
    """A piece of text."""

    type: Literal["text"]
    text: str = Field(min_length=1, description="The prompt text of the message.")


class ImageUrl(Open):
    """Where an image is."""

    url: str = Field(description="A data URL with a base64 encoded image, or a public URL.")


class ImagePart(Open):
    """An image; refused by models without vision."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part: TypeAlias = Annotated[TextPart | ImagePart, Field(discriminator="type")]
Texts: TypeAlias = str | list[TextPart]


class SystemMessage(Open):
    """Context for the model."""

    role: Literal["system", "developer"]
    content: Texts
    name: str | None = None


class UserMessage(Open):
    """Input of the user."""

    role: Literal["user"]
    content: str | list[Part]
    name: str | None = None


class CalledFunction(Open):
    """A function with the arguments that the model chose."""

    name: str
    arguments: str = Field(description="JSON text.")


class CalledTool(Open):
    """A tool call of an earlier answer."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class AssistantMessage(Open):
    """An earlier answer of the model: content, tool calls, or both."""

    role: Literal["assistant"]
    content: Texts | None = None
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[CalledTool] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "AssistantMessage":
        if self.content is None and not self.tool_calls:
            raise ValueError("An assistant message must have either content or tool_calls.")
        return self


class ToolMessage(Open):
    """The result of a tool call."""

    role: Literal["tool"]
    content: Texts
    tool_call_id: str
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[Any] | None = None


ChatMessage: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,  # the newer name of the same thing
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}


def has_images(messages: list[ChatMessage]) -> bool:
    """Whether any message carries an image."""
    return any(
        part.type == "image_url"
        for message in messages
        if isinstance(message.content, list)
        for part in message.content
    )


def to_domain(message: ChatMessage) -> Message:
    """Return the message in the words of the domain; its images must have been refused before."""
    content: str | tuple[str, ...] | None
    if isinstance(message.content, list):
        content = tuple(part.text for part in message.content if part.type == "text")
    else:
        content = message.content
    # By the role, not the class: pydantic's classes are slow to ask for their instances.
    if message.role == "assistant":
        return Message(
            Role.ASSISTANT,
            content,
            name=message.name,
            tool_calls=tuple(
                ToolUse(call.id, call.function.name, call.function.arguments)
                for call in message.tool_calls or ()
            ),
            reasoning=message.reasoning_content,
        )
    if message.role == "tool":
        return Message(Role.TOOL, content, name=message.name, tool_call_id=message.tool_call_id)
    return Message(_ROLES[message.role], content, name=message.name)
