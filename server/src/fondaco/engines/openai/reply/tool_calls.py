"""Tool calls in responses: streamed pieces as events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fondaco.domain.chat.events import ChatEvent, ToolPart
from fondaco.domain.chat.opaque import RawJson
from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.untrusted_numbers import whole

_NO_ARGUMENTS = ("null", "[]")
"""What some engines send in place of `{}`."""
_LONGEST_HELD = 64
"""Characters of arguments that may still turn out to be none: blanks without end are told, and so counted."""
_LONGEST_NAME = 256
"""Characters of a function's name. Requests may name none of more than 64."""
_MOST_CALLS = 512
"""Of one choice: each piece of a call is looked up among all of them."""


@dataclass(slots=True)
class _Call:
    number: int
    place: int | None
    """Where the engine says that it stands."""
    id: str
    name: str
    untold: bool = True
    """Whether its name may still grow."""
    pieces: list[str] = field(default_factory=list)
    begun: bool = False
    """Whether arguments have come that say something."""
    held: str = ""
    """The beginning of its arguments, where it may turn out to be a word for none."""
    tokens: int = 0
    """Those that its untold name came with."""
    opaque: RawJson | None = None
    """Its opaque fields that are untold."""

    @property
    def whole(self) -> bool:
        """Whether its arguments are all there."""
        if not self.begun:
            return self.held.strip() in _NO_ARGUMENTS
        if not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(orjson.loads("".join(self.pieces)), dict)
        except orjson.JSONDecodeError:
            return False

    def take(self, arguments: str) -> str:
        """Return what is to be told of its arguments, as the next piece of them has come."""
        if self.begun:
            return arguments
        begun = self.held + arguments
        if len(begun) <= _LONGEST_HELD and any(
            word.startswith(begun.strip()) for word in _NO_ARGUMENTS
        ):
            self.held = begun
            return ""
        self.held, self.begun = "", True
        return begun


class ToolReader:
    """The calls of functions in one choice, however its engine numbers, names and cuts them.

    A call's name is told once its arguments begin, as some engines spell it out in pieces. An engine
    that makes several calls where one was wanted is held to its first.
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
        self, said: Mapping[str, Any], tokens: int, told: Sequence[RawJson | None] = ()
    ) -> list[ToolPart]:
        """Return what a delta or a whole message says of calls.

        Args:
            said: the delta or message.
            tokens: it stands for so many.
            told: the opaque fields of each of its calls; empty: none has any.

        Raises:
            ValueError, TypeError, AttributeError: it is no call of a function.
        """
        given: Sequence[Mapping[str, Any]] = said.get("tool_calls") or ()
        if isinstance(given, dict):
            given = (given,)
        if not given and (old := said.get("function_call")):
            given = ({"index": 0, "function": old},)
        events: list[ToolPart] = []
        now: list[_Call] = []
        for number, one in enumerate(given):
            if one.get("type") not in {None, "", "function"}:
                raise ValueError
            function = one.get("function") or {}
            name, arguments = function.get("name") or "", _arguments(function.get("arguments"))
            call = self._meant(one, name, arguments, now, events)
            now.append(call)
            call.tokens += tokens
            tokens = 0
            arguments = call.take(arguments)
            if told and (fields := told[number]):
                call.opaque = {**(call.opaque or {}), **fields}
            if (
                arguments
                or (call.opaque and not call.untold)
                or (call.name in self._names and not self._grows(call.name))
            ):
                self._tell(call, arguments, events)
        return events

    def end(self, *, cut: bool) -> list[ToolPart]:
        """Return what is untold; arguments may lack their end where the answer was `cut`."""
        events: list[ToolPart] = []
        for call in self._calls:
            if not (cut or call.begun) and call.held.strip() in ("", *_NO_ARGUMENTS):
                self._tell(call, "{}", events)  # some engines say nothing of no arguments
            elif call.untold or call.held:
                self._tell(call, call.held, events)
        return events

    def _meant(
        self,
        one: Mapping[str, Any],
        name: object,
        arguments: str,
        now: list[_Call],
        events: list[ToolPart],
    ) -> _Call:
        """Return the call that a piece belongs to, as it is known with the piece's name."""
        place, named = whole(one.get("index")), _id(one.get("id"))
        if not isinstance(name, str):
            raise TypeError
        call = next((c for c in reversed(self._calls) if place is None or c.place == place), None)
        again = place is None and call in now
        if call is None or _another(call, name, named, arguments, again=again):
            if not name:
                raise ValueError
            return self._begin(place, named, name, events)
        call.id = call.id or named if call.untold else call.id
        if name and call.untold and name != call.name:
            call.name = _name(call.name + name)
        return call

    def _begin(self, place: int | None, named: str, name: str, events: list[ToolPart]) -> _Call:
        if self._calls and self._calls[-1].untold:
            self._tell(self._calls[-1], "", events)
        if any(call.id == named for call in self._calls):
            named = ""  # two calls cannot share an id: their results would
        if len(self._calls) == _MOST_CALLS:
            raise ValueError
        call = _Call(len(self._calls), place, named, _name(name))
        self._calls.append(call)
        return call

    def _tell(self, call: _Call, arguments: str, events: list[ToolPart]) -> None:
        untold = call.untold
        if arguments:
            call.pieces.append(arguments)
        if not untold and not arguments and not call.opaque:
            return
        tokens, call.tokens, call.untold = call.tokens, 0, False
        fields, call.opaque = call.opaque, None
        if call.number and not self._parallel:
            return
        name, named = (call.name, call.id) if untold else ("", "")
        events.append(ToolPart(self._choice, call.number, arguments, tokens, name, named, fields))

    def _grows(self, name: str) -> bool:
        """Whether a name may be the beginning of another one."""
        return any(other != name and other.startswith(name) for other in self._names)


def joined(events: list[ChatEvent], part: ToolPart) -> None:
    """Add a part of a call to events; to the last of them, where that is the same call's."""
    match events[-1] if events else None:
        case ToolPart(choice, index, before, tokens, name, named, fields) if (
            choice == part.choice and index == part.index
        ):
            arguments, tokens = before + part.arguments, tokens + part.tokens
            if part.opaque is not None:
                fields = {**(fields or {}), **part.opaque}
            events[-1] = ToolPart(choice, index, arguments, tokens, name, named, fields)
        case _:
            events.append(part)


def _another(call: _Call, name: str, named: str, arguments: str, *, again: bool) -> bool:
    """Whether a piece that seems to be of a call begins another one.

    Engines differ: some give every call the index 0, some give none, some repeat name and id in each
    piece, some have no ids at all, some give all calls the same.
    """
    if not name:
        return False
    if named and call.id and named != call.id:
        return True
    ended = call.whole and (bool(arguments.strip()) or not named)
    return again or ended or (not call.untold and name != call.name)


def _name(spelled: str) -> str:
    """Return a function's name, as far as it is known.

    Raises:
        ValueError: no function has one so long.
    """
    if len(spelled) > _LONGEST_NAME:
        raise ValueError
    return spelled


def _id(given: object) -> str:
    """Return the id of a call; one that is no text is spelled as one, if it can be."""
    if isinstance(given, str):
        return given
    number = whole(given)
    return "" if number is None else str(number)


def _arguments(given: object) -> str:
    if given is None or given == []:
        return ""
    if isinstance(given, dict):
        return orjson.dumps(given).decode()
    if not isinstance(given, str):
        raise TypeError
    return given
