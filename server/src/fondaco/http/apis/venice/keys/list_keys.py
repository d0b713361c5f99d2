"""GET /api/v1/api_keys."""

from fondaco.domain.errors import StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import KeyList
from fondaco.http.apis.venice.keys.writer import key_entry
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """List the account's active keys, oldest first."""
    reports = await context.platform.api_keys.list(context.key_holder.account.id)
    return json_response({"object": "list", "data": [key_entry(report) for report in reports]})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys",
    run=run,
    summary="List the account's active API keys",
    tag="API Keys",
    access=Access.ADMIN,
    responses={200: Content("The keys, without secrets", KeyList)},
    errors=(StorageFailedError,),
)
