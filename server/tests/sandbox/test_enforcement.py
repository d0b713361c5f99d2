"""What the embedded engine enforces of a schema, and what is refused because it cannot."""

import json

import pytest

from fondaco.ports import Enforcement
from fondaco.sandbox.constraints import byte_tokenizer, matcher_of
from fondaco.sandbox.enforcement import grammar_error
from fondaco.sandbox.keywords import ENFORCED, HARMLESS, UNENFORCED
from fondaco.sandbox.schemas import schema_error

pytest.importorskip("llguidance", reason="the extra `embedded` is not installed")

Schema = dict[str, object]
AB: Schema = {"a": {"type": "integer"}, "b": {"type": "integer"}}
CLOSED: Schema = {"type": "object", "properties": AB, "additionalProperties": False}
OLD: Schema = {"$schema": "http://json-schema.org/draft-07/schema#"}
HELD: dict[str, tuple[Schema, str, str]] = {
    "type": ({"type": "integer"}, "1", '"a"'),
    "enum": ({"enum": ["a", 1]}, "1", "2"),
    "const": ({"const": [1]}, "[1]", "[2]"),
    "anyOf": ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", '"a"'),
    "oneOf": ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "null", '"a"'),
    "allOf": ({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}, "4", "6"),
    "$ref": ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}, "minimum": 3}, "3", "2"),
    "properties": (CLOSED, '{"a": 1}', '{"a": "x"}'),
    "required": ({**CLOSED, "required": ["b"]}, '{"b": 1}', '{"a": 1}'),
    "additionalProperties": (CLOSED, "{}", '{"c": 1}'),
    "patternProperties": (
        {"type": "object", "patternProperties": {"^x": {"type": "integer"}}},
        '{"xa": 1}',
        '{"xa": "b"}',
    ),
    "minProperties": ({**CLOSED, "minProperties": 1}, '{"a": 1}', "{}"),
    "maxProperties": ({**CLOSED, "maxProperties": 1}, '{"a": 1}', '{"a": 1, "b": 2}'),
    "items": ({"type": "array", "items": {"type": "integer"}}, "[1]", '["a"]'),
    "prefixItems": ({"type": "array", "prefixItems": [{"type": "integer"}]}, "[1]", '["a"]'),
    "additionalItems": (
        {**OLD, "type": "array", "items": [{"type": "integer"}], "additionalItems": False},
        "[1]",
        "[1, 2]",
    ),
    "minItems": ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, "[1, 2]", "[1]"),
    "maxItems": ({"type": "array", "items": {"type": "integer"}, "maxItems": 1}, "[1]", "[1, 2]"),
    "minimum": ({"type": "integer", "minimum": 3}, "3", "2"),
    "maximum": ({"type": "integer", "maximum": 3}, "3", "4"),
    "exclusiveMinimum": ({"type": "number", "exclusiveMinimum": 0}, "0.5", "0"),
    "exclusiveMaximum": ({"type": "integer", "exclusiveMaximum": 3}, "2", "3"),
    "multipleOf": ({"type": "integer", "multipleOf": 3}, "9", "4"),
    "minLength": ({"type": "string", "minLength": 2}, '"aa"', '"a"'),
    "maxLength": ({"type": "string", "maxLength": 1}, '"a"', '"aa"'),
    "pattern": ({"type": "string", "pattern": "^a+$"}, '"aa"', '"b"'),
}
LOST: dict[str, Schema] = {
    "not": {"type": "integer", "not": {"const": 3}},
    "if": {**CLOSED, "if": {"required": ["a"]}, "then": {"required": ["b"]}},
    "then": {**CLOSED, "if": {"required": ["a"]}, "then": {"required": ["b"]}},
    "else": {**CLOSED, "if": {"required": ["a"]}, "else": {"required": ["b"]}},
    "uniqueItems": {"type": "array", "uniqueItems": True},
    "contains": {"type": "array", "contains": {"type": "integer"}},
    "minContains": {"type": "array", "contains": {"type": "integer"}, "minContains": 2},
    "maxContains": {"type": "array", "contains": {"type": "integer"}, "maxContains": 2},
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^x"}},
    "dependentRequired": {**CLOSED, "dependentRequired": {"a": ["b"]}},
    "dependentSchemas": {**CLOSED, "dependentSchemas": {"a": {"required": ["b"]}}},
    "dependencies": {**CLOSED, "dependencies": {"a": ["b"]}},
    "unevaluatedProperties": {**CLOSED, "unevaluatedProperties": False},
    "unevaluatedItems": {"type": "array", "prefixItems": [True], "unevaluatedItems": False},
    "$dynamicRef": {
        "$defs": {"a": {"$dynamicAnchor": "x", "type": "integer"}},
        "$dynamicRef": "#x",
    },
    "$recursiveRef": {"type": "object", "properties": {"a": {"$recursiveRef": "#"}}},
}
NOTES: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://example.com/a",
    "id": "a",
    "$anchor": "a",
    "$dynamicAnchor": "b",
    "$recursiveAnchor": True,
    "$defs": {"a": {"type": "integer"}},
    "definitions": {"a": {"type": "integer"}},
    "$comment": "a",
    "$vocabulary": {"https://example.com": False},
    "title": "a",
    "description": "a",
    "default": 1,
    "examples": [1],
    "deprecated": True,
    "readOnly": True,
    "writeOnly": True,
    "contentEncoding": "base64",
    "contentMediaType": "image/png",
    "contentSchema": {"type": "object"},
    "format": "an-unknown-one",
    "x-order": 1,
    "nullable": True,
    "discriminator": {"propertyName": "a"},
}


