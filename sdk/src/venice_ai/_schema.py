"""Pydantic models as formats of answers."""

from typing import Any

from pydantic import BaseModel

from venice_ai.types.api.chat import JSONSchema, JSONSchemaFormat


def format_of(
    model: type[BaseModel], *, name: str | None = None, strict: bool = True
) -> JSONSchemaFormat:
    """Return the format of answers that are values of `model`."""
    schema = model.model_json_schema(mode="validation")
    return JSONSchemaFormat(
        json_schema=JSONSchema(
            name=name or model.__name__,
            schema=_strict(schema) if strict else schema,
            strict=strict,
        )
    )


def _strict(schema: Any) -> Any:
    """Return a schema as strict ones have to be: all properties required, and no other ones."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" not in schema or not isinstance(schema["properties"], dict):
        return {name: _strict(part) for name, part in schema.items() if name != "default"}
    properties = {name: _strict(part) for name, part in schema["properties"].items()}
    rest = {
        name: _strict(part)
        for name, part in schema.items()
        if name not in {"properties", "required", "default"}
    }
    return {
        **rest,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
