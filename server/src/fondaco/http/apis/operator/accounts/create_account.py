"""POST /api/v1/operator/accounts."""

from fondaco.domain.errors import ConflictError, StorageFailedError
from fondaco.http.apis.operator.accounts.schemas import AccountEntry, NewAccountRequest
from fondaco.http.apis.operator.accounts.writer import account_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, Link, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[NewAccountRequest, None]) -> Response:
    """Create an account."""
    platform, body = context.platform, context.body
    report = await platform.account_management.open(
        body.name,
        usd=body.usd,
        diem_allocation=body.diemAllocation,
        tier=body.tier,
        tiers=platform.tiers,
    )
    return json_response(account_entry(report))


_NAME = {"name": "$response.body#/name"}
_LINKS = (
    Link("ChangeAccount", "change_account_run", "Change the account.", parameters=_NAME),
    Link("GrantFunds", "grant_funds_run", "Grant it funds.", parameters=_NAME),
)

ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/operator/accounts",
    run=run,
    summary="Create an account",
    tag="Operation",
    access=Access.OPERATOR,
    body=Json(schema=NewAccountRequest, decimals=True),
    responses={200: Content("The account", AccountEntry, links=_LINKS)},
    errors=(ConflictError, StorageFailedError),
)
