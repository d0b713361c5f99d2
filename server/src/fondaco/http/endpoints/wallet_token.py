"""GET /api/v1/api_keys/generate_web3_key."""

from fondaco.domain.errors import WalletKeysNotInstalledError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.wallet_keys import TokenReply


async def run(ask: Ask[None, None]) -> Whole:
    """Give a token that a wallet is to sign."""
    token = await ask.platform.wallets.challenge()
    return json_reply(
        {"data": {"token": token}, "success": True}, headers=[(b"cache-control", b"no-store")]
    )


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/api_keys/generate_web3_key",
    run=run,
    summary="Get a token for a wallet to sign",
    tag="API Keys",
    access=Access.ANYBODY,
    replies={200: Content("The token", TokenReply)},
    errors=(WalletKeysNotInstalledError,),
)
