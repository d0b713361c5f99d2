"""GET /api/v1/api_keys/rate_limits."""

from collections.abc import Iterator

import orjson

from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.limits import LimitType, RateLimits
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.rate_limits.schemas import AllowanceReply
from fondaco.http.edge.headers import amount
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp


async def run(context: RequestContext[None, None]) -> Response:
    """Show the account's balances, and its rate limits for each model."""
    platform, caller = context.platform, context.key_holder
    tier = platform.tiers[caller.account.tier]
    funds = await platform.ledger.balance(caller.account.id)
    expires_at = caller.key.expires_at
    return json_response(
        {
            "data": {
                "accessPermitted": not tier.charged or funds.usd > 0 or funds.diem > 0,
                "apiTier": {"id": tier.id, "isCharged": tier.charged},
                "balances": {
                    "USD": orjson.Fragment(amount(funds.usd)),
                    "DIEM": orjson.Fragment(amount(funds.diem)),
                },
                "keyExpiration": None if expires_at is None else timestamp(expires_at),
                "nextEpochBegins": timestamp(begins(epoch_of(platform.clock.now()) + 1)),
                "rateLimits": [
                    {
                        "apiModelId": model.id,
                        "rateLimits": list(_limits(tier.limits[model.rate_class])),
                    }
                    for model in platform.catalogue.models()
                ],
            }
        }
    )


def _limits(limits: RateLimits) -> Iterator[dict[str, object]]:
    yield {"amount": limits.requests_per_minute, "type": LimitType.RPM}
    yield {"amount": limits.requests_per_day, "type": LimitType.RPD}
    if limits.tokens_per_minute is not None:
        yield {"amount": limits.tokens_per_minute, "type": LimitType.TPM}


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys/rate_limits",
    run=run,
    summary="Show the account's balances and rate limits",
    tag="API Keys",
    access=Access.ADMIN,
    responses={200: Content("Balances, tier, and the limits for each model", AllowanceReply)},
)
