"""POST /api/v1/api_keys."""

from fondaco.domain.errors import RateLimitExceededError, StorageFailedError, TooManyKeysError
from fondaco.domain.money.account import UNLIMITED, KeyType
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import MadeKeyReply, NewKeyRequest
from fondaco.http.apis.venice.keys.writer import new_key_entry
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, Link, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[NewKeyRequest, None]) -> Response:
    """Create a key for the caller's account; its secret is shown only once."""
    request = context.body
    limits = request.consumptionLimit
    new_key = await context.platform.api_keys.issue(
        context.key_holder.account.id,
        KeyType(request.apiKeyType),
        request.description,
        expires_at=request.expiresAt,
        limit=UNLIMITED if limits is None else limits.domain,
    )
    return json_response(
        {"data": new_key_entry(new_key), "success": True}, headers=[(b"cache-control", b"no-store")]
    )


_ID = {"id": "$response.body#/data/id"}
_LINKS = (
    Link("ShowKey", "show_key_run", "Show the key.", parameters=_ID),
    Link("ChangeKey", "change_key_run", "Change the key.", body=_ID),
    Link("DeleteKey", "delete_key_run", "Delete the key.", parameters=_ID),
)

ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/api_keys",
    run=run,
    summary="Create an API key",
    tag="API Keys",
    access=Access.ADMIN,
    body=Json(schema=NewKeyRequest, decimals=True),
    responses={200: Content("The key, with its secret", MadeKeyReply, links=_LINKS)},
    errors=(TooManyKeysError, RateLimitExceededError, StorageFailedError),
)
