"""GET /api/v1/api_keys/{id}."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import EXAMPLE_ID, KeyReply
from fondaco.http.apis.venice.keys.writer import key_entry
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, PathParameter, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Show a key of the account, expired ones included."""
    report = await context.platform.api_keys.show(context.key_holder.account.id, context.path["id"])
    return json_response({"data": key_entry(report)})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/api_keys/{id}",
    run=run,
    summary="Show an API key",
    tag="API Keys",
    access=Access.ADMIN,
    parameters={
        "id": PathParameter(
            "Id of the key, as GET /api/v1/api_keys lists it: 32 hex digits, or the same as a UUID.",
            EXAMPLE_ID,
        )
    },
    responses={200: Content("The key, without secret", KeyReply)},
    errors=(NotFoundError, StorageFailedError),
)
