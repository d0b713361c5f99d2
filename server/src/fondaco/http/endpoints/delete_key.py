"""DELETE /api/v1/api_keys."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import KeyQuery, Success


async def run(ask: Ask[None, KeyQuery]) -> Whole:
    """End one of the account's keys for good."""
    await ask.platform.api_keys.end(ask.key_holder.account.id, ask.query.id)
    return json_reply({"success": True})


ENDPOINT = Endpoint(
    method="DELETE",
    path="/api/v1/api_keys",
    run=run,
    summary="Delete an API key",
    tag="API Keys",
    access=Access.ADMIN,
    query=KeyQuery,
    replies={200: Content("The key is dead", Success)},
    errors=(NotFoundError, StorageFailedError),
)
