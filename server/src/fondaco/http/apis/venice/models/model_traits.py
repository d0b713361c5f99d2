"""GET /api/v1/models/traits."""

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.models.schemas import ModelsQuery, NameMap, kind_of
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, ModelsQuery]) -> Response:
    """List the traits and their models."""
    names = context.platform.catalogue.traits(kind_of(context.query.type))
    return json_response({"object": "list", "type": context.query.type, "data": names})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/models/traits",
    run=run,
    summary="List traits, and the model that each stands for",
    tag="Models",
    access=Access.ANYBODY,
    query=ModelsQuery,
    responses={200: Content("Model ids by trait", NameMap)},
)
