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
        "oneOf",  # as far as its ways exclude each other; else the compiler warns
    }
)
HARMLESS = frozenset(
    {
        *("$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"),
        *("$defs", "definitions", "$comment", "$vocabulary"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
        "format",  # a note in JSON Schema; the engine enforces the formats that it knows
    }
)
"""They ask nothing of an answer. Neither does a keyword that JSON Schema does not know, such as `x-order`."""
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
"""What no grammar here can say -> the values with which it asks nothing."""
_APPLIED_BY = {"then": "if", "else": "if", "minContains": "contains", "maxContains": "contains"}
"""Keywords that mean nothing but beside another one."""


def not_enforced(schema: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each keyword that the engine cannot enforce, with the JSON Pointer of where it stands."""
    if isinstance(schema, list):
        for number, one in enumerate(schema):
            yield from not_enforced(one, f"{place}/{number}")
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        asked = keyword in UNENFORCED and value not in UNENFORCED[keyword]
        if asked and _APPLIED_BY.get(keyword, keyword) in schema:
            yield keyword, place
        yield from _within(keyword, value, f"{place}/{keyword}")


def _within(keyword: str, value: object, place: str) -> Iterator[tuple[str, str]]:
    if keyword in NAMING_KEYWORDS and isinstance(value, Mapping):
        for name, one in value.items():
            yield from not_enforced(one, f"{place}/{_escaped(name)}")
    elif keyword in ENFORCED and keyword not in LITERAL_KEYWORDS:
        yield from not_enforced(value, place)


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
