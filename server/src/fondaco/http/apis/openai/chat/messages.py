"""Messages of a conversation, and their conversion to the domain.

Source: POST /chat/completions, `messages`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, WithJsonSchema, model_validator
from pydantic.config import JsonDict

from fondaco.domain.chat import message as domain
from fondaco.domain.chat.message import CACHE_CONTROL, PREFIX, Message, Role, ToolUse
from fondaco.domain.chat.opaque import CALLED, READABLE, RETURNED
from fondaco.http.apis.openai.chat.parts import Part, TextPart, Texts, to_parts
from fondaco.http.endpoint.fields import Many, Open, Untouched

OpaqueObject: TypeAlias = dict[str, Any]
"""An object that an engine produced, and that must return to it unchanged."""


class SystemMessage(Open):
    """Instructions for the model."""

    role: Literal["system", "developer"]
    content: Texts
    name: str | None = None


class UserMessage(Open):
    """A message of the user."""

    role: Literal["user"]
    content: str | Many[Part]
    name: str | None = None


class CalledFunction(Open):
    """A function with the arguments that the model chose."""

    name: str
    arguments: str = Field(description="JSON text.")


class CalledTool(Open):
    """A tool call of an earlier response."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction
    extra_content: OpaqueObject | None = Field(
        None, description="As received; Gemini's thought signatures are in it."
    )
    provider_specific_fields: OpaqueObject | None = Field(None, description="As received.")
    thought_signature: str | None = Field(None, description="As received.")


_DETAIL: JsonDict = {
    "type": "object",
    # Untyped, since engines' details pass through unchanged.
    "properties": {
        "type": {"description": "`reasoning.text`, `reasoning.encrypted` or the like."},
        "text": {"description": "Reasoning text."},
        "data": {"description": "A signature or encrypted reasoning."},
        "format": {"description": "Format of the data."},
        "id": {"description": "Id of the detail."},
        "index": {"description": "Position of the detail."},
    },
}
ReasoningDetail: TypeAlias = Annotated[OpaqueObject, WithJsonSchema(_DETAIL)]
"""A piece of an earlier response's reasoning; fields that OpenAPI does not show are passed on, too."""


class RefusalPart(Open):
    """A refusal of the model."""

    type: Literal["refusal"]
    refusal: str


class ThinkingPart(Untouched):
    """A block of the model's reasoning, with its signature."""

    type: Literal["thinking", "redacted_thinking"]


AssistantPart: TypeAlias = Annotated[
    TextPart | RefusalPart | ThinkingPart, Field(discriminator="type")
]


class AssistantMessage(Open):
    """An earlier response of the model: content, tool calls, reasoning, a refusal, or several of them."""

    role: Literal["assistant"]
    content: str | Many[AssistantPart] | None = None
    name: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = Field(None, description="Alias of `reasoning_content`.")
    reasoning_details: Many[ReasoningDetail] | None = Field(
        None,
        description="As received. Engines that do not support them get their text as "
        "`reasoning_content`, unless that is given, too.",
    )
    thinking_blocks: Many[OpaqueObject] | None = Field(None, description="As received.")
    extra_content: OpaqueObject | None = Field(None, description="As received.")
    provider_specific_fields: OpaqueObject | None = Field(None, description="As received.")
    reasoning_opaque: str | None = Field(None, description="As received.")
    refusal: str | None = Field(None, description="The refusal, where the model refused to answer.")
    tool_calls: Many[CalledTool] | None = None
    prefix: bool | None = Field(
        None,
        description="On the last message: the response continues it, where the engine supports that.",
    )

    @model_validator(mode="after")
    def _expect_content(self) -> "AssistantMessage":
        # Responses of reasoning alone, and some empty ones, come back with `content: null`.
        if self.model_fields_set.isdisjoint(_CONTENTFUL):
            raise ValueError("An assistant message must have either content or tool_calls.")
        return self


class ToolMessage(Open):
    """The result of a tool call."""

    role: Literal["tool"]
    content: Texts
    tool_call_id: str
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: Annotated[list[Any], Field(max_length=0)] | None = Field(
        None, description="Empty: a tool makes no calls."
    )


_CONTENTFUL = frozenset({"content", "tool_calls", "reasoning_content", "reasoning", *RETURNED})
ChatMessage: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]

_PLAIN_FIELDS = frozenset({"role", "content", "name", "reasoning_content"})
_WORDS = frozenset({"type", "text", "thinking"})
_MEDIA = frozenset({"image_url", "input_audio", "video_url"})
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,  # OpenAI's newer name for `system`
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}


