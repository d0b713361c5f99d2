"""The conversation of a request: its items as messages of the domain.

Items that the model produced in one response, such as reasoning, text and calls, are one message there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from fondaco.domain.chat.message import Audio, Image, Message, Part, Role, ToolUse
from fondaco.domain.chat.opaque import merge
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.fast_init import fast_init
from fondaco.http.apis.openai.chat.messages import is_opaque
from fondaco.http.apis.openai.responses.request.input_items import (
    CallOutputItem,
    CustomCallItem,
    FunctionCallItem,
    Item,
    ItemPart,
    MessageItem,
    ReasoningItem,
    WebSearchItem,
)
from fondaco.http.apis.openai.responses.request.opaque_item import (
    OpaqueFields,
    OpaqueItem,
    unpacked,
)
from fondaco.http.apis.openai.responses.request.tool_names import ToolName

CUSTOM_INPUT = "input"
"""The argument of the function that stands for a custom tool."""
_ROLES = {"user": Role.USER, "system": Role.SYSTEM, "developer": Role.SYSTEM}
_FOREIGN = "input.encrypted_content"


@fast_init
@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a request."""

    messages: tuple[Message, ...]
    media: bool = False
    """Whether there are images or recordings."""
    hints: tuple[str, ...] = ()
    """The paths of opaque fields, which only some engines take."""
    ignored: tuple[str, ...] = ()
    """The paths of fields that mean nothing here."""


def conversation_of(given: str | Sequence[Item]) -> Conversation:
    """Return the conversation of a request's `input`.

    Raises:
        InvalidRequestError: a part is not for the role of its message.
    """
    if isinstance(given, str):
        return Conversation((Message(Role.USER, given),))
    if (plain := _plain(given)) is not None:
        return Conversation(plain)
    reader = _Reader()
    for place, item in enumerate(given):
        reader.take(item, place)
    return reader.conversation()


def _plain(given: Sequence[Item]) -> tuple[Message, ...] | None:
    """Return items that are texts of the user or the developer, as many are; None where others are among them."""
    messages: list[Message] = []
    for item in given:
        if item.__class__ is not MessageItem or item.content.__class__ is not str:
            return None
        role = _ROLES.get(item.role)
        if role is None:
            return None
        messages.append(Message(role, item.content))
    return tuple(messages)


@dataclass(slots=True)
class _Turn:
    """One response of the model, item by item."""

    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolUse] = field(default_factory=list)
    opaque: dict[str, object] = field(default_factory=dict)
    opaque_calls: dict[str, OpaqueFields] = field(default_factory=dict)

    @property
    def said(self) -> bool:
        """Whether it has words already."""
        return bool(self.texts or self.refusals)

    def add(self, given: OpaqueItem) -> None:
        """Add opaque fields to those that came before."""
        merge(self.opaque, given.message)
        self.opaque_calls.update(given.calls)

    def message(self) -> Message:
        """Return it as one message; without words it has empty text, unless it calls something."""
        opaque = dict(self.opaque)
        if self.refusals:
            opaque["refusal"] = "".join(self.refusals)
        content: str | tuple[Part, ...] | None = None if self.calls else ""
        if self.texts:
            content = self.texts[0] if len(self.texts) == 1 else tuple(self.texts)
        calls = [
            ToolUse(one.id, one.name, one.arguments, self.opaque_calls.get(one.id) or None)
            for one in self.calls
        ]
        return Message(
            Role.ASSISTANT,
            content,
            tool_calls=tuple(calls),
            reasoning="".join(self.reasoning) or None,
            opaque=opaque or None,
        )

    @property
    def hints(self) -> Iterable[str]:
        """The paths of opaque fields, as those of chat completions."""
        for name, value in self.opaque.items():
            if is_opaque(name, value):
                yield f"messages.{name}"
        for call in self.calls:
            for name in self.opaque_calls.get(call.id, ()):
                yield f"messages.tool_calls.{name}"


