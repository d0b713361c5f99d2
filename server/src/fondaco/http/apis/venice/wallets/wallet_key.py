"""POST /api/v1/api_keys/generate_web3_key."""

from fondaco.domain.errors import (
    ChainUnavailableError,
    ProofRefusedError,
    RateLimitExceededError,
    StorageFailedError,
    TooManyKeysError,
    UnauthorizedError,
    WalletKeysNotInstalledError,
)
from fondaco.domain.money.account import UNLIMITED, KeyType
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import MadeKeyReply
from fondaco.http.apis.venice.keys.writer import new_key_entry
from fondaco.http.apis.venice.wallets.schemas import WalletKeyRequest
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[WalletKeyRequest, None]) -> Response:
    """Create a key for the account of the wallet that signed; its secret is shown only once."""
    request = context.body
    limits = request.consumptionLimit
    new_key = await context.platform.wallets.issue(
        request.proof,
        KeyType(request.apiKeyType),
        request.description,
        expires_at=request.expiresAt,
        limit=UNLIMITED if limits is None else limits.domain,
    )
    return json_response(
        {"data": new_key_entry(new_key), "success": True}, headers=[(b"cache-control", b"no-store")]
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/api_keys/generate_web3_key",
    run=run,
    summary="Create an API key for a wallet",
    tag="API Keys",
    access=Access.ANYBODY,
    body=Json(schema=WalletKeyRequest, decimals=True, untyped=True),
    responses={200: Content("The key, with its secret", MadeKeyReply)},
    errors=(
        TooManyKeysError,
        ProofRefusedError,
        UnauthorizedError,
        RateLimitExceededError,
        ChainUnavailableError,
        WalletKeysNotInstalledError,
        StorageFailedError,
    ),
)