def wide(members: int) -> Schema:
    return {"type": "object", "properties": {f"p{n}": {"type": "integer"} for n in range(members)}}


def forked(levels: int) -> Schema:
    """Return a chain of references, each of which forks into two that differ."""
    steps: Schema = {}
    for level in range(levels):
        further = {"$ref": f"#/$defs/a{level + 1}"}
        steps[f"a{level}"] = {"anyOf": [{**further, "minimum": 1}, {**further, "maximum": 5}]}
    return {"$ref": "#/$defs/a0", "$defs": {**steps, f"a{levels}": {"type": "integer"}}}


def follows(schema: Schema, text: str) -> bool:
    held = {**schema, "x-guidance": {"whitespace_flexible": False, "lenient": True}}
    matcher = matcher_of(f"start: %json {json.dumps(held)}", byte_tokenizer())
    spelled = list(text.encode())
    return matcher.try_consume_tokens(spelled) == len(spelled) and matcher.is_accepting()


def told(schema: Schema, held: Enforcement = Enforcement.WHOLLY) -> str | None:
    return schema_error(json.dumps(schema), held)


def test_every_keyword_is_tried_here() -> None:
    assert HELD.keys() == ENFORCED
    assert LOST.keys() == UNENFORCED.keys()
    assert NOTES.keys() >= HARMLESS


@pytest.mark.parametrize("keyword", HELD)
def test_a_keyword_that_is_called_enforced_is(keyword: str) -> None:
    schema, fits, breaks = HELD[keyword]
    assert keyword in json.dumps(schema)
    assert told(schema) is None
    assert follows(schema, fits.replace(" ", ""))
    assert not follows(schema, breaks.replace(" ", ""))


@pytest.mark.parametrize("keyword", LOST)
def test_a_keyword_that_cannot_be_enforced_is_refused_by_its_name(keyword: str) -> None:
    reason = str(told(LOST[keyword]))
    assert "which the engine cannot enforce" in reason
    assert told({"type": "object", "properties": {"in": LOST[keyword]}}) is not None


@pytest.mark.parametrize("keyword", LOST)
def test_it_is_taken_where_nothing_is_promised(keyword: str) -> None:
    assert told(LOST[keyword], Enforcement.GRAMMAR) is None
    assert told(LOST[keyword], Enforcement.CHECK) is None


