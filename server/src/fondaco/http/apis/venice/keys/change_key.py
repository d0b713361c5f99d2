"""PATCH /api/v1/api_keys."""

from fondaco.domain.errors import NotFoundError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.keys.schemas import ChangedKeyReply, KeyChangeRequest
from fondaco.http.apis.venice.keys.writer import key_entry
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[KeyChangeRequest, None]) -> Response:
    """Change the given fields of a key of the account."""
    account_id = context.key_holder.account.id
    report = await context.platform.api_keys.change(
        account_id, context.body.id, context.body.change
    )
    return json_response({"data": key_entry(report), "success": True})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="PATCH",
    path="/api/v1/api_keys",
    run=run,
    summary="Change an API key",
    tag="API Keys",
    access=Access.ADMIN,
    body=Json(schema=KeyChangeRequest, decimals=True),
    responses={200: Content("The key after the change", ChangedKeyReply)},
    errors=(NotFoundError, StorageFailedError),
)
