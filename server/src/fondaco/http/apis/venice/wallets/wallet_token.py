"""GET /api/v1/api_keys/generate_web3_key."""

from fondaco.domain.errors import WalletKeysNotInstalledError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.wallets.schemas import TokenReply
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Issue a token for a wallet to sign."""
    token = await context.platform.wallets.challenge()
    return json_response(
        {"data": {"token": token}, "success": True}, headers=[(b"cache-control", b"no-store")]
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys/generate_web3_key",
    run=run,
    summary="Get a token for a wallet to sign",
    tag="API Keys",
    access=Access.ANYBODY,
    responses={200: Content("The token", TokenReply)},
    errors=(WalletKeysNotInstalledError,),
)
