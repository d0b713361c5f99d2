"""Bounds of schemas."""

import json

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.schema_bounds import expect_bounded, unrolled


def nested(depth: int) -> object:
    schema: object = {}
    for _ in range(depth - 1):
        schema = {"items": schema}
    return schema


def padded(size: int) -> object:
    bare = len(json.dumps({"title": ""}))
    return {"title": "x" * (size - bare)}


BROKEN = {
    "size": (padded(16_385), "is 16385 bytes long; the maximum is 16384"),
    "size in bytes": ({"title": "é" * 9_000}, "bytes long"),
    "depth": (nested(51), "is nested 51 deep; the most is 50"),
    "depth beyond any parser": ({"x": nested(400)}, "nested 401 deep"),
    "choices": ({"enum": list(range(1_001))}, "has an enum of 1001 values"),
    "items demanded": ({"items": {"minItems": 1_001}}, "has minItems 1001; the most is 1000"),
    "items allowed": ({"maxItems": 1e9}, "has maxItems 1000000000.0"),
    "text demanded": ({"minLength": 10_001}, "has minLength 10001"),
    "pattern": ({"pattern": "a{100000}"}, "repeats up to 100000 characters"),
    "pattern of names": ({"patternProperties": {"a{2000}": {}}}, "repeats up to 2000"),
    "nested quantifiers": ({"pattern": "(((a{30}){30}){30}){30}"}, "up to 810000"),
    "remote": ({"$ref": "https://a.test/s"}, "refers to 'https://a.test/s'"),
    "file": ({"allOf": [{"$ref": "file:///etc/passwd"}]}, "refers to 'file:///etc/passwd'"),
    "relative": ({"$defs": {"a": {"$dynamicRef": "b"}}}, "refers to 'b'"),
}
WITHIN: dict[str, object] = {
    "size": padded(16_384),
    "depth": nested(50),
    "brackets in a text": {"title": '[[{"\\' * 60},
    "choices": {"enum": list(range(1_000))},
    "long texts": {"type": "string", "maxLength": 2_000_000},
    "own references": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}},
    "a property named as a keyword": {"properties": {"$ref": {}, "minItems": {"const": 5_000}}},
    "a value that looks like a schema": {"const": {"$ref": "https://a.test"}},
    "defaults": {"default": {"pattern": "a{5000}"}},
}


@pytest.mark.parametrize(("schema", "said"), BROKEN.values(), ids=BROKEN)
def test_a_schema_out_of_bounds_is_refused_with_the_bound(schema: object, said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        expect_bounded(json.dumps(schema, ensure_ascii=False), "response_format.json_schema")
    assert said in str(caught.value)
    assert list(caught.value.faults) == ["response_format.json_schema"]


@pytest.mark.parametrize("schema", WITHIN.values(), ids=WITHIN)
def test_a_schema_within_bounds_passes(schema: object) -> None:
    expect_bounded(json.dumps(schema), "response_format.json_schema")


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        ("", 0),
        ("^abc$", 5),
        (r"\d{4}-\d{2}", 7),
        ("[a-z]{1,30}", 30),
        (r"[]}\]{2}]{3}", 3),
        ("a{5,}", 5),
        ("a{,5}", 5),
        ("(a|bc){10}d", 41),
        ("(?:a{3}b){2}", 12),
        ("{3}", 3),
        ("a{x}", 4),
        ("a{2}{3}", 6),
        ("((", 0),
        ("))", 2),
    ],
)
def test_a_pattern_is_as_long_as_its_repetitions_make_it(pattern: str, characters: int) -> None:
    assert unrolled(pattern) == characters


def test_a_repetition_of_many_digits_is_many() -> None:
    assert unrolled("a{" + "9" * 5_000 + "}") > 1_000
