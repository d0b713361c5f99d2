"""GET /healthz."""

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """Report that the process runs."""
    return json_response({"status": "ok"})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/healthz",
    run=run,
    summary="Liveness: whether the process runs",
    tag="Operation",
    access=Access.ANYBODY,
    always_open=True,
    responses={200: Content("The process runs")},
)
