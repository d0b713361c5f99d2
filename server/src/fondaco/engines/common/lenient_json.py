"""A JSON parser that tolerates engines' mistakes: NaN, lone surrogates, broken UTF-8, control characters."""

import json
import re
from typing import Any

import orjson

MOST_VALUES = 2**23
"""More values than a document of 64 MiB with the log probabilities of its tokens has."""
_MARKS = (b",", b"[", b"{")
_FEW_BYTES = 2**16
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of a surrogate, which is invalid alone."""


def loads(payload: bytes, most_values: int = MOST_VALUES) -> Any:
    r"""Return the value of a JSON text; invalid Unicode becomes U+FFFD.

    Nearly all texts are strict JSON, parsed by orjson; others are parsed again leniently. A long text of
    more than `most_values` commas and opening brackets is not parsed: a list of 3 bytes takes 60 of
    memory, and a hundred megabytes of them stop the event loop for half a minute.

    >>> loads(b'{"text": "\xff!"}'), loads(b'["\\ud83d?"]'), loads(b"[NaN]")
    ({'text': '�!'}, ['�?'], [nan])

    Raises:
        ValueError: it is not JSON, nested too deeply, or has too many values.
    """
    if len(payload) > _FEW_BYTES and sum(map(payload.count, _MARKS)) > most_values:
        raise ValueError("The JSON has too many values.")
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    text = payload.decode("utf-8-sig", "replace")
    try:
        value = json.loads(text, strict=False)
        return _replace_surrogates(value) if _HALF.search(text) else value
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def _replace_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case dict():
            return {
                _replace_surrogates(name): _replace_surrogates(part) for name, part in value.items()
            }
        case list():
            return [_replace_surrogates(part) for part in value]
        case _:
            return value
