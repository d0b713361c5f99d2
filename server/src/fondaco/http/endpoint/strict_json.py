"""Strict JSON: refuses what parsers disagree about, so that every component reads the same value."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import accumulate
from math import isfinite
from typing import NoReturn

import orjson

from fondaco.domain.errors import InvalidRequestError

_DEEPEST = 64
_KEY_END = re.compile(rb'"[ \t\r\n]*:')
"""The end of a key; also the start of a string that begins with a colon."""
_QUOTED_KEY_END = re.compile(rb'\\"[ \t\r\n]*:')
"""The same within a string."""
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""It always matches from a quote on, so it never backtracks."""
_STEPS = {b"["[0]: 1, b"{"[0]: 1, b"]"[0]: -1, b"}"[0]: -1}
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())
_NO_PARTS: Collection[object] = ()


def parse(text: bytes) -> object:
    """Parse JSON.

    Raises:
        InvalidRequestError: it is not JSON, or has NaN, an infinite number, a duplicate key, a lone
            surrogate, or more than 64 levels.
    """
    try:
        value: object = orjson.loads(text)
        keys = _keys(value, _DEEPEST)
    except ValueError:
        return _parse_slowly(text)  # reports the position of the error
    # orjson silently keeps the last of duplicate keys; the text then has more keys than the value.
    return value if _key_ends(text) == keys else _decoded(text, _DECODER)


def has_each_key_once(text: bytes, value: object) -> bool:
    """Whether `parse` returns `value`, as orjson has read it; False, too, if finding out takes a parser.

    Raises:
        ValueError: `value` is nested too deeply, or has an infinite number.
    """
    return _key_ends(text) == _keys(value, _DEEPEST)


def parse_exactly(text: bytes) -> object:
    """Parse JSON as `parse` does, with fractions as Decimal.

    Raises:
        InvalidRequestError: as `parse` does.
    """
    return _parse_slowly(text, _EXACT_DECODER)


def is_unique(text: bytes, keys: int, strings: int) -> bool:
    """Whether a text that was parsed has no key twice; False, too, if finding out takes a parser.

    Args:
        text: JSON.
        keys: the number of keys at all levels of its value.
        strings: the number of strings in its value beside the keys.
    """
    if b"\\" in text:
        return _key_ends(text) == keys
    return text.count(b'"') == 2 * (keys + strings)  # else the text has a key that the value lacks


def _key_ends(text: bytes) -> int:
    """Return the number of keys in a text, or more; -1 where counting would take a parser."""
    ends = len(_KEY_END.findall(text))
    if b"\\" in text:  # quotes within strings, or strings that end with a backslash
        if b'\\\\"' in text:
            return -1
        ends -= len(_QUOTED_KEY_END.findall(text))
    return ends


def repeated(names: Iterable[str]) -> Iterator[str]:
    """Yield each name that came before, in linear time.

    >>> list(repeated(["a", "b", "a", "a"]))
    ['a', 'a']
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _keys(value: object, levels: int) -> int:
    """Return the number of keys at all levels of a value.

    Raises:
        ValueError: it is nested too deeply, or has an infinite number.
    """
    if levels < 0:
        raise ValueError
    count, parts = 0, _NO_PARTS
    if isinstance(value, dict):
        count, parts = len(value), value.values()
    elif isinstance(value, list):
        parts = value
    for part in parts:
        kind = type(part)
        if kind is dict or kind is list:
            count += _keys(part, levels - 1)
        elif isinstance(part, float) and not isfinite(part):
            raise ValueError
    return count


def _parse_slowly(text: bytes, decoder: json.JSONDecoder | None = None) -> object:
    """Parse with checks of every key and number, which takes three times as long."""
    _expect_brackets(text)
    value = _decoded(text, decoder or _DECODER)
    _expect_depth(value, _DEEPEST)
    return value


def _decoded(text: bytes, decoder: json.JSONDecoder) -> object:
    """Parse a text whose depth is safe."""
    try:
        value: object = decoder.decode(text.decode("utf-8"))
        orjson.loads(text)  # rejects lone surrogates, which UTF-8 cannot encode
    except UnicodeDecodeError:
        raise _refusal("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _refusal(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # too many digits to convert
        raise _refusal("The body has a number with too many digits.") from None
    return value


def _expect_brackets(text: bytes) -> None:
    """Refuse a text that would exhaust the stack before its depth can be checked.

    The parser's own check is not reliable: libraries raise the interpreter's recursion limit.
    """
    brackets = _TEXT.sub(b"", text).translate(None, delete=_NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > 2 * _DEEPEST:
        raise _too_deep()


def _expect_depth(value: object, levels: int) -> None:
    if levels < 0:
        raise _too_deep()
    if isinstance(value, dict):
        for item in value.values():
            _expect_depth(item, levels - 1)
    elif isinstance(value, list):
        for item in value:
            _expect_depth(item, levels - 1)


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = next(repeated(key for key, _ in pairs))
        raise _refusal(f"The body has the key {twice[:100]!r} twice in one object.")
    return value


def _int(text: str) -> int | float:
    """Return an integer as orjson reads it: beyond 64 bits it becomes a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else _float(text)


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _refusal(f"The body has a number that is too large: {text[:40]!r}.")
    return number


def _decimal(text: str) -> Decimal:
    _float(text)  # rejects numbers that are too large
    try:
        return Decimal(text)
    except ArithmeticError:
        raise _refusal(f"The body has a number that is too small: {text[:40]!r}.") from None


def _constant(name: str) -> NoReturn:
    raise _refusal(f"The body has {name}, which is not JSON.")


def _refusal(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, faults={"": (message,)})


def _too_deep() -> InvalidRequestError:
    return _refusal(f"The body is nested more than {_DEEPEST} levels deep.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
)
_EXACT_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_constant=_constant
)
