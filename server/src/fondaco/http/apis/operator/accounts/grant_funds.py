"""POST /api/v1/operator/accounts/{name}/grants."""

from fondaco.domain.errors import IdempotencyKeyReusedError, NotFoundError, StorageFailedError
from fondaco.http.apis.operator.accounts.schemas import NAME, AccountEntry, GrantRequest
from fondaco.http.apis.operator.accounts.writer import account_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[GrantRequest, None]) -> Response:
    """Add to an account's balance; under one `Idempotency-Key` once, and repeats return the account."""
    body = context.body
    report = await context.platform.account_management.grant(
        context.path["name"], body.usd, body.notes, context.idempotency_key
    )
    return json_response(account_entry(report))


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/operator/accounts/{name}/grants",
    run=run,
    summary="Grant funds to an account",
    tag="Operation",
    access=Access.OPERATOR,
    body=Json(schema=GrantRequest, decimals=True),
    parameters={"name": NAME},
    slashes=True,
    idempotent=True,
    responses={200: Content("The account with its new balance", AccountEntry)},
    errors=(NotFoundError, IdempotencyKeyReusedError, StorageFailedError),
)
