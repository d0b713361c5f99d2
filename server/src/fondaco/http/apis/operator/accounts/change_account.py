"""PATCH /api/v1/operator/accounts/{name}."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.apis.operator.accounts.schemas import (
    NAME,
    AccountChangeRequest,
    AccountEntry,
)
from fondaco.http.apis.operator.accounts.writer import account_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.ports import AccountChange


async def run(context: RequestContext[AccountChangeRequest, None]) -> Response:
    """Change an account; all fields together, effective immediately."""
    platform, body = context.platform, context.body
    report = await platform.account_management.change(
        context.path["name"],
        AccountChange(body.tier, body.disabled, body.diemAllocation),
        caller=context.key_holder.account,
        tiers=platform.tiers,
    )
    return json_response(account_entry(report))


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="PATCH",
    path="/api/v1/operator/accounts/{name}",
    run=run,
    summary="Change an account's tier, DIEM allocation, or whether it is disabled",
    tag="Operation",
    access=Access.OPERATOR,
    body=Json(schema=AccountChangeRequest, decimals=True),
    parameters={"name": NAME},
    slashes=True,
    responses={200: Content("The account as it is now", AccountEntry)},
    errors=(NotFoundError, StorageFailedError),
)
