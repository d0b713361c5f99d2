"""GET /readyz."""

from fondaco.domain.errors import EngineUnavailableError, ShuttingDownError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Report whether the ledger is writable and the default model responds.

    Writes in quarantine do not stop the server, so they are reported beside.
    """
    if context.platform.leaving or context.platform.draining:
        raise ShuttingDownError
    quarantined = await context.platform.readiness.check()
    details = {"quarantined_writes": quarantined} if quarantined else {}
    return json_response({"status": "ready", **details})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/readyz",
    run=run,
    summary="Readiness: whether the ledger is writable and the default model responds",
    tag="Operation",
    access=Access.ANYBODY,
    always_open=True,
    responses={200: Content("The server is ready")},
    errors=(EngineUnavailableError, ShuttingDownError, StorageFailedError),
)
