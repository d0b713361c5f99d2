"""Grammars: output formats as the embedded engine enforces them during decoding.

The engine is built with llguidance, whose grammars are Lark rules in which a JSON Schema may stand
for a rule. It silently drops a grammar that it cannot compile, and a rule nested too deeply crashes it,
so a caller's schema is tried out elsewhere before (`ports/output_formats.py`). Source: llguidance, docs/syntax.md.
"""

from collections.abc import Mapping

import orjson

from fondaco.domain.output_format.lark import symbol_of
from fondaco.domain.output_format.output_format import (
    Choices,
    Grammar,
    JsonObject,
    JsonSchema,
    OutputFormat,
    Regex,
)

_HEAD = "%llguidance {}\n"
_OPTIONS: Mapping[str, object] = {
    # Small models tend to generate line breaks up to the output limit.
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    # Keywords that a grammar cannot express, such as `not`, are left to output validation.
    "lenient": True,
}
_ANY_OBJECT = '{"type":"object"}'


def grammar(*rules: str) -> str:
    """Return rules as a grammar; one of them is named `start`.

    >>> print(grammar('start: "yes" | "no"'))
    %llguidance {}
    start: "yes" | "no"
    """
    return _HEAD + "\n".join(rules)


def symbol(output_format: OutputFormat) -> str:
    """Return the symbol with which a rule includes an output format.

    Like any symbol of Lark it can be part of a longer rule: `start: "<call>" %json {...} "</call>"`.
    """
    match output_format:
        case JsonObject():
            return json_of(_ANY_OBJECT)
        case JsonSchema(schema=schema, whitespace=whitespace):
            return json_of(schema, whitespace)
        case Regex() | Choices() | Grammar():
            return symbol_of(output_format)


def json_of(schema: str, whitespace: str | None = None) -> str:
    """Return the symbol with which a rule includes the JSON of a schema.

    Args:
        schema: as JSON text.
        whitespace: a regular expression of what stands wherever JSON may have white space; None: one
            blank after commas and colons, and nothing else.
    """
    return f"%json {orjson.dumps(_with_options(orjson.loads(schema), whitespace)).decode()}"


def after(marker: str, grammar_of_rest: str) -> str:
    """Return a grammar for any text up to and including `marker`, followed by another grammar."""
    rest = grammar_of_rest.removeprefix(_HEAD).replace("start:", "rest:", 1)
    quoted = orjson.dumps(marker).decode()
    return grammar("start: before /\\s{0,2}/ rest", f"before[suffix={quoted}]: /(?s:.*)/", rest)


def _with_options(schema: object, whitespace: str | None) -> Mapping[str, object]:
    """Return a schema with our options, which count at its root only."""
    options = _OPTIONS
    if whitespace is not None:
        options = {"whitespace_pattern": whitespace, "lenient": True}
    if isinstance(schema, Mapping):
        return {**schema, "x-guidance": options}
    return {"allOf": [schema], "x-guidance": options}  # `true` or `false`
