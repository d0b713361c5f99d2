"""Tool calls in responses: streamed pieces as events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fondaco.domain.chat.events import ChatEvent, ToolPart
from fondaco.domain.chat.opaque import RawJson
from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.openai.reply.shapes import MalformedReplyError, list_at, object_at

_NO_ARGUMENTS = ("null", "[]")
"""Values that some engines send instead of `{}`."""
_LONGEST_HELD = 64
"""Characters of arguments held back while they may mean "none"; longer whitespace is passed on, and so counted."""
_LONGEST_NAME = 256
"""Characters of a function's name. Requests may name none of more than 64."""
_MOST_CALLS = 512
"""Calls of one choice, as each piece is searched among them."""


@dataclass(slots=True)
class _Call:
    number: int
    position: int | None
    """The index that the engine gave."""
    id: str
    name: str
    name_pending: bool = True
    """Whether the name is incomplete and not yet emitted."""
    pieces: list[str] = field(default_factory=list)
    started: bool = False
    """Whether non-empty arguments have arrived."""
    held: str = ""
    """The start of its arguments, while it may mean "none"."""
    tokens: int = 0
    """Those of the pieces whose name is not emitted yet."""
    opaque: RawJson | None = None
    """Its opaque fields that are not emitted yet."""

    @property
    def complete(self) -> bool:
        """Whether its arguments are complete JSON."""
        if not self.started:
            return self.held.strip() in _NO_ARGUMENTS
        if not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(orjson.loads("".join(self.pieces)), dict)
        except orjson.JSONDecodeError:
            return False

    def take(self, arguments: str) -> str:
        """Take the next piece of arguments, and return the text to emit."""
        if self.started:
            return arguments
        started = self.held + arguments
        if len(started) <= _LONGEST_HELD and any(
            word.startswith(started.strip()) for word in _NO_ARGUMENTS
        ):
            self.held = started
            return ""
        self.held, self.started = "", True
        return started


class ToolReader:
    """Reads the tool calls of one choice, however its engine numbers, names and splits them.

    A call's name is emitted once its arguments begin, as some engines send it in pieces. If one call was
    requested, further ones are dropped.
    """

    __slots__ = ("_calls", "_choice", "_names", "_parallel")

    def __init__(self, choice: int, tool_options: ToolOptions | None) -> None:
        self._calls: list[_Call] = []
        self._choice = choice
        self._names = (
            frozenset(tool.name for tool in tool_options.tools)
            if tool_options
            else frozenset[str]()
        )
        self._parallel = tool_options is None or tool_options.parallel

    def read(
        self,
        calls: Sequence[Mapping[str, Any]],
        tokens: int,
        opaque_fields: Sequence[RawJson | None] = (),
    ) -> list[ToolPart]:
        """Return the events of the calls in a delta or a message.

        Args:
            calls: those of `calls_of`.
            tokens: the number of tokens of the delta or message.
            opaque_fields: of each call; empty if none has any.

        Raises:
            MalformedReplyError: one is not a function call.
        """
        events: list[ToolPart] = []
        now: list[_Call] = []
        for number, piece in enumerate(calls):
            if piece.get("type") not in (None, "", "function"):
                # A tuple, as the type may be unhashable.
                raise MalformedReplyError
            function = object_at(piece.get("function") or {})
            name, arguments = (
                _text(function.get("name") or ""),
                _arguments(function.get("arguments")),
            )
            call = self._call_of(piece, name, arguments, now, events)
            now.append(call)
            call.tokens += tokens
            tokens = 0
            arguments = call.take(arguments)
            if opaque_fields and (fields := opaque_fields[number]):
                call.opaque = {**(call.opaque or {}), **fields}
            if (
                arguments
                or (call.opaque and not call.name_pending)
                or (call.name in self._names and not self._may_grow(call.name))
            ):
                self._emit(call, arguments, events)
        return events

    def end(self, *, cut: bool) -> list[ToolPart]:
        """Emit what is pending; arguments may be incomplete if the answer was `cut`."""
        events: list[ToolPart] = []
        for call in self._calls:
            if not (cut or call.started) and call.held.strip() in ("", *_NO_ARGUMENTS):
                self._emit(call, "{}", events)  # some engines omit empty arguments
            elif call.name_pending or call.held:
                self._emit(call, call.held, events)
        return events

    def _call_of(
        self,
        piece: Mapping[str, Any],
        name: str,
        arguments: str,
        now: list[_Call],
        events: list[ToolPart],
    ) -> _Call:
        """Return the call that a piece belongs to, its name extended by the piece's."""
        position, call_id = whole(piece.get("index")), _id(piece.get("id"))
        call = next(
            (c for c in reversed(self._calls) if position is None or c.position == position), None
        )
        again = position is None and call in now
        if call is None or _another(call, name, call_id, arguments, again=again):
            if not name:
                raise MalformedReplyError
            return self._begin(position, call_id, name, events)
        call.id = call.id or call_id if call.name_pending else call.id
        if name and call.name_pending and name != call.name:
            call.name = _name(call.name + name)
        return call

    def _begin(
        self, position: int | None, call_id: str, name: str, events: list[ToolPart]
    ) -> _Call:
        if self._calls and self._calls[-1].name_pending:
            self._emit(self._calls[-1], "", events)
        if any(call.id == call_id for call in self._calls):
            call_id = ""  # with a shared id, the calls' results could not be told apart
        if len(self._calls) == _MOST_CALLS:
            raise MalformedReplyError
        call = _Call(len(self._calls), position, call_id, _name(name))
        self._calls.append(call)
        return call

    def _emit(self, call: _Call, arguments: str, events: list[ToolPart]) -> None:
        name_pending = call.name_pending
        if arguments:
            call.pieces.append(arguments)
        if not name_pending and not arguments and not call.opaque:
            return
        tokens, call.tokens, call.name_pending = call.tokens, 0, False
        fields, call.opaque = call.opaque, None
        if call.number and not self._parallel:
            return
        name, call_id = (call.name, call.id) if name_pending else ("", "")
        events.append(ToolPart(self._choice, call.number, arguments, tokens, name, call_id, fields))

    def _may_grow(self, name: str) -> bool:
        """Whether a name is a prefix of another function's."""
        return any(other != name and other.startswith(name) for other in self._names)


