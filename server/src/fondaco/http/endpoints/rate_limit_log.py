"""GET /api/v1/api_keys/rate_limits/log."""

from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.moments import moment
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.rate_limits import ExceededList


async def run(ask: Ask[None, None]) -> Whole:
    """List the account's requests that came too fast, since the server started."""
    exceeded = ask.platform.limits.exceeded(ask.key_holder.account.id)
    entries = [
        {
            "apiKeyId": one.key_id,
            "modelId": one.model,
            "rateLimitTier": one.tier,
            "rateLimitType": one.type,
            "timestamp": moment(one.at),
        }
        for one in exceeded
    ]
    return json_reply({"object": "list", "data": entries})


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/api_keys/rate_limits/log",
    run=run,
    summary="List the last 50 requests that came too fast",
    tag="API Keys",
    access=Access.ADMIN,
    replies={200: Content("The requests, the latest first", ExceededList)},
)
