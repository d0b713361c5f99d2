"""Opaque fields of replies: their JSON as it came, whole again where a stream sent it in pieces."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from fondaco.domain.opaque import ANSWERED, CALLED, SHOWN, Spelled, is_shallow

_GROWING = {"reasoning.text": "text", "reasoning.summary": "summary", "thinking": "thinking"}
"""Type of a block -> the member that a stream sends piece by piece; others stay or are replaced."""


PASSED = ANSWERED | SHOWN
"""Names of the fields of a message or delta that are passed on."""


class _Number(str):
    """A number as it was spelled."""

    __slots__ = ()


def _exact(text: str | bytes) -> Any:
    """Return the value of a JSON text, in which each number keeps its spelling.

    Raises:
        ValueError, RecursionError: it is no JSON, or too deep.
    """
    return json.loads(text, parse_int=_Number, parse_float=_Number)


def _as_spelled(number: object) -> orjson.Fragment:
    return orjson.Fragment(str(number))


def _dumped(value: object) -> str:
    """Return a value that `_exact` read as JSON.

    Raises:
        orjson.JSONEncodeError: it has a text that is no UTF-8.
    """
    return orjson.dumps(value, _as_spelled, orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def of_message(said: Mapping[str, Any], payload: bytes, place: int) -> Spelled | None:
    """Return the opaque fields of a message or delta, if it has any.

    Args:
        said: the message, as a parser read it.
        payload: the chunk or reply that it is part of.
        place: of its choice, among those of the chunk.
    """
    if PASSED.isdisjoint(said):
        return None
    return _spelled(said, _again(payload, place), PASSED)


def of_calls(
    calls: Iterable[Mapping[str, Any]], payload: bytes, place: int
) -> Sequence[Spelled | None]:
    """Return the opaque fields of each call of a message; nothing at all where none has any."""
    given = list(calls)
    if all(CALLED.isdisjoint(call) for call in given):
        return ()
    again = _again(payload, place).get("tool_calls")
    twins = again if isinstance(again, list) and len(again) == len(given) else given
    return [_spelled(call, twin, CALLED) for call, twin in zip(given, twins, strict=True)]


def folded(pieces: Sequence[str]) -> str:
    """Return one field out of the pieces that a stream sent of it; a single one stays as it is.

    Lists are joined, and blocks of reasoning whose text came in pieces become one again: a signature
    holds for the whole text. Of objects the members are put together; of anything else the last counts.

    >>> folded(['[{"type":"thinking","thinking":"A"}]', '[{"type":"thinking","signature":"x"}]'])
    '[{"type":"thinking","thinking":"A","signature":"x"}]'
    """
    if len(pieces) == 1:
        return pieces[0]
    whole: object = None
    for piece in map(_exact, pieces):
        if isinstance(piece, list):
            blocks = whole if isinstance(whole, list) else []
            for block in piece:
                _add(blocks, block)
            whole = blocks
        elif isinstance(piece, dict) and isinstance(whole, dict):
            whole |= piece
        elif piece is not None:
            whole = piece
    return _dumped(whole)


def _spelled(
    given: Mapping[str, Any], twin: Mapping[str, Any], names: frozenset[str]
) -> Spelled | None:
    """Return the fields of those names that say something, as JSON."""
    fields = {
        name: text
        for name, value in given.items()
        if name in names and value and is_shallow(value)
        for text in _text(twin.get(name, value))
    }
    return fields or None


def _text(value: object) -> Iterator[str]:
    """Yield a value as JSON; nothing where UTF-8 cannot carry it."""
    try:
        yield _dumped(value)
    except orjson.JSONEncodeError:
        return


def _again(payload: bytes, place: int) -> Mapping[str, Any]:
    """Return a message, read once more so that its numbers stay; empty where it cannot be."""
    try:
        choice = _exact(payload)["choices"][place]
    except (ValueError, RecursionError, LookupError, TypeError):
        return {}
    said = choice.get("delta") or choice.get("message")
    return said if isinstance(said, dict) else {}


def _add(blocks: list[object], block: object) -> None:
    """Add a block to a list, or to the last one there if it goes on with that."""
    last = blocks[-1] if blocks else None
    if not (isinstance(last, dict) and isinstance(block, dict) and _goes_on(last, block)):
        blocks.append(block)
        return
    growing = _GROWING[last["type"]]
    for name, value in block.items():
        before = last.get(name)
        if name == growing and before.__class__ is str and value.__class__ is str:
            last[name] = before + value
        elif value is not None:
            last[name] = value


def _goes_on(last: dict[str, Any], block: dict[str, Any]) -> bool:
    """Whether a block is a further piece of the last one: of its type and place, and before its end."""
    if block.get("type") != last.get("type") or last.get("type") not in _GROWING:
        return False
    if (place := last.get("index")) != block.get("index"):
        return False
    return place is not None or not last.get("signature")
