"""Redirects to the documentation page from where other servers have theirs.

GET /doc/, GET /redoc, GET /redoc/, GET /swagger and GET /swagger/.
"""

from http import HTTPStatus

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response

PATHS = ("/doc/", "/redoc", "/redoc/", "/swagger", "/swagger/")


async def run_beside(context: RequestContext[None, None]) -> Response:
    """Redirect from a name beside that of the page."""
    return _redirect(b"doc")


async def run_below(context: RequestContext[None, None]) -> Response:
    """Redirect from a name that ends in a slash."""
    return _redirect(b"../doc")


def _redirect(location: bytes) -> Response:
    """Return a redirect; its address is relative, since the server may be mounted below a path."""
    return Response(b"", b"text/plain", HTTPStatus.TEMPORARY_REDIRECT, [(b"location", location)])


def _endpoint(path: str) -> Endpoint[None, None]:
    return Endpoint(
        dialect=VENICE,
        method="GET",
        path=path,
        run=run_below if path.endswith("/") else run_beside,
        summary="The documentation page, by another name",
        tag="Documentation",
        access=Access.ANYBODY,
        responses={307: Content("Where it is", media_type="text/plain")},
        listed=False,
    )


ENDPOINTS = tuple(_endpoint(path) for path in PATHS)