def calls_of(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the calls of a delta or message: a list, a single one, or the older `function_call`.

    Raises:
        MalformedReplyError: they are something else.
    """
    calls = message.get("tool_calls")
    if not calls:
        old = message.get("function_call")
        return ({"index": 0, "function": old},) if old else ()
    return (calls,) if isinstance(calls, dict) else [object_at(call) for call in list_at(calls)]


def joined(events: list[ChatEvent], part: ToolPart) -> None:
    """Add a part of a call to events; to the last of them, where that is the same call's."""
    match events[-1] if events else None:
        case ToolPart(choice, index, before, tokens, name, call_id, fields) if (
            choice == part.choice and index == part.index
        ):
            arguments, tokens = before + part.arguments, tokens + part.tokens
            if part.opaque is not None:
                fields = {**(fields or {}), **part.opaque}
            events[-1] = ToolPart(choice, index, arguments, tokens, name, call_id, fields)
        case _:
            events.append(part)


def _another(call: _Call, name: str, call_id: str, arguments: str, *, again: bool) -> bool:
    """Whether a piece that seems to belong to a call starts another one.

    Engines differ: some give every call the index 0, some give none, some repeat name and id in each
    piece, some have no ids at all, some give all calls the same.
    """
    if not name:
        return False
    if call_id and call.id and call_id != call.id:
        return True
    is_complete = call.complete and (bool(arguments.strip()) or not call_id)
    return again or is_complete or (not call.name_pending and name != call.name)


def _name(name: str) -> str:
    """Return a function's name if its length is acceptable.

    Raises:
        MalformedReplyError: it is too long.
    """
    if len(name) > _LONGEST_NAME:
        raise MalformedReplyError
    return name


def _id(value: object) -> str:
    """Return the id of a call; a number becomes text, other types are dropped."""
    if isinstance(value, str):
        return value
    number = whole(value)
    return "" if number is None else str(number)


def _arguments(value: object) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, dict):
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError as error:  # nested too deeply, or a number too large
            raise MalformedReplyError from error
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise MalformedReplyError
