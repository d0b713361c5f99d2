"""GET /doc and GET /doc/assets/{name}."""

from functools import cache
from importlib.resources import files

from fondaco.domain.errors import NotFoundError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response

_MEDIA = {
    ".css": b"text/css",
    ".html": b"text/html",
    ".js": b"text/javascript",
    ".png": b"image/png",
}
_POLICY = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


async def run_page(context: RequestContext[None, None]) -> Response:
    """Send the documentation page."""
    return _asset("doc.html")


async def run_asset(context: RequestContext[None, None]) -> Response:
    """Send a file of the page, which loads nothing from other hosts."""
    return _asset(context.path["name"])


@cache
def _names() -> frozenset[str]:
    names = (entry.name for entry in files("fondaco.http").joinpath("assets").iterdir())
    return frozenset(name for name in names if name[name.rfind(".") :] in _MEDIA)


@cache
def _content(name: str) -> bytes:
    return files("fondaco.http").joinpath("assets", name).read_bytes()


def _asset(name: str) -> Response:
    if name not in _names():
        raise NotFoundError
    return Response(
        _content(name),
        media_type=_MEDIA[name[name.rfind(".") :]] + b"; charset=utf-8",
        headers=[(b"content-security-policy", _POLICY)],
        lasting=True,
    )


PAGE_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/doc",
    run=run_page,
    summary="The documentation page",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("A page", media_type="text/html")},
    listed=False,
)
ASSET_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/doc/assets/{name}",
    run=run_asset,
    summary="A file of the documentation page",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("The file", media_type="application/octet-stream")},
    listed=False,
)
