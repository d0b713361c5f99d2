"""GET /healthz."""

from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply


async def run(ask: Ask[None, None]) -> Whole:
    """Say that the process runs."""
    return json_reply({"status": "ok"})


ENDPOINT = Endpoint(
    method="GET",
    path="/healthz",
    run=run,
    summary="Whether the process runs",
    tag="Operation",
    access=Access.ANYBODY,
    always_open=True,
    replies={200: Content("It does")},
)
