"""Lossless JSON: values whose numbers keep their spelling, and fields that a stream sent in pieces, merged."""

import json
from collections.abc import Sequence
from typing import Any

import orjson

_GROWING = {"reasoning.text": "text", "reasoning.summary": "summary", "thinking": "thinking"}
"""Type of a block -> the member that a stream sends piece by piece; others stay or are replaced."""


class _Number(str):
    """A number as it was spelled."""

    __slots__ = ()


def exact(text: str | bytes) -> Any:
    """Return the value of a JSON text, in which each number keeps its spelling.

    Raises:
        ValueError, RecursionError: it is no JSON, or too deep.
    """
    return json.loads(text, parse_int=_Number, parse_float=_Number)


def _as_sent(number: object) -> orjson.Fragment:
    return orjson.Fragment(str(number))


def dumped(value: object) -> str:
    """Return a value that `exact` read as JSON.

    Raises:
        orjson.JSONEncodeError: it has a text that is no UTF-8.
    """
    return orjson.dumps(value, _as_sent, orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def merged(pieces: Sequence[str]) -> str:
    """Join a field's pieces from a stream; a single piece stays unchanged.

    Lists are joined, and blocks of reasoning whose text came in pieces become one again: a signature
    holds for the whole text. Of objects the members are put together; of anything else the last counts.

    >>> merged(['[{"type":"thinking","thinking":"A"}]', '[{"type":"thinking","signature":"x"}]'])
    '[{"type":"thinking","thinking":"A","signature":"x"}]'
    """
    if len(pieces) == 1:
        return pieces[0]
    result: object = None
    for piece in map(exact, pieces):
        if isinstance(piece, list):
            blocks = result if isinstance(result, list) else []
            for block in piece:
                _add(blocks, block)
            result = blocks
        elif isinstance(piece, dict) and isinstance(result, dict):
            result |= piece
        elif piece is not None:
            result = piece
    return dumped(result)


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
    if (index := last.get("index")) != block.get("index"):
        return False
    return index is not None or not last.get("signature")
