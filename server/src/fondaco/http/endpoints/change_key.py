"""PATCH /api/v1/api_keys."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.key_format import key_entry
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import ChangedKeyReply, KeyChangeRequest


async def run(ask: Ask[KeyChangeRequest, None]) -> Whole:
    """Change what the request names about one of the account's keys."""
    account_id = ask.key_holder.account.id
    report = await ask.platform.api_keys.change(account_id, ask.body.id, ask.body.change)
    return json_reply({"data": key_entry(report), "success": True})


ENDPOINT = Endpoint(
    method="PATCH",
    path="/api/v1/api_keys",
    run=run,
    summary="Change an API key",
    tag="API Keys",
    access=Access.ADMIN,
    body=KeyChangeRequest,
    exact=True,
    replies={200: Content("The key after the change", ChangedKeyReply)},
    errors=(NotFoundError, StorageFailedError),
)
