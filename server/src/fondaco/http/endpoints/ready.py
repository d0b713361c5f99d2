"""GET /readyz."""

from fondaco.domain.errors import EngineUnavailableError, ShuttingDownError, StorageFailedError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply


async def run(ask: Ask[None, None]) -> Whole:
    """Say whether the ledger can be written and the default model answers.

    A write that waits in the quarantine stops nothing, so it is told beside.
    """
    if ask.platform.leaving or ask.platform.draining:
        raise ShuttingDownError
    quarantined = await ask.platform.readiness.check()
    told = {"quarantined_writes": quarantined} if quarantined else {}
    return json_reply({"status": "ready", **told})


ENDPOINT = Endpoint(
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
