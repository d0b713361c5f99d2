"""GET /api/v1/models/traits."""

from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.models import ModelsQuery, NameMap, kind_of


async def run(ask: Ask[None, ModelsQuery]) -> Whole:
    """List traits."""
    names = ask.platform.catalogue.traits(kind_of(ask.query.type))
    return json_reply({"object": "list", "type": ask.query.type, "data": names})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/models/traits",
    run=run,
    summary="List traits and the model that each stands for",
    tag="Models",
    access=Access.ANYBODY,
    query=ModelsQuery,
    replies={200: Content("Name to model id", NameMap)},
)
