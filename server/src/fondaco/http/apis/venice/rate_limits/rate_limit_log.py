"""GET /api/v1/api_keys/rate_limits/log."""

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.rate_limits.schemas import ExceededList
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp


async def run(context: RequestContext[None, None]) -> Response:
    """List the account's requests that exceeded a rate limit since the server started."""
    exceeded = context.platform.limits.exceeded(context.key_holder.account.id)
    entries = [
        {
            "apiKeyId": one.key_id,
            "modelId": one.model,
            "rateLimitTier": one.tier,
            "rateLimitType": one.type,
            "timestamp": timestamp(one.at),
        }
        for one in exceeded
    ]
    return json_response({"object": "list", "data": entries})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys/rate_limits/log",
    run=run,
    summary="List the last 50 requests that exceeded a rate limit",
    tag="API Keys",
    access=Access.ADMIN,
    responses={200: Content("The requests, newest first", ExceededList)},
)
