"""Writer of characters; their prompts are not shown."""

from fondaco.domain.chat.character import Listing
from fondaco.http.endpoint.timestamps import timestamp


def character_entry(listing: Listing) -> dict[str, object]:
    """Return a character as a `CharacterEntry`. Source: GET /characters."""
    one = listing.character
    return {
        "adult": one.adult,
        "createdAt": timestamp(one.created_at),
        "description": one.description,
        "name": one.name,
        "shareUrl": one.share_url,
        "photoUrl": one.photo_url,
        "slug": one.slug,
        "stats": {"imports": listing.imports},
        "tags": one.tags,
        "updatedAt": timestamp(one.updated_at),
        "webEnabled": one.web_enabled,
        "modelId": listing.model_id,
    }
