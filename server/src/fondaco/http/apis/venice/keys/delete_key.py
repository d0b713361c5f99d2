"""DELETE /api/v1/api_keys."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import KeyQuery, Success
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, KeyQuery]) -> Response:
    """Delete a key of the account."""
    await context.platform.api_keys.end(context.key_holder.account.id, context.query.id)
    return json_response({"success": True})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="DELETE",
    path="/api/v1/api_keys",
    run=run,
    summary="Delete an API key",
    tag="API Keys",
    access=Access.ADMIN,
    query=KeyQuery,
    responses={200: Content("The key was deleted", Success)},
    errors=(NotFoundError, StorageFailedError),
)
