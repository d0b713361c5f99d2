"""GET /v1/aci/receipts/{id}."""

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import (
    EngineUnavailableError,
    InferenceFailedError,
    NotFoundError,
    UnauthorizedError,
)
from fondaco.http.apis.aci.dialect import ACI
from fondaco.http.apis.aci.schemas import Receipt
from fondaco.http.apis.venice.tee.identity import identity_lines, owner_of
from fondaco.http.endpoint.endpoint import Content, Endpoint, PathParameter, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Show the signed receipt of a response that has ended; only to the key that made the call."""
    confidential_chat = context.platform.confidential_chat
    receipt = await confidential_chat.receipt(
        SealedFormat.ACI, context.path["id"], owner=owner_of(context.key_holder)
    )
    response = json_response(receipt)
    response.lines = identity_lines(await confidential_chat.identity())
    return response


ENDPOINT = Endpoint(
    dialect=ACI,
    method="GET",
    path="/v1/aci/receipts/{id}",
    run=run,
    summary="Show the signed receipt of an encrypted response (ACI)",
    tag="Confidential chat",
    parameters={
        "id": PathParameter(
            "Of the receipt (`X-Receipt-Id`), or of the completion.",
            "rcpt-chatcmpl-00000000000000000000000000000000",
        )
    },
    responses={200: Content("The receipt", Receipt)},
    errors=(NotFoundError, UnauthorizedError, InferenceFailedError, EngineUnavailableError),
)