def has_parts(messages: Iterable[ChatMessage]) -> bool:
    """Whether any message has more than text and tool calls: parts, or fields that few engines support.

    It runs for every call: a loop takes a third of the time of `any` and a generator.
    """
    for message in messages:
        if message.content.__class__ is list:
            return True
        if message.role == "assistant" and not message.model_fields_set <= _PLAIN_FIELDS:
            return True
    return False


def hints_of(messages: Sequence[ChatMessage]) -> dict[str, object]:
    """Return the fields of messages that only some engines support: path -> True.

    False stands for a field at a place where no engine supports it.
    """
    hints = dict[str, object]()
    for path, placed in _hinted(messages):
        hints[path] = placed and hints.get(path, True)
    return hints


def _hinted(messages: Sequence[ChatMessage]) -> Iterator[tuple[str, bool]]:
    for part in _parts(messages):
        if isinstance(part, RefusalPart | ThinkingPart):
            continue
        if part.cache_control is not None:
            yield CACHE_CONTROL, part.type == "text"
    for message in messages:
        if message.role == "assistant":
            for path in _opaque_paths(message):
                yield path, True
            if message.prefix:
                yield PREFIX, message is messages[-1]


def _opaque_paths(message: AssistantMessage) -> Iterator[str]:
    for name in sorted(RETURNED & message.model_fields_set):
        if is_opaque(name, getattr(message, name)):
            yield f"messages.{name}"
    for call in message.tool_calls or ():
        for name in sorted(CALLED & call.model_fields_set):
            if getattr(call, name):
                yield f"messages.tool_calls.{name}"


def is_opaque(name: str, value: object) -> bool:
    """Whether a field of `RETURNED` holds more than text, which any engine can be given."""
    if not value or name == "refusal":
        return False
    blocks = value if isinstance(value, list) and name in READABLE else None
    return blocks is None or any(not block.keys() <= _WORDS for block in blocks)


def has_media(messages: Iterable[ChatMessage]) -> bool:
    """Whether any part is an image, audio or video."""
    return any(part.type in _MEDIA for part in _parts(messages))


def to_domain(message: ChatMessage, index: int) -> Message:
    """Convert a message to the domain; `index` is its index in the request."""
    # By role, not by class: isinstance is slow on pydantic's classes.
    if message.role == "assistant":
        return _assistant_message(message, index)
    raw_content = message.content
    content = (
        to_parts(raw_content, f"messages.{index}.content")
        if isinstance(raw_content, list)
        else raw_content
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


def _assistant_message(message: AssistantMessage, index: int) -> Message:
    """Convert a response of the model; without content it has empty text, since engines refuse null."""
    sent, fields_set = message.content, message.model_fields_set
    opaque = None if fields_set.isdisjoint(RETURNED) else _returned(message, RETURNED)
    content: str | tuple[domain.Part, ...] | None = None
    if sent.__class__ is str:
        content = sent
    elif isinstance(sent, list):
        texts = [part for part in sent if part.type == "text"]
        content = to_parts(texts, f"messages.{index}.content") or ""
        if len(texts) < len(sent):
            opaque = {**_other_parts(sent), **(opaque or {})}
    elif not message.tool_calls:
        content = ""
    reasoning = (
        message.reasoning if message.reasoning_content is None else message.reasoning_content
    )
    return Message(
        Role.ASSISTANT,
        content,
        name=message.name,
        tool_calls=tuple([_use(call) for call in message.tool_calls or ()]),
        reasoning=reasoning,
        opaque=opaque,
    )


def _use(call: CalledTool) -> ToolUse:
    name, arguments = call.function.name, call.function.arguments
    if call.model_fields_set.isdisjoint(CALLED):
        return ToolUse(call.id, name, arguments)
    return ToolUse(call.id, name, arguments, _returned(call, CALLED))


def _returned(
    part: AssistantMessage | CalledTool, names: Iterable[str]
) -> dict[str, object] | None:
    """Return the opaque fields that go back to the engine, in the order of their arrival."""
    found = {name: value for name, value in part.__dict__.items() if name in names and value}
    return found or None


def _other_parts(parts: Iterable[AssistantPart]) -> dict[str, object]:
    """Return parts other than text, by the names of the message fields that mean the same."""
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    blocks = [part.model_dump() for part in parts if part.type in {"thinking", "redacted_thinking"}]
    fields: dict[str, object] = {"refusal": "".join(refusals), "thinking_blocks": blocks}
    return {name: value for name, value in fields.items() if value}


def _parts(messages: Iterable[ChatMessage]) -> Iterator[Part | AssistantPart]:
    for message in messages:
        if isinstance(message.content, list):
            yield from message.content
