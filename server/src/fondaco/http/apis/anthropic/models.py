"""GET /v1/models and GET /v1/models/{id}, for requests that name a version of Anthropic's API.

OpenAI's API has the same paths; `anthropic-version` tells which one is meant.

Source: Anthropic's API reference, "List models" and "Get a model".
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import wraps
from typing import Any, TypeAlias

import orjson
from pydantic import Field

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.models.model import AnyModel, Model, ModelType, takes_plain
from fondaco.http.apis.venice.models.schemas import AllModelsQuery
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.endpoint import AnyResponse, RequestContext
from fondaco.http.endpoint.responses import Response, json_response

_PATHS = ("/v1/models", "/v1/models/{id}")
_VERSION = b"anthropic-version"
_Run: TypeAlias = Callable[[RequestContext[Any, Any]], Awaitable[AnyResponse]]


def with_models(endpoints: tuple[AnyEndpoint, ...]) -> tuple[AnyEndpoint, ...]:
    """Return endpoints whose models are in Anthropic's shape where a request asks for that."""
    return tuple(_with_models(one) if one.path in _PATHS else one for one in endpoints)


class ModelsPageQuery(AllModelsQuery):
    """Selects models: for OpenAI's clients by type; Anthropic's receive all text models on one page."""

    # Query values are strings.
    limit: int | None = Field(None, ge=1, le=1_000, strict=False, description="Models per page.")
    after_id: str | None = None
    before_id: str | None = None

    @property
    def of_pages(self) -> list[str]:
        """The fields that only Anthropic's API has."""
        return sorted(self.model_fields_set & {"limit", "after_id", "before_id"})


def _with_models(endpoint: AnyEndpoint) -> AnyEndpoint:
    @wraps(endpoint.run)
    async def run(context: RequestContext[Any, Any]) -> AnyResponse:
        return await _run(endpoint.run, context)

    query = None if endpoint.query is None else ModelsPageQuery
    return replace(endpoint, run=run, query=query)


async def _run(run: _Run, context: RequestContext[Any, Any]) -> AnyResponse:
    if _VERSION not in context.exchange.headers:
        if isinstance(context.query, ModelsPageQuery) and context.query.of_pages:
            raise InvalidRequestError(
                faults=dict.fromkeys(context.query.of_pages, ("Unknown field.",))
            )
        return await run(context)
    if "id" not in context.path:
        models = context.platform.catalogue.models(ModelType.TEXT)
        # One page lists all models, so there is nothing before or after an id.
        turned = context.query.after_id is not None or context.query.before_id is not None
        entries = [] if turned else [_entry(model) for model in models if takes_plain(model)]
        return json_response(
            {
                "data": entries,
                "has_more": False,
                "first_id": entries[0]["id"] if entries else None,
                "last_id": entries[-1]["id"] if entries else None,
            }
        )
    shown = await run(context)  # finds the model, and adds deprecation headers
    if isinstance(shown, Response):
        model = context.platform.catalogue.entry(orjson.loads(shown.body)["id"])
        if model is not None:
            shown.body = orjson.dumps(_entry(model))
    return shown


def _entry(model: AnyModel) -> dict[str, object]:
    released = datetime.combine(model.released, time(), UTC)
    entry: dict[str, object] = {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": released.isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
    }
    if not isinstance(model, Model):
        return entry
    return {
        **entry,
        "max_input_tokens": model.context_tokens,
        "max_tokens": model.max_output_tokens or model.context_tokens,
    }
