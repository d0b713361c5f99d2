"""GET /api/v1/api_keys."""

from fondaco.domain.errors import StorageFailedError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.key_format import key_entry
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import KeyList


async def run(ask: Ask[None, None]) -> Whole:
    """List the account's keys that may be used, oldest first."""
    reports = await ask.platform.api_keys.list(ask.key_holder.account.id)
    return json_reply({"object": "list", "data": [key_entry(report) for report in reports]})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/api_keys",
    run=run,
    summary="List the account's active API keys",
    tag="API Keys",
    access=Access.ADMIN,
    replies={200: Content("The keys, without their secrets", KeyList)},
    errors=(StorageFailedError,),
)
