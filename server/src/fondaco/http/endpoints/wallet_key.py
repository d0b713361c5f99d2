"""POST /api/v1/api_keys/generate_web3_key."""

from fondaco.domain.account import UNLIMITED, KeyType
from fondaco.domain.errors import (
    ChainUnavailableError,
    ProofRefusedError,
    RateLimitExceededError,
    StorageFailedError,
    TooManyKeysError,
    UnauthorizedError,
    WalletKeysNotInstalledError,
)
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.key_format import made_key
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.api_keys import MadeKeyReply
from fondaco.http.schemas.wallet_keys import WalletKeyRequest


async def run(ask: Ask[WalletKeyRequest, None]) -> Whole:
    """Make a key for the account of the wallet that signed; its secret is shown this once."""
    wanted = ask.body
    limits = wanted.consumptionLimit
    made = await ask.platform.wallets.issue(
        wanted.proof,
        KeyType(wanted.apiKeyType),
        wanted.description,
        expires_at=wanted.expiresAt,
        limit=UNLIMITED if limits is None else limits.domain,
    )
    return json_reply(
        {"data": made_key(made), "success": True}, headers=[(b"cache-control", b"no-store")]
    )


ENDPOINT = Endpoint(
    method="POST",
    path="/api/v1/api_keys/generate_web3_key",
    run=run,
    summary="Make an API key for a wallet",
    tag="API Keys",
    access=Access.ANYBODY,
    body=WalletKeyRequest,
    exact=True,
    any_text=True,
    replies={200: Content("The key, with its secret", MadeKeyReply)},
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
