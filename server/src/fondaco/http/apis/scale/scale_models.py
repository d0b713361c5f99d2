"""GET /v4/models."""

from datetime import UTC, datetime, time

from fondaco.domain.models.model import AnyModel, Model, ModelType, takes_plain
from fondaco.http.apis.scale.dialect import SCALE
from fondaco.http.apis.scale.models_schemas import Kind, ScaleModelPage, ScaleModelsQuery
from fondaco.http.edge.key_headers import expect_account
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp

_KINDS: dict[ModelType, Kind] = {
    ModelType.TEXT: "CHAT_COMPLETION",
    ModelType.EMBEDDING: "EMBEDDING",
}


async def run(context: RequestContext[None, ScaleModelsQuery]) -> Response:
    """List a page of models."""
    query, account = context.query, context.key_holder.account
    if query.account_id is not None:
        expect_account(query.account_id, account)
    models = [
        model
        for model in context.platform.catalogue.models()
        if query.model_type in (None, _kind(model)) and takes_plain(model)
    ]
    first = (query.page - 1) * query.limit
    items = [_entry(model, str(account.id)) for model in models[first : first + query.limit]]
    return json_response(
        {
            "items": items,
            "current_page": query.page,
            "items_per_page": query.limit,
            "total_item_count": len(models),
        }
    )


def _kind(model: AnyModel) -> Kind:
    return _KINDS.get(model.type, "GENERIC")


def _entry(model: AnyModel, account_id: str) -> dict[str, object]:
    released = datetime.combine(model.released, time(), UTC)
    return {
        "id": model.id,
        "name": f"local/{model.id}",
        "display_name": model.name,
        "model_type": _kind(model),
        "model_vendor": "OTHER",
        "base_model_metadata": _known(model),
        "account_id": account_id,
        "created_at": timestamp(int(released.timestamp())),
        "created_by_identity_type": "service_account",
        "created_by_user_id": "fondaco",
        "deployment_count": len(model.engines),
        "supports_multi_turn": isinstance(model, Model),
        "request_schema": {},
        "response_schema": {},
    }


def _known(model: AnyModel) -> dict[str, object] | None:
    if not isinstance(model, Model):
        return None
    return {"modelDetails": {"token_context_window": model.context_tokens}}


ENDPOINT = Endpoint(
    dialect=SCALE,
    method="GET",
    path="/v4/models",
    run=run,
    summary="List models, for Scale's clients",
    tag="Scale",
    query=ScaleModelsQuery,
    responses={200: Content("A page of models", ScaleModelPage)},
)
