"""Responses by their ids, of which none is stored.

GET /api/v1/responses/{response_id}, DELETE /api/v1/responses/{response_id},
POST /api/v1/responses/{response_id}/cancel and GET /api/v1/responses/{response_id}/input_items.
"""

from fondaco.domain.errors import NotFoundError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.endpoint import Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response


class ResponseNotStoredError(NotFoundError):
    """The requested response was sent before, and is not stored."""

    default = (
        "Nothing is stored here: a response is only in the reply to the request that made it. Keep what "
        "you need of it, and send the whole conversation as `input`."
    )


async def run(context: RequestContext[None, None]) -> Response | Events:
    """Say that nothing is stored.

    Raises:
        ResponseNotStoredError: always.
    """
    raise ResponseNotStoredError


_ONE = "/api/v1/responses/{response_id}"
ENDPOINTS: tuple[AnyEndpoint, ...] = tuple(
    Endpoint(
        dialect=VENICE,
        method=method,
        path=path,
        run=run,
        summary="Say that nothing is stored",
        tag="Responses",
        listed=False,
    )
    for method, path in (
        ("GET", _ONE),
        ("DELETE", _ONE),
        ("POST", f"{_ONE}/cancel"),
        ("GET", f"{_ONE}/input_items"),
    )
)
