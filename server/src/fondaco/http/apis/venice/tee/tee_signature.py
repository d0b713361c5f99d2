"""GET /api/v1/tee/signature."""

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import (
    EngineUnavailableError,
    InferenceFailedError,
    InvalidModelError,
    ModelGoneError,
    NotFoundError,
    UnauthorizedError,
)
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.tee.identity import owner_of
from fondaco.http.apis.venice.tee.schemas import ResponseSignature, SignatureQuery
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, SignatureQuery]) -> Response:
    """Show the signature of a response that has ended; only to the key that made the call."""
    query = context.query
    signature = await context.platform.confidential_chat.receipt(
        SealedFormat.ORIGINAL,
        query.request_id,
        owner=owner_of(context.key_holder),
        model=query.model,
    )
    return json_response(signature)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/tee/signature",
    run=run,
    summary="Show the signature of an encrypted response",
    tag="Confidential chat",
    query=SignatureQuery,
    responses={200: Content("The signature, with the receipt", ResponseSignature)},
    errors=(
        InvalidModelError,
        NotFoundError,
        ModelGoneError,
        UnauthorizedError,
        InferenceFailedError,
        EngineUnavailableError,
    ),
)
