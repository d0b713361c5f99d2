"""Forms of answers, in OpenAI's words."""

import orjson

from fondaco.domain.form import Form, JsonObject, JsonSchema


def form_fields(form: Form | None) -> dict[str, object]:
    """Return `response_format` as engines take it: a schema nested with its name."""
    match form:
        case None:
            return {}
        case JsonObject():
            return {"response_format": {"type": "json_object"}}
        case JsonSchema(schema=schema, name=name, description=description, strict=strict):
            named: dict[str, object] = {"name": name, "schema": orjson.Fragment(schema)}
            if description is not None:
                named["description"] = description
            if strict is not None:
                named["strict"] = strict
            return {"response_format": {"type": "json_schema", "json_schema": named}}
