"""Schemas and grammars that the embedded engine enforces completely.

The engine silently drops what it cannot compile, or gives up in the middle of its output. So each schema is
tried here first, in the child only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fondaco.sandbox.constraints import byte_tokenizer, matcher_of, short, trial
from fondaco.sandbox.keywords import not_enforced

if TYPE_CHECKING:  # an extra
    from llguidance import LLMatcher

_WIDE = 60
"""Members or alternatives of a subschema from which on it is also tried alone."""
_MOST_TRIED = 16
"""Subschemas of one schema."""
_ROW = "Current row has"
"""Part of the engine's error when too many rules are open at one position."""
_TOO_WIDE = "has too many optional members or alternatives in one place for the engine"
_UNKNOWN_FORMAT = "Unknown format"
_KNOWN_GAP = "Unimplemented keys"
"""Prefix of the compiler's warnings about keywords; `UNENFORCED` lists those that it lacks."""


def enforcement_error(
    schema: Mapping[str, object], whitespace: str | None, *, wholly: bool
) -> str | None:
    """Return why the engine cannot enforce a schema; None if it can, or is not installed.

    Args:
        schema: a valid one.
        whitespace: a regular expression of what may stand between tokens; None: as the engine likes.
        wholly: whether it must enforce every keyword, or only those that it supports.
    """
    if find_spec("llguidance") is None:
        return None
    if wholly and (unsupported := next(not_enforced(schema), None)) is not None:
        keyword, place = unsupported
        return f"has {keyword!r}{_at(place)}, which the engine cannot enforce"
    matcher = _compiled(schema, whitespace)
    if not matcher.is_error():
        matcher.compute_bitmask()
    if matcher.is_error():
        return f"cannot be converted to a grammar: {_reason(matcher)}"
    if wholly and (gap := _gap(matcher)) is not None:
        return gap
    return _trial(schema, whitespace)


def grammar_error(grammar: str) -> str | None:
    """Return why the engine cannot follow a grammar, and would generate without it."""
    if find_spec("llguidance") is None:
        return None
    reason = trial(matcher_of(grammar, byte_tokenizer()), schema=True)
    return _TOO_WIDE if reason is not None and _ROW in reason else reason


def _trial(schema: Mapping[str, object], whitespace: str | None) -> str | None:
    """Return why the engine would give up in mid-output, at the root or a wide subschema."""
    for part in (schema, *_wide_subschemas(schema)):
        matcher = _compiled(part, whitespace)
        if not matcher.is_error() and (reason := trial(matcher, schema=True)) is not None:
            return _TOO_WIDE if _ROW in reason else reason
    return None


def _wide_subschemas(schema: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return subschemas with many members or alternatives, each with the root's definitions."""
    shared = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    wide = [part for part in _subschemas(schema) if part is not schema and _width(part) >= _WIDE]
    return [{**part, **shared} for part in wide[:_MOST_TRIED]]


def _subschemas(schema: object) -> Iterator[Mapping[str, object]]:
    if isinstance(schema, Mapping):
        yield schema
    values = schema.values() if isinstance(schema, Mapping) else schema
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        return
    for value in values:
        yield from _subschemas(value)


def _width(part: Mapping[str, object]) -> int:
    keywords = (part.get(name) for name in ("properties", "patternProperties", "anyOf", "oneOf"))
    return sum(len(value) for value in keywords if isinstance(value, Mapping | list))


def _compiled(schema: Mapping[str, object], whitespace: str | None) -> "LLMatcher":
    options: dict[str, object] = {"whitespace_flexible": False, "lenient": True}
    if whitespace is not None:
        options = {"whitespace_pattern": whitespace, "lenient": True}
    grammar = json.dumps({**schema, "x-guidance": options})
    return matcher_of(f"start: %json {grammar}", byte_tokenizer())


def _gap(matcher: "LLMatcher") -> str | None:
    """Return the compiler's warning about what it dropped, apart from formats and annotations."""
    for warning in matcher.get_grammar_warnings():
        if warning.startswith("oneOf"):
            return (
                "has a 'oneOf' whose alternatives do not exclude each other, which the engine "
                "cannot enforce; use anyOf instead"
            )
        if not warning.startswith((_UNKNOWN_FORMAT, _KNOWN_GAP)):
            return f"cannot be fully enforced: {short(warning)}"
    return None


def _reason(matcher: "LLMatcher") -> str:
    lines = matcher.get_error().strip().splitlines()
    return short(lines[0] if lines else "it cannot be compiled").rpartition("JSON schema: ")[2]


def _at(place: str) -> str:
    return f" at {place!r}" if place else ""
