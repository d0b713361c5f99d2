"""GET /api/v1/models."""

from fondaco.domain.models.model import AnyModel, Model
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.models.model_entry import model_entry
from fondaco.http.apis.venice.models.schemas import ModelList, ModelsQuery, kind_of
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, ModelsQuery]) -> Response:
    """List the models of a type."""
    model_type = context.query.type
    models = [
        model_entry(model, context.platform)
        for model in context.platform.catalogue.models(kind_of(model_type))
        if model_type != "code" or _for_code(model)
    ]
    return json_response({"object": "list", "type": model_type, "data": models})


def _for_code(model: AnyModel) -> bool:
    return isinstance(model, Model) and model.capabilities.optimized_for_code


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/models",
    run=run,
    summary="List models with capabilities, prices and context",
    tag="Models",
    access=Access.ANYBODY,
    query=ModelsQuery,
    responses={200: Content("The models", ModelList)},
)
