"""The published OpenAPI document of the API, where it lies beside this repository, as JSON Schema."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

ROOT = Path(__file__).parents[2]
SPECIFICATION = ROOT.parent / "shared" / "spec" / "openapi-20251230.yaml"
ABSENT = f"the published specification is not at {SPECIFICATION.relative_to(ROOT.parent)}"

Schema = dict[str, Any]


class Fields(Enum):
    """Which fields an object has to have, beyond those that its schema requires."""

    OPEN = "any others"
    KNOWN = "no others than are named"
    EXACT = "all that are named, and no others"


class CoreLoader(yaml.CSafeLoader):
    """Reads plain scalars by the core schema of YAML 1.2.

    YAML 1.1 takes `on` for true and `1:1` for 61; both are values of the API.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # as in SafeLoader


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
    )


@cache
def document() -> Schema:
    """Return the whole document."""
    loaded = yaml.load(SPECIFICATION.read_text(encoding="utf-8"), CoreLoader)  # noqa: S506 - a SafeLoader
    assert isinstance(loaded, dict)
    return loaded


def operation(method: str, path: str) -> Schema | None:
    """Return what is published about an address below /api/v1."""
    found: Schema | None = document()["paths"].get(path, {}).get(method.lower())
    return found


def faults(shown: Schema, instance: object, fields: Fields = Fields.OPEN) -> list[str]:
    """Return where an instance deviates from a schema of the document."""
    components = document()["components"]["schemas"]
    converted = json_schema(shown, fields)
    converted["components"] = {
        "schemas": {name: json_schema(one, fields) for name, one in components.items()}
    }
    return faults_by(converted, instance)


def faults_by(schema: Schema, instance: object) -> list[str]:
    """Return where an instance deviates from a JSON Schema."""
    errors = Draft202012Validator(schema).iter_errors(instance)
    return sorted(f"/{'/'.join(map(str, e.instance_path))}: {e.message}" for e in errors)


NEVER_SENT = {"warningMessage"}
"""Documented fields that tell of other servers' past."""


def json_schema(shown: Mapping[str, Any], fields: Fields) -> Schema:
    """Return a schema of OpenAPI 3.0 as JSON Schema has it."""
    if "$ref" in shown:
        return {"$ref": shown["$ref"]}
    if shown.get("nullable") and shown.get("title") == "null":
        return {"type": "null"}
    schema: Schema = dict(_keywords(shown, fields))
    if "properties" in schema and fields is not Fields.OPEN:
        schema.setdefault("additionalProperties", False)
        if fields is Fields.EXACT:
            schema["required"] = sorted(schema["properties"].keys() - NEVER_SENT)
    if shown.get("nullable") and "type" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _keywords(shown: Mapping[str, Any], fields: Fields) -> Iterator[tuple[str, object]]:
    for keyword, value in shown.items():
        match keyword:
            case "properties":
                yield keyword, {name: json_schema(one, fields) for name, one in value.items()}
            case "anyOf" | "oneOf" | "allOf":
                yield keyword, [json_schema(one, fields) for one in value]
            case "items" | "not":
                yield keyword, json_schema(value, fields)
            case "additionalProperties" if isinstance(value, dict):
                yield keyword, json_schema(value, fields)
            case "minimum" | "maximum":
                strict = f"exclusive{keyword.capitalize()}"
                yield (strict if shown.get(strict) else keyword), value
            case (
                "type" | "enum" | "required" | "pattern" | "additionalProperties" | "minLength"
                | "maxLength" | "minItems" | "maxItems"
            ):  # fmt: skip
                yield keyword, value
            case _:  # notes, and what json_schema has read
                pass
