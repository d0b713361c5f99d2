"""GET /readyz."""

from fondaco.domain.errors import EngineUnavailableError, ShuttingDownError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Say whether the ledger can be written and the default model answers.

    A write that waits in the quarantine stops nothing, so it is told beside.
    """
    if context.platform.leaving or context.platform.draining:
        raise ShuttingDownError
    quarantined = await context.platform.readiness.check()
    told = {"quarantined_writes": quarantined} if quarantined else {}
    return json_response({"status": "ready", **told})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/readyz",
    run=run,
    summary="Whether the ledger can be written and the default model answers, each shown by a try",
    tag="Operation",
    access=Access.ANYBODY,
    always_open=True,
    replies={200: Content("It can")},
    errors=(EngineUnavailableError, ShuttingDownError, StorageFailedError),
)
