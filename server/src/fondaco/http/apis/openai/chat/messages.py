"""Messages of a conversation, as POST /chat/completions takes them.

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
"""What an engine gave, and wants back as it was."""


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
    extra_content: OpaqueObject | None = Field(
        None, description="As the answer had it: Gemini's thought signatures."
    )
    provider_specific_fields: OpaqueObject | None = Field(None, description="As the answer had it.")
    thought_signature: str | None = Field(None, description="As the answer had it.")


_DETAIL: JsonDict = {
    "type": "object",
    # Without types: a detail passes as its engine gave it, whatever that engine puts there.
    "properties": {
        "type": {"description": "Such as reasoning.text or reasoning.encrypted."},
        "text": {"description": "A thought."},
        "data": {"description": "A signature or a cipher."},
        "format": {"description": "Of the data."},
        "id": {"description": "Of the detail."},
        "index": {"description": "Its place."},
    },
}
ReasoningDetail: TypeAlias = Annotated[OpaqueObject, WithJsonSchema(_DETAIL)]
"""A piece of an earlier answer's reasoning; members that OpenAPI does not show pass as well."""


class RefusalPart(Open):
    """What the model said in place of an answer."""

    type: Literal["refusal"]
    refusal: str


class ThinkingPart(Untouched):
    """A block of the model's thoughts, with its signature."""

    type: Literal["thinking", "redacted_thinking"]


AssistantPart: TypeAlias = Annotated[
    TextPart | RefusalPart | ThinkingPart, Field(discriminator="type")
]


class AssistantMessage(Open):
    """An earlier answer of the model: content, tool calls, thoughts, a refusal, or some of them."""

    role: Literal["assistant"]
    content: str | Many[AssistantPart] | None = None
    name: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = Field(None, description="Another name of reasoning_content.")
    reasoning_details: Many[ReasoningDetail] | None = Field(
        None,
        description="As the answer had them. To engines that do not take them, their text is "
        "reasoning_content, where there is none.",
    )
    thinking_blocks: Many[OpaqueObject] | None = Field(None, description="As the answer had them.")
    extra_content: OpaqueObject | None = Field(None, description="As the answer had it.")
    provider_specific_fields: OpaqueObject | None = Field(None, description="As the answer had it.")
    reasoning_opaque: str | None = Field(None, description="As the answer had it.")
    refusal: str | None = Field(None, description="What the model said in place of an answer.")
    tool_calls: Many[CalledTool] | None = None
    prefix: bool | None = Field(
        None, description="Of the last message: the answer goes on with it, where an engine can."
    )

    @model_validator(mode="after")
    def _says_something(self) -> "AssistantMessage":
        # An answer of thoughts alone comes back with `content: null`; so do some that said nothing.
        if self.model_fields_set.isdisjoint(_SAYING):
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
        None, description="None: it answers a call and makes no other one."
    )


_SAYING = frozenset({"content", "tool_calls", "reasoning_content", "reasoning", *RETURNED})
ChatMessage: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]

_NO_OPTIONS = frozenset({"role", "content", "name", "reasoning_content"})
_WORDS = frozenset({"type", "text", "thinking"})
_MEDIA = frozenset({"image_url", "input_audio", "video_url"})
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,  # the newer name of the same thing
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}


def has_parts(messages: Iterable[ChatMessage]) -> bool:
    """Whether any message has more than a text and calls: parts, or what only some engines take.

    Asked for every call: a loop takes a third of what `any` and a generator take.
    """
    for message in messages:
        if message.content.__class__ is list:
            return True
        if message.role == "assistant" and not message.model_fields_set <= _NO_OPTIONS:
            return True
    return False


def hints_of(messages: Sequence[ChatMessage]) -> dict[str, object]:
    """Return what messages have that means something to some engines only: its path -> True.

    False stands where it has a place that means nothing to any engine.
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
        if _is_opaque(name, getattr(message, name)):
            yield f"messages.{name}"
    for call in message.tool_calls or ():
        for name in sorted(CALLED & call.model_fields_set):
            if getattr(call, name):
                yield f"messages.tool_calls.{name}"


def _is_opaque(name: str, value: object) -> bool:
    """Whether a field of an answer has more than words, which any engine can be told."""
    if not value or name == "refusal":
        return False
    blocks = value if isinstance(value, list) and name in READABLE else None
    return blocks is None or any(not block.keys() <= _WORDS for block in blocks)


def has_media(messages: Iterable[ChatMessage]) -> bool:
    """Whether any part is an image, a sound or a film."""
    return any(part.type in _MEDIA for part in _parts(messages))


def to_domain(message: ChatMessage, place: int) -> Message:
    """Return the message, the one of the number `place`, in the words of the domain."""
    # By the role, not the class: pydantic's classes are slow to ask for their instances.
    if message.role == "assistant":
        return _answer(message, place)
    said = message.content
    content = to_parts(said, f"messages.{place}.content") if isinstance(said, list) else said
    if message.role == "tool":
        return Message(
            Role.TOOL,
            content,
            name=message.name,
            tool_call_id=message.tool_call_id,
            reasoning=message.reasoning_content,
        )
    return Message(_ROLES[message.role], content, name=message.name)


def _answer(message: AssistantMessage, place: int) -> Message:
    """Return an earlier answer; one that said nothing has an empty text, as engines take no null."""
    said, given = message.content, message.model_fields_set
    opaque = None if given.isdisjoint(RETURNED) else _returned(message, RETURNED)
    content: str | tuple[domain.Part, ...] | None = None
    if said.__class__ is str:
        content = said
    elif isinstance(said, list):
        texts = [part for part in said if part.type == "text"]
        content = to_parts(texts, f"messages.{place}.content") or ""
        if len(texts) < len(said):
            opaque = {**_wordless(said), **(opaque or {})}
    elif not message.tool_calls:
        content = ""
    thought = message.reasoning if message.reasoning_content is None else message.reasoning_content
    return Message(
        Role.ASSISTANT,
        content,
        name=message.name,
        tool_calls=tuple([_use(call) for call in message.tool_calls or ()]),
        reasoning=thought,
        opaque=opaque,
    )


def _use(call: CalledTool) -> ToolUse:
    name, arguments = call.function.name, call.function.arguments
    if call.model_fields_set.isdisjoint(CALLED):
        return ToolUse(call.id, name, arguments)
    return ToolUse(call.id, name, arguments, _returned(call, CALLED))


def _returned(
    given: AssistantMessage | CalledTool, names: Iterable[str]
) -> dict[str, object] | None:
    """Return what an engine is given back, in the order in which it came."""
    found = {name: value for name, value in given.__dict__.items() if name in names and value}
    return found or None


def _wordless(parts: Iterable[AssistantPart]) -> dict[str, object]:
    """Return parts of an answer other than text, by the names that they have as fields of a message."""
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    blocks = [part.model_dump() for part in parts if part.type in {"thinking", "redacted_thinking"}]
    fields: dict[str, object] = {"refusal": "".join(refusals), "thinking_blocks": blocks}
    return {name: value for name, value in fields.items() if value}


def _parts(messages: Iterable[ChatMessage]) -> Iterator[Part | AssistantPart]:
    for message in messages:
        if isinstance(message.content, list):
            yield from message.content
