"""Output formats in the fields that engines accept."""

import re
from typing import assert_never

import orjson

from fondaco.domain.output_format.gbnf import is_gbnf
from fondaco.domain.output_format.output_format import (
    Choices,
    Constraint,
    Grammar,
    JsonObject,
    JsonSchema,
    OutputFormat,
    Regex,
)
from fondaco.engines.common.dialects import Dialect, Guides

_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


def unsupported_output_format(output_format: OutputFormat | None, dialect: Dialect) -> str | None:
    """Return the name of the field that says what the engine cannot be held to; None: it can be."""
    takes = dialect.guides
    match output_format:
        case JsonSchema(whitespace=str()) if takes is not Guides.STRUCTURED_OUTPUTS:
            return "guided_whitespace_pattern"
        case Regex() if takes is not Guides.STRUCTURED_OUTPUTS:
            return output_format.place
        case Grammar(rules) if takes is Guides.GRAMMAR:
            return None if is_gbnf(rules) else output_format.place
        case Choices() | Grammar() if takes is Guides.NOT:
            return output_format.place
        case _:
            return None


def output_format_fields(output_format: OutputFormat | None, dialect: Dialect) -> dict[str, object]:
    """Return an output format that the engine takes in its words."""
    match output_format:
        case None:
            return {}
        case JsonObject():
            return {"response_format": {"type": "json_object"}}
        case JsonSchema(schema=schema, whitespace=str(whitespace)):
            held = {"json": orjson.Fragment(schema), "whitespace_pattern": whitespace}
            return {"structured_outputs": held}
        case JsonSchema():
            return {
                "response_format": {"type": "json_schema", "json_schema": _named(output_format)}
            }
        case Regex() | Choices() | Grammar():
            return {dialect.guides.value: _guided(output_format, dialect.guides)}


def _guided(constraint: Constraint, by: Guides) -> object:
    match constraint:
        case Regex(pattern):
            return {"regex": pattern}
        case Choices(options) if by is Guides.GRAMMAR:
            return f"root ::= {' | '.join(map(_quoted, options))}"
        case Choices(options):
            return {"choice": options}
        case Grammar(rules):
            return rules if by is Guides.GRAMMAR else {"grammar": rules}
    assert_never(constraint)


def _named(schema: JsonSchema) -> dict[str, object]:
    """Return a schema nested with its name."""
    named: dict[str, object] = {"name": schema.name, "schema": orjson.Fragment(schema.schema)}
    if schema.description is not None:
        named["description"] = schema.description
    if schema.strict is not None:
        named["strict"] = schema.strict
    return named


def _quoted(text: str) -> str:
    """Return a text as GBNF has it."""
    return '"' + _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", text) + '"'
