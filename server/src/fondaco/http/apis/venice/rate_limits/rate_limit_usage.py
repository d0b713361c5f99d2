"""GET /api/v1/api_keys/rate_limits/usage."""

from collections.abc import Iterator, Mapping

from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.account import Account
from fondaco.domain.money.limits import LimitUse, Tier
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.rate_limits.schemas import RateLimitUsage
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.serving.platform import Platform


async def run(context: RequestContext[None, None]) -> Response:
    """Show how much of its rate limits the account uses currently; counts nothing."""
    platform, account = context.platform, context.key_holder.account
    calls = platform.concurrent_calls
    return json_response(
        {
            "data": list(_classes(platform, account, platform.tiers[account.tier])),
            "concurrentCalls": {
                "running": calls.running(account.id),
                "amount": calls.limit or None,
            },
        }
    )


def _classes(platform: Platform, account: Account, tier: Tier) -> Iterator[Mapping[str, object]]:
    """Yield the models with one count, class by class."""
    counted: dict[tuple[str, str], list[AnyModel]] = {}
    for model in platform.catalogue.models():
        shared = tier.limits[model.rate_class].shared
        counted.setdefault((model.rate_class, "" if shared else model.id), []).append(model)
    for (rate_class, _), models in sorted(counted.items()):
        uses = platform.limits.usage(account.id, tier.id, models[0])
        yield {
            "limitClass": rate_class,
            "models": [model.id for model in models],
            "limits": [_limit(one) for one in uses],
        }


def _limit(one: LimitUse) -> Mapping[str, object]:
    return {
        "type": one.type,
        "amount": one.amount,
        "used": one.used,
        "resetsAt": None if one.frees_at is None else timestamp(one.frees_at),
    }


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys/rate_limits/usage",
    run=run,
    summary="Show how much of its rate limits the account uses",
    tag="API Keys",
    responses={200: Content("Limits with what counts against them at present", RateLimitUsage)},
)
