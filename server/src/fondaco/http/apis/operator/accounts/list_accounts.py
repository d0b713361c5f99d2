"""GET /api/v1/operator/accounts."""

from fondaco.domain.errors import StorageFailedError
from fondaco.http.apis.operator.accounts.schemas import AccountList, AccountsQuery
from fondaco.http.apis.operator.accounts.writer import account_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, AccountsQuery]) -> Response:
    """List a page of accounts."""
    query = context.query
    page = await context.platform.account_management.page(query.page, query.limit)
    pagination = {
        "limit": query.limit,
        "page": query.page,
        "total": page.total,
        "totalPages": -(-page.total // query.limit),
    }
    return json_response(
        {"data": [account_entry(report) for report in page.accounts], "pagination": pagination}
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/accounts",
    run=run,
    summary="List accounts",
    tag="Operation",
    access=Access.OPERATOR,
    query=AccountsQuery,
    responses={200: Content("A page of accounts, ordered by name", AccountList)},
    errors=(StorageFailedError,),
)
