"""POST /api/v1/operator/accounts/{name}/keys."""

from fondaco.domain.errors import (
    ConflictError,
    NotFoundError,
    RateLimitExceededError,
    StorageFailedError,
    TooManyKeysError,
)
from fondaco.domain.money.account import UNLIMITED, KeyType
from fondaco.http.apis.operator.accounts.audit_log import log_way_in
from fondaco.http.apis.operator.accounts.schemas import NAME
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import MadeKeyReply, NewKeyRequest
from fondaco.http.apis.venice.keys.writer import new_key_entry
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.serving.access.accounts import expect_enabled


async def run(context: RequestContext[NewKeyRequest, None]) -> Response:
    """Create a key of an enabled account; its secret is shown only once."""
    platform, exchange, request = context.platform, context.exchange, context.body
    account = (await platform.account_management.find(context.path["name"])).account
    expect_enabled(account, "its keys are refused")
    limits = request.consumptionLimit
    new_key = await platform.api_keys.issue(
        account.id,
        KeyType(request.apiKeyType),
        request.description,
        expires_at=request.expiresAt,
        limit=UNLIMITED if limits is None else limits.domain,
    )
    log_way_in("a key", account, exchange)
    return json_response(
        {"data": new_key_entry(new_key), "success": True}, headers=[(b"cache-control", b"no-store")]
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/operator/accounts/{name}/keys",
    run=run,
    summary="Create an API key of an account",
    tag="Operation",
    access=Access.OPERATOR,
    body=Json(schema=NewKeyRequest, decimals=True),
    parameters={"name": NAME},
    slashes=True,
    responses={200: Content("The key, with its secret", MadeKeyReply)},
    errors=(
        NotFoundError,
        ConflictError,
        TooManyKeysError,
        RateLimitExceededError,
        StorageFailedError,
    ),
)
