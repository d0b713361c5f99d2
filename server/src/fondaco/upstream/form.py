"""Forms of answers, as engines are told of them."""

import re
from typing import assert_never

import orjson

from fondaco.domain.form import Choices, Form, Grammar, Guide, JsonObject, JsonSchema, Regex
from fondaco.domain.gbnf import is_gbnf
from fondaco.upstream.dialects import Dialect, Guides

_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


def form_untaken(form: Form | None, dialect: Dialect) -> str | None:
    """Return the name of the field that says what the engine cannot be held to; None: it can be."""
    takes = dialect.guides
    match form:
        case JsonSchema(whitespace=str()) if takes is not Guides.STRUCTURED_OUTPUTS:
            return "guided_whitespace_pattern"
        case Regex() if takes is not Guides.STRUCTURED_OUTPUTS:
            return form.place
        case Grammar(rules) if takes is Guides.GRAMMAR:
            return None if is_gbnf(rules) else form.place
        case Choices() | Grammar() if takes is Guides.NOT:
            return form.place
        case _:
            return None


def form_fields(form: Form | None, dialect: Dialect) -> dict[str, object]:
    """Return a form that the engine takes in its words."""
    match form:
        case None:
            return {}
        case JsonObject():
            return {"response_format": {"type": "json_object"}}
        case JsonSchema(schema=schema, whitespace=str(whitespace)):
            held = {"json": orjson.Fragment(schema), "whitespace_pattern": whitespace}
            return {"structured_outputs": held}
        case JsonSchema():
            return {"response_format": {"type": "json_schema", "json_schema": _named(form)}}
        case Regex() | Choices() | Grammar():
            return {dialect.guides.value: _guided(form, dialect.guides)}


def _guided(guide: Guide, by: Guides) -> object:
    match guide:
        case Regex(pattern):
            return {"regex": pattern}
        case Choices(options) if by is Guides.GRAMMAR:
            return f"root ::= {' | '.join(map(_quoted, options))}"
        case Choices(options):
            return {"choice": options}
        case Grammar(rules):
            return rules if by is Guides.GRAMMAR else {"grammar": rules}
    assert_never(guide)


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
