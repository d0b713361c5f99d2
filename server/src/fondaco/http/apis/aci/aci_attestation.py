"""GET /v1/aci/attestation."""

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import EngineUnavailableError, InferenceFailedError, NotFoundError
from fondaco.http.apis.aci.dialect import ACI
from fondaco.http.apis.aci.schemas import Report, ReportQuery
from fondaco.http.apis.venice.tee.identity import identity_lines
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, ReportQuery]) -> Response:
    """Attest to the workload that answers encrypted calls, and to its keys."""
    confidential_chat = context.platform.confidential_chat
    report = await confidential_chat.attestation(SealedFormat.ACI, nonce=context.query.nonce)
    response = json_response(report)
    response.lines = identity_lines(await confidential_chat.identity())
    return response


ENDPOINT = Endpoint(
    dialect=ACI,
    method="GET",
    path="/v1/aci/attestation",
    run=run,
    summary="Attest to the workload that answers encrypted calls (ACI)",
    tag="Confidential chat",
    query=ReportQuery,
    responses={200: Content("The report", Report)},
    errors=(NotFoundError, InferenceFailedError, EngineUnavailableError),
)
