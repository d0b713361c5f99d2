"""GET /readyz."""

from fondaco.domain.errors import EngineUnavailableError, ShuttingDownError
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply


async def run(ask: Ask[None, None]) -> Whole:
    """Say whether the default model answers, by a token that it really generated."""
    if ask.platform.leaving or ask.platform.draining:
        raise ShuttingDownError
    await ask.platform.readiness.check()
    return json_reply({"status": "ready"})


ENDPOINT = Endpoint(
    method="GET",
    path="/readyz",
    run=run,
    summary="Whether the default model can answer, shown by a generated token",
    tag="Operation",
    access=Access.ANYBODY,
    always_open=True,
    replies={200: Content("It can")},
    errors=(EngineUnavailableError, ShuttingDownError),
)
