"""GET /api/v1/characters/{slug}."""

from fondaco.domain.errors import CharacterNotFoundError, StorageFailedError
from fondaco.http.apis.venice.characters.schemas import CharacterReply
from fondaco.http.apis.venice.characters.writer import character_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Content, Endpoint, PathParameter, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Show a character."""
    listing = await context.platform.characters.show(context.path["slug"])
    return json_response({"data": character_entry(listing), "object": "character"})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/characters/{slug}",
    run=run,
    summary="Show a character",
    tag="Characters",
    parameters={"slug": PathParameter("The character's slug.", "alan-watts")},
    responses={200: Content("The character", CharacterReply)},
    errors=(CharacterNotFoundError, StorageFailedError),
)
