"""GET /api/v1/operator/tiers."""

from fondaco.http.apis.operator.accounts.schemas import TierList
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """List the tiers of the configuration."""
    tiers = sorted(context.platform.tiers.values(), key=lambda tier: tier.id)
    return json_response({"data": [{"id": one.id, "isCharged": one.charged} for one in tiers]})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/tiers",
    run=run,
    summary="List the tiers that accounts may have",
    tag="Operation",
    access=Access.OPERATOR,
    responses={200: Content("The tiers", TierList)},
)
