"""GET /api/v1/models/compatibility_mapping."""

from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.models import ModelsQuery, NameMap, kind_of


async def run(ask: Ask[None, ModelsQuery]) -> Whole:
    """List compatible names."""
    names = ask.platform.catalogue.aliases(kind_of(ask.query.type))
    return json_reply({"object": "list", "type": ask.query.type, "data": names})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/models/compatibility_mapping",
    run=run,
    summary="List the names of other platforms' models and what serves them here",
    tag="Models",
    access=Access.ANYBODY,
    query=ModelsQuery,
    replies={200: Content("Name to model id", NameMap)},
)