class _Reader:
    """Reads the items of a conversation in their order."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._turn: _Turn | None = None
        self._media = False
        self._hints: set[str] = set()
        self._ignored: set[str] = set()

    def conversation(self) -> Conversation:
        """Return what has been read."""
        self._end_turn()
        return Conversation(
            tuple(self._messages),
            self._media,
            tuple(sorted(self._hints)),
            tuple(sorted(self._ignored)),
        )

    def take(self, item: Item, place: int) -> None:
        """Read the item at a place of the input.

        Raises:
            InvalidRequestError: a part is not for the role of its message.
        """
        match item:
            case MessageItem(role="assistant"):
                self._said(item, f"input.{place}.content")
            case MessageItem():
                self._end_turn()
                role = _ROLES[item.role]
                self._messages.append(Message(role, self._content(item, f"input.{place}.content")))
            case FunctionCallItem():
                self._called(item, item.arguments)
            case CustomCallItem():
                self._called(item, orjson.dumps({CUSTOM_INPUT: item.input}).decode())
            case CallOutputItem():
                self._end_turn()
                self._messages.append(Message(Role.TOOL, _output(item), tool_call_id=item.call_id))
            case ReasoningItem():
                self._reasoned(item)
            case WebSearchItem():
                pass

    def _called(self, item: FunctionCallItem | CustomCallItem, arguments: str) -> None:
        name = ToolName(item.name, item.namespace).of_engine
        self._of_model().calls.append(ToolUse(item.call_id, name, arguments))

    def _of_model(self) -> _Turn:
        if self._turn is None:
            self._turn = _Turn()
        return self._turn

    def _end_turn(self) -> None:
        if self._turn is not None:
            self._hints.update(self._turn.hints)
            self._messages.append(self._turn.message())
            self._turn = None

    def _said(self, item: MessageItem, place: str) -> None:
        """Read a message of the model.

        It begins a turn where the one before has words and no calls: with calls, whose outputs are
        still to come, it belongs to them.
        """
        turn = self._of_model()
        if turn.said and not turn.calls:
            self._end_turn()
            turn = self._of_model()
        if isinstance(item.content, str):
            turn.texts.append(item.content)
            return
        for index, part in enumerate(item.content):
            match part.type:
                case "input_text" | "output_text":
                    turn.texts.append(part.text)
                case "refusal":
                    turn.refusals.append(part.refusal)
                case _:
                    raise _misplaced(part.type, "assistant", f"{place}.{index}")

    def _reasoned(self, item: ReasoningItem) -> None:
        """Read reasoning: it comes before the words and calls of its turn, opaque fields alone after them."""
        texts = [part.text for part in item.content or item.summary or ()]
        turn = self._of_model()
        if texts and turn.said and not turn.calls:
            self._end_turn()
            turn = self._of_model()
        turn.reasoning.extend(texts)
        if item.encrypted_content:
            if (opaque := unpacked(item.encrypted_content)) is None:
                self._ignored.add(_FOREIGN)
            else:
                turn.add(opaque)

    def _content(self, item: MessageItem, place: str) -> str | tuple[Part, ...]:
        given = item.content
        if isinstance(given, str):
            return given
        parts = [self._part(part, item.role, f"{place}.{i}") for i, part in enumerate(given)]
        return _content(parts)

    def _part(self, part: ItemPart, role: str, place: str) -> Part:
        match part.type:
            case "input_text" | "output_text":
                return part.text
            case "input_image" if role == "user":
                self._media = True
                detail = "high" if part.detail == "original" else part.detail
                return Image(part.image_url, detail, field_path=f"{place}.image_url")
            case "input_audio" if role == "user":
                self._media = True
                audio = part.input_audio
                return Audio(audio.data, audio.format, field_path=f"{place}.input_audio.data")
            case _:
                raise _misplaced(part.type, role, place)


def _output(item: CallOutputItem) -> str | tuple[Part, ...]:
    given = item.output
    if isinstance(given, str):
        return given
    return _content([part.text for part in given])


def _content(parts: Sequence[Part]) -> str | tuple[Part, ...]:
    """Return the content of a message: one text is no list, which some engines would not take."""
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return tuple(parts) or ""


def _misplaced(kind: str, role: str, place: str) -> InvalidRequestError:
    why = f"A message of the role {role!r} has no {kind!r}."
    return InvalidRequestError(
        f"{place}: {why} Put it in a message of another role.", faults={f"{place}.type": (why,)}
    )
