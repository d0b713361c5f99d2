"""Messages of a conversation, as POST /chat/completions takes them.

Source: POST /chat/completions, `messages`.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from fondaco.domain.chat import Message, Role, ToolUse
from fondaco.http.schemas.fields import Many, Open
from fondaco.http.schemas.parts import Part, Texts, to_parts


class SystemMessage(Open):
    """Context for the model."""

    role: Literal["system", "developer"]
    content: Texts
    name: str | None = None


class UserMessage(Open):
    """Input of the user."""

    role: Literal["user"]
    content: str | Many[Part]
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


class ReasoningDetail(Open):
    """A piece of an earlier answer's reasoning, as some models' APIs report it."""

    type: str
    text: str | None = None
    data: str | None = Field(None, description="A signature or a cipher; no engine takes it back.")
    format: str | None = None
    id: str | None = None
    index: int | None = None


class AssistantMessage(Open):
    """An earlier answer of the model: content, tool calls, or both."""

    role: Literal["assistant"]
    content: Texts | None = None
    name: str | None = None
    reasoning_content: str | None = None
    reasoning_details: Many[ReasoningDetail] | None = Field(
        None, description="Their text counts where there is no reasoning_content."
    )
    tool_calls: Many[CalledTool] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "AssistantMessage":
        if self.content is None and not self.tool_calls:
            raise ValueError("An assistant message must have either content or tool_calls.")
        return self

    @property
    def reasoning(self) -> str | None:
        """What the model thought, however it is told."""
        if self.reasoning_content is not None or not self.reasoning_details:
            return self.reasoning_content
        return "".join(detail.text or "" for detail in self.reasoning_details) or None


class ToolMessage(Open):
    """The result of a tool call."""

    role: Literal["tool"]
    content: Texts
    tool_call_id: str
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: Annotated[list[Any], Field(max_length=0)] | None = Field(
        None, description="None: it answers a call and makes no other one."
    )


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


def has_parts(messages: Iterable[ChatMessage]) -> bool:
    """Whether any message consists of parts: its content, or its reasoning.

    Asked for every call: a loop takes a third of what `any` and a generator take.
    """
    for message in messages:
        if message.content.__class__ is list:
            return True
        if message.role == "assistant" and message.reasoning_details:
            return True
    return False


def has_media(messages: Iterable[ChatMessage]) -> bool:
    """Whether any part is none of text."""
    return any(part.type != "text" for part in _parts(messages))


def has_cache_control(messages: Iterable[ChatMessage]) -> bool:
    """Whether any part carries a hint for prompt caches."""
    return any(part.cache_control is not None for part in _parts(messages))


def has_signatures(messages: Iterable[ChatMessage]) -> bool:
    """Whether reasoning comes with more than its text, which no engine takes back."""
    return any(
        not detail.model_fields_set <= {"type", "text"}
        for message in messages
        if message.role == "assistant"
        for detail in message.reasoning_details or ()
    )


def to_domain(message: ChatMessage, place: int) -> Message:
    """Return the message, the one of the number `place`, in the words of the domain."""
    said = message.content
    content = to_parts(said, f"messages.{place}.content") if isinstance(said, list) else said
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
            reasoning=message.reasoning,
        )
    if message.role == "tool":
        return Message(
            Role.TOOL,
            content,
            name=message.name,
            tool_call_id=message.tool_call_id,
            reasoning=message.reasoning_content,
        )
    return Message(_ROLES[message.role], content, name=message.name)


def _parts(messages: Iterable[ChatMessage]) -> Iterator[Part]:
    for message in messages:
        if isinstance(message.content, list):
            yield from message.content
