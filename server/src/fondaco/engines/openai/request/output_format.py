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
    """Return the name of the field with a format that the engine cannot enforce; None if it can."""
    supported = dialect.guides
    match output_format:
        case JsonSchema(whitespace=str()) if supported is not Guides.STRUCTURED_OUTPUTS:
            return "guided_whitespace_pattern"
        case Regex() if supported is not Guides.STRUCTURED_OUTPUTS:
            return output_format.field_path
        case Grammar(rules) if supported is Guides.GRAMMAR:
            return None if is_gbnf(rules) else output_format.field_path
        case Choices() | Grammar() if supported is Guides.NOT:
            return output_format.field_path
        case _:
            return None


def output_format_fields(output_format: OutputFormat | None, dialect: Dialect) -> dict[str, object]:
    """Return the fields of an output format that the engine supports."""
    match output_format:
        case None:
            return {}
        case JsonObject():
            return {"response_format": {"type": "json_object"}}
        case JsonSchema(schema=schema, whitespace=str(whitespace)):
            structured_outputs = {"json": orjson.Fragment(schema), "whitespace_pattern": whitespace}
            return {"structured_outputs": structured_outputs}
        case JsonSchema():
            return {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": _json_schema(output_format),
                }
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


def _json_schema(schema: JsonSchema) -> dict[str, object]:
    """Return a schema nested with its name."""
    fields: dict[str, object] = {"name": schema.name, "schema": orjson.Fragment(schema.schema)}
    if schema.description is not None:
        fields["description"] = schema.description
    if schema.strict is not None:
        fields["strict"] = schema.strict
    return fields


def _quoted(text: str) -> str:
    """Quote a text as a GBNF literal."""
    return '"' + _SPECIAL.sub(lambda match: f"\\x{ord(match[0]):02x}", text) + '"'
