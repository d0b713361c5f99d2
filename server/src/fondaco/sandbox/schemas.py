"""JSON schemas: reports errors of a schema, or of output against one, without quoting content.

This runs in the child only: untrusted schemas can keep these libraries busy for hours, or crash them.
"""

import json
from collections.abc import Mapping

import jsonschema_rs
from jsonschema_rs import canonical

from fondaco.ports.output_formats import Enforcement
from fondaco.sandbox.enforcement import enforcement_error
from fondaco.sandbox.satisfiability import Schema, Verdict, verdict

_LINEAR = jsonschema_rs.RegexOptions()
"""Linear-time regular expressions, so without look-around."""
_LONGEST_REASON = 200
_VERDICTS: Mapping[Verdict, str | None] = {
    "fits": None,
    "conflict": "cannot be satisfied: no JSON matches it",
    "endless": "cannot be satisfied: it contains itself without end",
}


def schema_error(schema: str, enforcement: str, whitespace: str | None = None) -> str | None:
    """Return why a schema is unusable; see `OutputFormats.schema_error`."""
    parsed: Schema = json.loads(schema)
    if enforcement == Enforcement.GRAMMAR:
        return enforcement_error(parsed, whitespace, wholly=False)
    return _invalid(parsed) or (
        enforcement_error(parsed, whitespace, wholly=True)
        if enforcement == Enforcement.WHOLLY
        else None
    )


def _invalid(parsed: Schema) -> str | None:
    """Return why a schema is invalid or unsatisfiable."""
    try:
        unsatisfiable = canonical.find_unsatisfiable(parsed, pattern_options=_LINEAR, offline=True)
        jsonschema_rs.validator_for(parsed, pattern_options=_LINEAR, offline=True)
    except jsonschema_rs.ValidationError as error:
        return (
            f"is not a valid JSON Schema{_location(error.instance_path)}: {_short(error.message)}"
        )
    except canonical.InvalidPattern:
        return "has a pattern that is not a regular expression, or is too large"
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return f"cannot be used: {_short(str(error))}"
    if "" in unsatisfiable:
        return f"cannot be satisfied: no JSON matches it{_conflict(unsatisfiable)}"
    return _VERDICTS[verdict(parsed)]


def schema_mismatch(schema: str, text: str) -> str | None:
    """Return why output does not match a schema; see `OutputFormats.schema_mismatch`."""
    try:
        output = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return "is not JSON"
    validator = jsonschema_rs.validator_for(
        json.loads(schema), pattern_options=_LINEAR, validate_formats=False, offline=True
    )
    for error in validator.iter_errors(output):
        keyword = str(error.schema_path[-1]) if error.schema_path else "false"
        return f"does not match the schema's {keyword!r}"
    return None


def _no_constant(name: str) -> float:
    raise ValueError(name)  # Python accepts NaN and Infinity, which are invalid JSON


def _location(path: list[str | int]) -> str:
    return "".join([" at '", *(f"/{step}" for step in path), "'"]) if path else ""


def _short(reason: str) -> str:
    first = reason.strip().splitlines()[0] if reason.strip() else "it cannot be compiled"
    return first if len(first) <= _LONGEST_REASON else f"{first[:_LONGEST_REASON]}..."


def _conflict(reasons: Mapping[str, canonical.UnsatisfiableReason]) -> str:
    """Return where the schema is unsatisfiable: the deepest pointer that is reported."""
    where = max(reasons, key=lambda pointer: pointer.count("/"))
    return f", for what stands at {where!r}" if where else ""