def test_too_many_members_are_named_as_such() -> None:
    assert told(wide(600)) == (
        "has too many optional members or alternatives in one place for the engine"
    )


def test_where_it_stands_is_said() -> None:
    schema: Schema = {"type": "object", "properties": {"a/b": LOST["uniqueItems"]}}
    assert told(schema) == (
        "has 'uniqueItems' at '/properties/a~1b', which the engine cannot enforce"
    )


@pytest.mark.parametrize("keyword", NOTES)
def test_a_keyword_that_asks_nothing_is_taken(keyword: str) -> None:
    schema: Schema = {"type": "string", keyword: NOTES[keyword]}
    if keyword == "$recursiveAnchor":  # which one draft alone has
        schema["$schema"] = "https://json-schema.org/draft/2019-09/schema"
    assert told(schema) is None
    assert follows(schema, '"a"')


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "uniqueItems": False},
        {"type": "object", "unevaluatedProperties": True},
        {"type": "object", "dependentRequired": {}},
        {"type": "array", "minContains": 2},
        {"then": {"type": "integer"}},
        {"properties": {"not": {"type": "integer"}, "if": {"type": "string"}}},
        {"enum": [{"not": 1}]},
        {"const": {"uniqueItems": True}},
        {"default": {"contains": 1}},
    ],
)
def test_a_keyword_that_asks_nothing_as_it_stands_is_taken(schema: Schema) -> None:
    assert told(schema) is None


def test_ways_that_overlap_are_refused_and_those_that_do_not_are_taken() -> None:
    overlapping: Schema = {
        "oneOf": [{"type": "integer", "minimum": 0}, {"type": "integer", "maximum": 9}]
    }
    assert "use anyOf instead" in str(told(overlapping))
    kinds: list[Schema] = [
        {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
        for kind in ("cat", "dog")
    ]
    assert told({"oneOf": kinds, "discriminator": {"propertyName": "kind"}}) is None


TOO_MUCH = {
    "many members": wide(600),
    "many members within": {"type": "object", "properties": {"a": wide(600)}},
    "many members of what is referred to": {
        "type": "array",
        "items": {"$ref": "#/$defs/a"},
        "$defs": {"a": wide(600)},
    },
    "many members within a way": {
        "anyOf": [{"type": "null"}, {"type": "array", "items": wide(600)}]
    },
    "many arrays": {"anyOf": [{"type": "array", "items": {"const": n}} for n in range(450)]},
    "a chain that forks": forked(13),
    "numbers of 64 bits": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "patterns for members that overlap": {
        "type": "object",
        "patternProperties": {"^a": {"type": "integer"}, "^ab": {"type": "string"}},
    },
}


@pytest.mark.parametrize("held", [Enforcement.WHOLLY, Enforcement.GRAMMAR])
@pytest.mark.parametrize("schema", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_the_engine_would_drop_without_a_word_is_refused(
    schema: Schema, held: Enforcement
) -> None:
    assert told(schema, held) is not None


@pytest.mark.parametrize("schema", TOO_MUCH.values(), ids=TOO_MUCH)
def test_it_is_no_matter_where_no_engine_here_compiles_it(schema: Schema) -> None:
    assert told(schema, Enforcement.CHECK) is None


@pytest.mark.parametrize(
    "schema",
    [
        wide(300),
        {"type": "object", "properties": {"a": wide(300), "b": wide(300)}},
        {"enum": [f"a{n}" for n in range(1000)]},
        forked(8),
        {"type": "array", "items": {"type": "array"}, "minItems": 1000},
    ],
)
def test_what_the_engine_can_do_is_taken(schema: Schema) -> None:
    assert told(schema) is None


def test_a_grammar_of_many_parts_is_tried_as_a_whole() -> None:
    assert grammar_error('start: "a" | %json {"type":"integer"}') is None
    ways = " | ".join(f"way_{n}" for n in range(3))
    rules = [f"start: {ways}"]
    rules += [f"way_{n}: %json {json.dumps(wide(300))}" for n in range(3)]
    assert "for the engine" in str(grammar_error("\n".join(rules)))
