"""GET /api/v1/tee/attestation."""

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import (
    EngineUnavailableError,
    InferenceFailedError,
    InvalidModelError,
    ModelGoneError,
    ModelNotFoundError,
)
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.tee.schemas import Attestation, AttestationQuery
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, AttestationQuery]) -> Response:
    """Attest to what answers encrypted calls to a model."""
    query = context.query
    report = await context.platform.confidential_chat.attestation(
        SealedFormat.ORIGINAL, nonce=query.nonce, model=query.model
    )
    return json_response(report)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/tee/attestation",
    run=run,
    summary="Attest to what answers encrypted calls to a model",
    tag="Confidential chat",
    query=AttestationQuery,
    responses={200: Content("The report", Attestation)},
    errors=(
        InvalidModelError,
        ModelNotFoundError,
        ModelGoneError,
        InferenceFailedError,
        EngineUnavailableError,
    ),
)
