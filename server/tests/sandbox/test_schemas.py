"""What is said of schemas and answers; the part that runs in the child."""

import json

import pytest

from fondaco.ports import Enforcement
from fondaco.sandbox.schemas import schema_error, schema_mismatch


def linked(required: list[str], **properties: object) -> dict[str, object]:
    node = {"type": "object", "properties": properties, "required": required}
    return {"$ref": "#/$defs/node", "$defs": {"node": node}}


NEXT = {"$ref": "#/$defs/node"}
NOTHING_FITS: dict[str, dict[str, object]] = {
    "false": {"not": {}},
    "a required property that is false": {
        "type": "object",
        "properties": {"a": False},
        "required": ["a"],
    },
    "a required property that may not be": {
        "type": "object",
        "required": ["a"],
        "additionalProperties": False,
    },
    "minimum above maximum": {"type": "integer", "minimum": 5, "maximum": 3},
    "no integer between": {"type": "integer", "minimum": 0.2, "maximum": 0.8},
    "too short to be long": {"type": "string", "minLength": 5, "maxLength": 3},
    "types that exclude each other": {"allOf": [{"type": "integer"}, {"type": "string"}]},
    "an enum of another type": {"type": "integer", "enum": ["a"]},
    "a constant of another type": {"type": "integer", "const": "a"},
    "no choices": {"enum": []},
    "items that cannot be": {"type": "array", "items": False, "minItems": 1},
    "only ways that cannot be": {"anyOf": [False, {"type": "integer", "minimum": 5, "maximum": 3}]},
    "itself": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    "itself, required": linked(["next"], next=NEXT),
    "itself, after a text": linked(["a", "next"], a={"type": "string"}, next=NEXT),
    "itself, in a list": linked(["next"], next={"type": "array", "items": NEXT, "minItems": 1}),
    "itself, whichever way": linked(["next"], next={"oneOf": [NEXT, {"allOf": [NEXT]}]}),
    "itself, in the places of a tuple": linked(
        ["next"],
        next={"type": "array", "prefixItems": [True, NEXT], "items": False, "minItems": 2},
    ),
    "itself, by any name": {
        "type": "object",
        "required": ["a"],
        "additionalProperties": {"$ref": "#"},
    },
    "itself, with its type elsewhere": {
        "allOf": [{"type": "object"}, {"required": ["a"], "properties": {"a": {"$ref": "#"}}}]
    },
    "itself, among what a list contains": {"type": "array", "contains": {"$ref": "#"}},
    "itself, as every type": {
        "anyOf": [
            {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
            {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        ]
    },
    "each other": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"type": "array", "items": {"$ref": "#/$defs/b"}, "minItems": 1},
            "b": {"type": "array", "prefixItems": [{"$ref": "#/$defs/a"}], "minItems": 1},
        },
    },
    "its root": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
}
SOMETHING_FITS: dict[str, dict[str, object]] = {
    "anything": {},
    "a list that may end": linked(["next"], next={"anyOf": [NEXT, {"type": "null"}]}),
    "a tree": linked(["kids"], kids={"type": "array", "items": NEXT}),
    "a link that may be missing": linked([], next=NEXT),
    "a reference by name": {"$ref": "#a", "$defs": {"b": {"$anchor": "a", "type": "integer"}}},
    "a name with a slash": {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}},
    "a place in a list": {"anyOf": [{"type": "integer"}, {"$ref": "#/anyOf/0"}]},
    "a tuple": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": False,
        "minItems": 2,
        "maxItems": 2,
    },
    "a tuple of tuples": {
        "type": "array",
        "prefixItems": [{"$ref": "#/$defs/pair"}, {"$ref": "#/$defs/pair"}],
        "items": False,
        "minItems": 2,
        "$defs": {
            "pair": {"type": "array", "prefixItems": [True, True], "items": False, "minItems": 2}
        },
    },
    "a tuple as drafts of old have it": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "integer"}],
        "additionalItems": False,
        "minItems": 1,
    },
    "a tuple that may end in itself": {
        "type": "array",
        "prefixItems": [{"anyOf": [{"$ref": "#"}, {"type": "null"}]}],
        "items": False,
        "minItems": 1,
    },
    "itself by some of its types": {"items": {"$ref": "#"}, "minItems": 1},
    "long texts": {"type": "string", "maxLength": 100_000},
    "as pydantic writes them": {
        "$defs": {
            "Colour": {"enum": ["red", "blue"], "title": "Colour", "type": "string"},
            "Car": {
                "properties": {
                    "colour": {"anyOf": [{"$ref": "#/$defs/Colour"}, {"type": "null"}]},
                    "sold": {"format": "date-time", "type": "string"},
                    "doors": {"maximum": 5, "minimum": 2, "type": "integer", "default": 4},
                },
                "required": ["colour", "sold"],
                "title": "Car",
                "type": "object",
            },
        },
        "properties": {"cars": {"items": {"$ref": "#/$defs/Car"}, "maxItems": 20, "type": "array"}},
        "required": ["cars"],
        "title": "Garage",
        "type": "object",
    },
}
UNUSABLE: dict[str, tuple[dict[str, object], str]] = {
    "an unknown type": ({"properties": {"a": {"type": "text"}}}, "at '/properties/a/type'"),
    "properties of the wrong kind": ({"properties": 3}, "at '/properties'"),
    "a reference to nowhere": ({"$ref": "#/$defs/x"}, "'/$defs/x' does not exist"),
    "a remote reference": ({"$ref": "http://127.0.0.1:9/x"}, "cannot be used"),
    "a pattern that is none": ({"type": "string", "pattern": "("}, "not a regular expression"),
    "a pattern with look-around": ({"pattern": "^(?=a)b"}, "not a regular expression"),
    "a pattern that refers back": ({"pattern": r"^(a)\1$"}, "not a regular expression"),
}
CITY = '{"type":"object","properties":{"city":{"type":"string","maxLength":6}},"required":["city"]}'


