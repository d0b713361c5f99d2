"""Strict JSON: what parsers disagree about is refused, so that nobody downstream reads another text."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import NoReturn

import orjson

from fondaco.domain.errors import InvalidRequestError

_DEEPEST = 64


def parse(text: bytes) -> object:
    """Return the value of a JSON text.

    Raises:
        InvalidRequestError: it is no JSON, or has NaN, an infinite number, a key twice, a lone
            surrogate, or more than 64 levels.
    """
    try:
        value: object = _DECODER.decode(text.decode("utf-8"))
        if text.count(b"[") + text.count(b"{") > _DEEPEST:
            _expect_depth(value, _DEEPEST)
        if b"\\ud" in text or b"\\uD" in text:
            orjson.loads(text)  # refuses lone surrogates, which no UTF-8 can carry on
    except UnicodeDecodeError:
        raise _refusal("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _refusal(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # a number too long to convert
        raise _refusal(f"The body is not strict JSON: {error}") from None
    return value


def _expect_depth(value: object, left: int) -> None:
    if left < 0:
        raise _too_deep()
    if isinstance(value, dict):
        for item in value.values():
            _expect_depth(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _expect_depth(item, left - 1)


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _refusal(f"The body has the key {twice[:100]!r} twice in one object.")
    return value


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _refusal(f"The body has a number that is too large: {text[:40]!r}.")
    return number


def _constant(name: str) -> NoReturn:
    raise _refusal(f"The body has {name}, which is not JSON.")


def _refusal(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, faults={"": (message,)})


def _too_deep() -> InvalidRequestError:
    return _refusal(f"The body is nested more than {_DEEPEST} levels deep.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
