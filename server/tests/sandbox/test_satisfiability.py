"""Whether anything fits a schema, held against a search of all small values."""

import json
from itertools import product

import jsonschema_rs
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from fondaco.ports import Enforcement
from fondaco.sandbox.satisfiability import resolve, verdict
from fondaco.sandbox.schemas import schema_error

Schema = dict[str, object]
NAMES = st.sampled_from("ab")
leaves = st.sampled_from(
    [
        True,
        False,
        {"type": "null"},
        {"type": "integer", "enum": [0, 1]},
        {"const": 0},
        {"type": "array"},
        {"type": "object"},
        *[{"$ref": f"#{place}"} for place in ("", "/$defs/a", "/$defs/b") for _ in range(2)],
    ]
)


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    objects = st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "required": st.lists(NAMES, unique=True, max_size=2),
            "additionalProperties": inner,
        },
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "items": inner,
            "minItems": st.integers(0, 2),
            "contains": inner,
        },
    )
    either = st.fixed_dictionaries(
        {},
        optional={
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "type": st.sampled_from(["object", "array", ["object", "null"]]),
            "required": st.lists(NAMES, max_size=1),
            "properties": st.dictionaries(NAMES, inner, max_size=1),
        },
    )
    return st.one_of(objects, arrays, either)


parts = st.recursive(leaves, nested, max_leaves=5)
schemas: st.SearchStrategy[Schema] = st.builds(
    lambda root, a, b: {
        **(root if isinstance(root, dict) else {"allOf": [root]}),
        "$defs": {"a": a, "b": b},
    },
    parts,
    parts,
    parts,
)


def values(depth: int) -> list[object]:
    """Return all JSON of so many levels, of a few leaves, and with pairs of some of it."""
    if not depth:
        return [None, 0, [], {}]
    inner = values(depth - 1)
    some = inner[:30]
    pairs = list(product(some, some))
    return [
        *(None, 0, "", True, [], {}),
        *([one] for one in inner),
        *([one, other] for one, other in pairs),
        *({name: one} for one in inner for name in "ab"),
        *({"a": one, "b": other} for one, other in pairs),
    ]


SMALL = values(3)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(schemas)
def test_a_schema_that_something_fits_is_never_called_unfulfillable(schema: Schema) -> None:
    assume(not circular(schema))
    validator = jsonschema_rs.validator_for(schema)
    negotiation = next((value for value in SMALL if validator.is_valid(value)), SMALL)
    if negotiation is not SMALL:
        assert verdict(schema) == "fits"
        assert "cannot be satisfied" not in str(schema_error(json.dumps(schema), Enforcement.CHECK))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(schemas)
def test_what_is_called_unfulfillable_fits_nothing(schema: Schema) -> None:
    assume(not circular(schema))
    if verdict(schema) != "fits":
        validator = jsonschema_rs.validator_for(schema)
        assert not any(validator.is_valid(value) for value in SMALL)


def circular(root: Schema) -> bool:
    """Whether a reference leads to itself for the same value: of that JSON Schema says nothing."""

    def leads(part: object, led: tuple[str, ...]) -> bool:
        if not isinstance(part, dict):
            return False
        reference = part.get("$ref")
        if reference in led:
            return True
        if reference is not None and leads(resolve(root, reference), (*led, reference)):
            return True
        return any(leads(one, led) for name in ("allOf", "anyOf") for one in part.get(name, ()))

    def anywhere(part: object) -> bool:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return leads(part, ()) or any(anywhere(one) for one in inner)

    return anywhere(root)