@pytest.mark.parametrize("schema", NOTHING_FITS.values(), ids=NOTHING_FITS)
def test_an_unsatisfiable_schema_is_refused(schema: dict[str, object]) -> None:
    assert str(schema_error(json.dumps(schema), Enforcement.WHOLLY)).startswith(
        "cannot be satisfied: "
    )


@pytest.mark.parametrize("schema", SOMETHING_FITS.values(), ids=SOMETHING_FITS)
def test_a_schema_that_something_fits_has_no_flaw(schema: dict[str, object]) -> None:
    assert schema_error(json.dumps(schema), Enforcement.WHOLLY) is None


@pytest.mark.parametrize(("schema", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_invalid_schema_is_refused_with_the_reason(schema: dict[str, object], said: str) -> None:
    assert said in str(schema_error(json.dumps(schema), Enforcement.WHOLLY))


def test_the_place_that_nothing_fits_is_named() -> None:
    impossible = {"type": "string", "minLength": 5, "maxLength": 3}
    schema = {"type": "object", "properties": {"a": impossible}, "required": ["a"]}
    assert "at '/properties/a'" in str(schema_error(json.dumps(schema), Enforcement.WHOLLY))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"city": "Venice"}', None),
        ('  {"city": "Venice", "more": [1]}\n', None),
        ('{"city": "Constantinople"}', "does not match the schema's 'maxLength'"),
        ("{}", "does not match the schema's 'required'"),
        ("[]", "does not match the schema's 'type'"),
        ('{"city": "Ven', "is not JSON"),
        ("", "is not JSON"),
        ('```json\n{"city": "Venice"}\n```', "is not JSON"),
        ('{"city": NaN}', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_mismatch_names_the_violated_rule_and_no_content(text: str, said: str | None) -> None:
    assert schema_mismatch(CITY, text) == said


def test_formats_are_notes_and_no_rules() -> None:
    assert schema_mismatch('{"type":"string","format":"date"}', '"tomorrow"') is None
