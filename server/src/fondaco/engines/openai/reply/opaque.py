"""Opaque fields of responses, kept as the JSON that arrived."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fondaco.domain.chat.opaque import ANSWERED, CALLED, SHOWN, RawJson, is_shallow
from fondaco.lossless_json import dumped, exact

PASSED = ANSWERED | SHOWN
"""Names of the fields of a message or delta that are passed on."""


def of_message(said: Mapping[str, Any], payload: bytes, place: int) -> RawJson | None:
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
) -> Sequence[RawJson | None]:
    """Return the opaque fields of each call of a message; nothing at all where none has any."""
    given = list(calls)
    if all(CALLED.isdisjoint(call) for call in given):
        return ()
    again = _again(payload, place).get("tool_calls")
    twins = again if isinstance(again, list) and len(again) == len(given) else given
    return [_spelled(call, twin, CALLED) for call, twin in zip(given, twins, strict=True)]


def _spelled(
    given: Mapping[str, Any], twin: Mapping[str, Any], names: frozenset[str]
) -> RawJson | None:
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
        yield dumped(value)
    except ValueError:
        return


def _again(payload: bytes, place: int) -> Mapping[str, Any]:
    """Return a message, read once more so that its numbers stay; empty where it cannot be."""
    try:
        choice = exact(payload)["choices"][place]
    except (ValueError, RecursionError, LookupError, TypeError):
        return {}
    said = choice.get("delta") or choice.get("message")
    return said if isinstance(said, dict) else {}
