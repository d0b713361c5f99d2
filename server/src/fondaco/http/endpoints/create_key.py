"""POST /api/v1/api_keys."""

from fondaco.domain.account import UNLIMITED, KeyType
from fondaco.domain.errors import RateLimitExceededError, StorageFailedError, TooManyKeysError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint, Link
from fondaco.http.key_format import made_key
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import MadeKeyReply, NewKeyRequest


async def run(ask: Ask[NewKeyRequest, None]) -> Whole:
    """Make a key for the account of the key that asks; its secret is shown this once."""
    wanted = ask.body
    limits = wanted.consumptionLimit
    made = await ask.platform.api_keys.issue(
        ask.key_holder.account.id,
        KeyType(wanted.apiKeyType),
        wanted.description,
        expires_at=wanted.expiresAt,
        limit=UNLIMITED if limits is None else limits.domain,
    )
    return json_reply(
        {"data": made_key(made), "success": True}, headers=[(b"cache-control", b"no-store")]
    )


_ID = {"id": "$response.body#/data/id"}
_LINKS = (
    Link("ShowKey", "show_key_run", "Show the key.", parameters=_ID),
    Link("ChangeKey", "change_key_run", "Change the key.", body=_ID),
    Link("DeleteKey", "delete_key_run", "Delete the key.", parameters=_ID),
)

ENDPOINT = Endpoint(
    method="POST",
    path="/api/v1/api_keys",
    run=run,
    summary="Make an API key",
    tag="API Keys",
    access=Access.ADMIN,
    body=NewKeyRequest,
    exact=True,
    replies={200: Content("The key, with its secret", MadeKeyReply, links=_LINKS)},
    errors=(TooManyKeysError, RateLimitExceededError, StorageFailedError),
)
