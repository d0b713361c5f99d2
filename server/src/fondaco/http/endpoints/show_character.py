"""GET /api/v1/characters/{slug}."""

from fondaco.domain.errors import CharacterNotFoundError, StorageFailedError
from fondaco.http.character_format import character_entry
from fondaco.http.endpoint import Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.characters import CharacterReply


async def run(ask: Ask[None, None]) -> Whole:
    """Show a character."""
    listing = await ask.platform.characters.show(ask.path["slug"])
    return json_reply({"data": character_entry(listing), "object": "character"})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/characters/{slug}",
    run=run,
    summary="Show a character",
    tag="Characters",
    parameters={"slug": "The character's slug."},
    replies={200: Content("The character", CharacterReply)},
    errors=(CharacterNotFoundError, StorageFailedError),
)
