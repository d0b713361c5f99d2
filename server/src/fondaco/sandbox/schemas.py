"""Schemas: reports faults of a schema or of output, without quoting content.

This runs in the child alone: what callers send may keep these libraries busy for hours, or crash them.
"""

import json
from collections.abc import Mapping

import jsonschema_rs
from jsonschema_rs import canonical

from fondaco.ports.output_formats import Enforcement
from fondaco.sandbox.enforcement import schema_error
from fondaco.sandbox.satisfiability import Schema, Verdict, verdict

_LINEAR = jsonschema_rs.RegexOptions()
"""Regular expressions that take time in proportion to the text, and so have no look-around."""
_LONGEST_REASON = 200
_ENDINGS: Mapping[Verdict, str | None] = {
    "fits": None,
    "conflict": "cannot be fulfilled: no JSON fits it",
    "endless": "cannot be fulfilled: it requires itself within itself without end",
}


def flaw(schema: str, held: str, whitespace: str | None = None) -> str | None:
    """Return what is wrong with a schema; see `Forms.flaw`."""
    parsed: Schema = json.loads(schema)
    if held == Enforcement.GRAMMAR:
        return schema_error(parsed, whitespace, wholly=False)
    return _invalid(parsed) or (
        schema_error(parsed, whitespace, wholly=True) if held == Enforcement.WHOLLY else None
    )


def _invalid(parsed: Schema) -> str | None:
    """Return why no answer can be checked by a schema, or none would fit it."""
    try:
        unsatisfiable = canonical.find_unsatisfiable(parsed, pattern_options=_LINEAR, offline=True)
        jsonschema_rs.validator_for(parsed, pattern_options=_LINEAR, offline=True)
    except jsonschema_rs.ValidationError as error:
        return f"is no valid JSON Schema{_place(error.instance_path)}: {_short(error.message)}"
    except canonical.InvalidPattern:
        return "has a pattern that is no regular expression, or too large a one"
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return f"cannot be used: {_short(str(error))}"
    if "" in unsatisfiable:
        return f"cannot be fulfilled: no JSON fits it{_conflict(unsatisfiable)}"
    return _ENDINGS[verdict(parsed)]


def fault(schema: str, text: str) -> str | None:
    """Return what is wrong with an answer; see `Forms.fault`."""
    try:
        answer = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return "is no JSON"
    validator = jsonschema_rs.validator_for(
        json.loads(schema), pattern_options=_LINEAR, validate_formats=False, offline=True
    )
    for error in validator.iter_errors(answer):
        keyword = str(error.schema_path[-1]) if error.schema_path else "false"
        return f"does not fit the schema's {keyword!r}"
    return None


def _no_constant(name: str) -> float:
    raise ValueError(name)  # Python reads NaN and Infinity, which are no JSON


def _place(path: list[str | int]) -> str:
    return "".join([" at '", *(f"/{step}" for step in path), "'"]) if path else ""


def _short(reason: str) -> str:
    first = reason.strip().splitlines()[0] if reason.strip() else "it cannot be compiled"
    return first if len(first) <= _LONGEST_REASON else f"{first[:_LONGEST_REASON]}..."


def _conflict(found: Mapping[str, canonical.UnsatisfiableReason]) -> str:
    """Return where nothing fits: the deepest place that is told."""
    where = max(found, key=lambda pointer: pointer.count("/"))
    return f", for what stands at {where!r}" if where else ""
