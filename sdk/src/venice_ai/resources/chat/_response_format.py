"""Response formats from pydantic models."""

from collections.abc import Mapping

from pydantic import BaseModel

from venice_ai._json_values import is_array, is_object
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


def _strict(schema: Mapping[str, object]) -> dict[str, object]:
    """Return a schema as strict ones must be: all properties required, and no other ones."""
    members = schema.get("properties")
    if not is_object(members):
        return {name: _part(part) for name, part in schema.items() if name != "default"}
    properties = {name: _part(part) for name, part in members.items()}
    rest = {
        name: _part(part)
        for name, part in schema.items()
        if name not in {"properties", "required", "default"}
    }
    return {
        **rest,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _part(part: object) -> object:
    if is_array(part):
        return [_part(inner) for inner in part]
    return _strict(part) if is_object(part) else part
