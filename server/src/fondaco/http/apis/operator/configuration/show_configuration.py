"""GET /api/v1/operator/configuration."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
from pydantic import ConfigDict, Field

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.fields import Schema
from fondaco.http.endpoint.responses import Response, json_response


class SettingEntry(Schema):
    """A setting and its value in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"setting": "server.port", "value": 8000, "origin": "file /etc/fondaco.toml"}
            ]
        }
    )

    setting: str = Field(description="Its dotted name, as the reference of settings has it.")
    value: str | float | bool | list[str | float] | None = Field(
        description="The value in force; `***` stands for what is secret."
    )
    origin: str = Field(description="`default`, `file PATH`, `env NAME` or `flag --NAME`.")


class SettingList(Schema):
    """All settings, those of tables by their names."""

    data: list[SettingEntry]


async def run(context: RequestContext[None, None]) -> Response:
    """Show the configuration in force, and the origin of each value; secrets are masked."""
    rows = [
        {"setting": row.name, "value": _json(row.value), "origin": row.origin}
        for row in context.platform.configuration
    ]
    return json_response({"data": rows})


def _json(value: object) -> object:
    match value:
        case list() | tuple():
            return [_json(one) for one in value]
        case Decimal():
            return orjson.Fragment(f"{value:f}")
        case Path() | date():
            return str(value)
        case _:
            return value


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/configuration",
    run=run,
    summary="Show the configuration in force",
    tag="Operation",
    access=Access.OPERATOR,
    responses={200: Content("Each setting with its value and origin", SettingList)},
)
