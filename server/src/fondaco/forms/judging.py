"""Judging: what is wrong with a schema or an answer, told in words without content.

This runs in the child alone: what callers send may keep these libraries busy for hours, or crash them.
"""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TypeAlias

import jsonschema_rs
from jsonschema_rs import canonical

_LINEAR = jsonschema_rs.RegexOptions()
"""Regular expressions that take time in proportion to the text, and so have no look-around."""
_LONGEST_REASON = 200

Schema: TypeAlias = dict[str, object]


def flaw(schema: str, whitespace: str | None = None) -> str | None:
    """Return what is wrong with a schema; see `Forms.flaw`."""
    parsed: Schema = json.loads(schema)
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
    if not _ends(parsed):
        return "cannot be fulfilled: it requires itself within itself without end"
    return _untold(parsed, whitespace)


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


def _untold(schema: Schema, whitespace: str | None) -> str | None:
    """Return why the schema cannot be a grammar, where this server has engines that need one.

    An engine drops a grammar that it cannot compile, without a word.
    """
    if find_spec("llguidance") is None:
        return None
    import llguidance  # noqa: PLC0415 - an extra

    options: Schema = {"whitespace_flexible": False, "lenient": True}
    if whitespace is not None:
        options = {"whitespace_pattern": whitespace, "lenient": True}
    grammar = json.dumps({**schema, "x-guidance": options})
    matcher = llguidance.LLMatcher(
        llguidance.LLTokenizer("byte"), f"start: %json {grammar}", log_level=0
    )
    if not matcher.is_error():
        matcher.compute_bitmask()
    if not matcher.is_error():
        return None
    reason = _short(matcher.get_error()).rpartition("JSON schema: ")[2]
    return f"cannot be made a grammar: {reason}"


def _ends(schema: Schema) -> bool:
    """Whether some JSON that fits ends, as far as references that are required go."""
    return _Endings(schema).of(schema)


class _Endings:
    """Which places of a schema can be fulfilled by something finite: a least fixed point."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._finite: set[str] = set()
        """References that can be."""
        self._met: set[str] = set()

    def of(self, schema: object) -> bool:
        while True:
            known = len(self._finite), len(self._met)
            ends = self._ends(schema)
            for reference in tuple(self._met - self._finite):
                if self._ends(_at(self._root, reference)):
                    self._finite.add(reference)
            if ends or known == (len(self._finite), len(self._met)):
                return ends

    def _ends(self, schema: object) -> bool:
        if not isinstance(schema, dict):
            return schema is not False
        reference = schema.get("$ref")
        if isinstance(reference, str):
            self._met.add(reference)
            if reference not in self._finite:
                return False
        if not all(self._ends(one) for one in _listed(schema, "allOf")):
            return False
        for keyword in ("anyOf", "oneOf"):
            ways = [self._ends(one) for one in _listed(schema, keyword)]
            if ways and not any(ways):
                return False
        return all(self._ends(one) for one in _required(schema))


def _required(schema: Schema) -> list[object]:
    """Return the schemas of what an object or array has to hold, if it can be nothing else."""
    match schema.get("type"):
        case "object" | ["object"]:
            properties = schema.get("properties")
            if not isinstance(properties, dict):
                return []
            return [properties.get(name, True) for name in _listed(schema, "required")]
        case "array" | ["array"] if schema.get("minItems"):
            return [schema.get("items", True)]
        case _:
            return []


def _listed(schema: Schema, keyword: str) -> list[object]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def _at(root: object, reference: str) -> object:
    """Return what a reference leads to; one by a name of its own leads anywhere."""
    place = root
    if reference != "#" and not reference.startswith("#/"):
        return True
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict):
            place = place.get(name, True)
        elif isinstance(place, list) and name.isdigit() and int(name) < len(place):
            place = place[int(name)]
        else:
            return True
    return place
