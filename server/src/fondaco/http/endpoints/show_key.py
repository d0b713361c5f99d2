"""GET /api/v1/api_keys/{id}."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.key_format import key_entry
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import KeyReply


async def run(ask: Ask[None, None]) -> Whole:
    """Show one of the account's keys, an expired one too."""
    report = await ask.platform.api_keys.show(ask.key_holder.account.id, ask.path["id"])
    return json_reply({"data": key_entry(report)})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/api_keys/{id}",
    run=run,
    summary="Show an API key",
    tag="API Keys",
    access=Access.ADMIN,
    parameters={"id": "The key's id: 32 hex digits, or the same as a UUID."},
    replies={200: Content("The key, without its secret", KeyReply)},
    errors=(NotFoundError, StorageFailedError),
)
