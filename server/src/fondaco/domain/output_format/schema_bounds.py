"""Size limits of callers' JSON schemas.

The checks only count, before anything is compiled. A schema within all limits may still be expensive, so
compilation is sandboxed as well.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from fondaco.domain.errors import InvalidRequestError

MOST_BYTES = 16 * 2**10
MOST_NESTING = 50
MOST_CHOICES = 1_000
"""In one `enum`."""
MOST_REPEATS = 1_000
"""Items or properties, required or allowed; a grammar has a rule for each."""
MOST_CHARACTERS = 10_000
"""Minimum length of a string; a maximum may have any value, as it costs nothing."""
MOST_PATTERN = 1_000
"""Characters of a pattern with its repetitions expanded."""

_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_LEAST = {
    "minItems": MOST_REPEATS,
    "minContains": MOST_REPEATS,
    "minProperties": MOST_REPEATS,
    "maxItems": MOST_REPEATS,
    "maxProperties": MOST_REPEATS,
    "minLength": MOST_CHARACTERS,
}
LITERAL_KEYWORDS = frozenset({"enum", "const", "default", "examples"})
"""Keywords whose values are no schemas."""
NAMING_KEYWORDS = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
"""Keywords whose values map names to schemas."""
_ATOM = re.compile(r"\\.|\[\^?\]?(?s:\\.|[^\]\\])*+\]|(?s:\[.*)|(?s:.)")
"""An unclosed class extends to the end, so that matching stays linear."""
_REPETITION = re.compile(r"\{(\d*+)(,?)(\d*+)\}")

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"


def expect_bounded(schema: str, field: str) -> None:
    """Check that a schema, given as JSON text, is within all bounds.

    Raises:
        InvalidRequestError: it is not; the fault stands at `field`.
    """
    fault = _fault(schema)
    if fault is not None:
        raise InvalidRequestError(f"The schema at {field!r} {fault}.", faults={field: (fault,)})


def _fault(text: str) -> str | None:
    if (size := len(text.encode())) > MOST_BYTES:
        return f"is {size} bytes long; the maximum is {MOST_BYTES}"
    if (depth := _depth(text)) > MOST_NESTING:
        return f"is nested {depth} deep; the most is {MOST_NESTING}"
    for keyword, value in _keywords(json.loads(text)):
        if (fault := _fault_of(keyword, value)) is not None:
            return fault
    return None


def _fault_of(keyword: str, value: Json) -> str | None:
    match value:
        case str() if keyword in _REFERENCES and not value.startswith("#"):
            return f"refers to {value!r}; only references that start with '#' are supported"
        case str() if keyword == "pattern" and (length := unrolled(value)) > MOST_PATTERN:
            return f"has a pattern that repeats up to {length} characters; the maximum is {MOST_PATTERN}"
        case list() if keyword == "enum" and len(value) > MOST_CHOICES:
            return f"has an enum of {len(value)} values; the maximum is {MOST_CHOICES}"
        case int() | float() if keyword in _LEAST and value > _LEAST[keyword]:
            return f"has {keyword} {value}; the most is {_LEAST[keyword]}"
    return None


def _depth(text: str) -> int:
    """Return how deep JSON is nested; read from its text, as a parser may fail at the depth itself."""
    deepest = depth = 0
    for mark in re.sub(r'"(?:\\.|[^"\\])*"', "", text):
        if mark in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "}]":
            depth -= 1
    return deepest


def _keywords(schema: Json) -> Iterator[tuple[str, Json]]:
    """Yield each keyword of a schema and of the schemas within it; names of patterns as patterns."""
    match schema:
        case Mapping():
            for keyword, value in schema.items():
                yield keyword, value
                if keyword == "patternProperties" and isinstance(value, Mapping):
                    yield from (("pattern", name) for name in value)
                yield from _within(keyword, value)
        case list():
            for one in schema:
                yield from _keywords(one)
        case _:
            return


def _within(keyword: str, value: Json) -> Iterator[tuple[str, Json]]:
    if keyword in NAMING_KEYWORDS and isinstance(value, Mapping):
        for one in value.values():
            yield from _keywords(one)
    elif keyword not in LITERAL_KEYWORDS:
        yield from _keywords(value)


def unrolled(pattern: str) -> int:
    """Return how many characters a regular expression has with its repetitions expanded.

    >>> unrolled("^((ab{2}){3}c)$")
    12
    """
    totals, last = [0], 0
    position = 0
    while position < len(pattern):
        if (times := _REPETITION.match(pattern, position)) is not None and totals[-1]:
            totals[-1] += last * (_times(times) - 1)
            last *= _times(times)
            position = times.end()
            continue
        atom = _ATOM.match(pattern, position)
        text = atom[0] if atom else pattern[position]
        position += len(text)
        if text == "(":
            totals.append(0)
        elif text == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        else:
            last = 1
            totals[-1] += last
    return sum(totals)


def _times(repetition: re.Match[str]) -> int:
    minimum, _, maximum = repetition.groups()
    return max(1, int(maximum[:9] or 0), int(minimum[:9] or 0))
