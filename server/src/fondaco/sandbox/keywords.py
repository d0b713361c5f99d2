"""JSON Schema keywords that the embedded engine enforces, and those that it does not.

Source: JSON Schema 2020-12 and the drafts before it; what llguidance compiles, docs/json_schema.md. A test
holds this table against what the installed llguidance does.
"""

from collections.abc import Iterator, Mapping

from fondaco.domain.output_format.schema_bounds import LITERAL_KEYWORDS, NAMING_KEYWORDS

ENFORCED = frozenset(
    {
        *("type", "enum", "const", "anyOf", "allOf", "$ref"),
        *("properties", "required", "additionalProperties", "patternProperties"),
        *("minProperties", "maxProperties"),
        *("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        "oneOf",  # only exclusive alternatives; for others, the compiler warns
    }
)
HARMLESS = frozenset(
    {
        *("$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"),
        *("$defs", "definitions", "$comment", "$vocabulary"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
        "format",  # an annotation in JSON Schema; the engine enforces the formats that it supports
    }
)
"""Annotations, which constrain nothing; so are keywords unknown to JSON Schema, such as `x-order`."""
UNENFORCED: Mapping[str, tuple[object, ...]] = {
    "not": (False,),
    "if": (),
    "then": (),
    "else": (),
    "uniqueItems": (False,),
    "contains": (),
    "minContains": (),
    "maxContains": (),
    "propertyNames": (True, {}),
    "dependentRequired": ({},),
    "dependentSchemas": ({},),
    "dependencies": ({},),
    "unevaluatedProperties": (True, {}),
    "unevaluatedItems": (True, {}),
    "$dynamicRef": (),
    "$recursiveRef": (),
}
"""Keyword that no grammar here can express -> the values with which it constrains nothing."""
_APPLIED_BY = {"then": "if", "else": "if", "minContains": "contains", "maxContains": "contains"}
"""Keyword -> the keyword without which it has no effect."""


def not_enforced(schema: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield each keyword that the engine cannot enforce, with the JSON Pointer of its schema."""
    if isinstance(schema, list):
        for number, one in enumerate(schema):
            yield from not_enforced(one, f"{pointer}/{number}")
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        constrains = keyword in UNENFORCED and value not in UNENFORCED[keyword]
        if constrains and _APPLIED_BY.get(keyword, keyword) in schema:
            yield keyword, pointer
        yield from _within(keyword, value, f"{pointer}/{keyword}")


def _within(keyword: str, value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if keyword in NAMING_KEYWORDS and isinstance(value, Mapping):
        for name, one in value.items():
            yield from not_enforced(one, f"{pointer}/{_escaped(name)}")
    elif keyword in ENFORCED and keyword not in LITERAL_KEYWORDS:
        yield from not_enforced(value, pointer)


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
