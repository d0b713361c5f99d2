"""Opaque fields of responses, kept as the JSON that arrived."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from fondaco.domain.chat.opaque import ANSWERED, CALLED, SHOWN, RawJson, is_shallow
from fondaco.engines.openai.reply.tool_calls import calls_of
from fondaco.lossless_json import dumped, exact

PASSED = ANSWERED | SHOWN
"""Names of the fields of a message or delta that are passed on."""


def of_message(message: Mapping[str, Any], payload: bytes, position: int) -> RawJson | None:
    """Return the opaque fields of a message or delta, if it has any.

    Args:
        message: the parsed message.
        payload: the chunk or reply that it is part of.
        position: of its choice, among those of the chunk.
    """
    if PASSED.isdisjoint(message):
        return None
    return _json_fields(message, _exact_message(payload, position), PASSED)


def of_calls(
    calls: Sequence[Mapping[str, Any]], payload: bytes, position: int
) -> Sequence[RawJson | None]:
    """Return the opaque fields of each call of a message; empty if none has any."""
    if all(CALLED.isdisjoint(call) for call in calls):
        return ()
    exact_calls = calls_of(_exact_message(payload, position))
    exact_values = exact_calls if len(exact_calls) == len(calls) else calls
    return [
        _json_fields(call, exact_value, CALLED)
        for call, exact_value in zip(calls, exact_values, strict=True)
    ]


def _json_fields(
    originals: Mapping[str, Any], exact_value: Mapping[str, Any], names: frozenset[str]
) -> RawJson | None:
    """Return the non-empty fields with these names, as JSON."""
    fields = {
        name: text
        for name, value in originals.items()
        if name in names and value and is_shallow(value)
        for text in _text(exact_value.get(name, value))
    }
    return fields or None


def _text(value: object) -> Iterator[str]:
    """Yield a value as JSON; nothing if it is not valid Unicode."""
    try:
        yield dumped(value)
    except orjson.JSONEncodeError:
        return


def _exact_message(payload: bytes, position: int) -> Mapping[str, Any]:
    """Parse a message again without loss of numbers; empty if that fails."""
    try:
        choice = exact(payload)["choices"][position]
    except (ValueError, RecursionError, LookupError, TypeError):
        return {}
    if not isinstance(choice, dict):
        return {}
    message = choice.get("delta") or choice.get("message")
    return message if isinstance(message, dict) else {}
