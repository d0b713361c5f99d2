"""GET /, and GET /dashboard/{file}: the dashboard's page and its files."""

from typing import Final

from fondaco.domain.errors import NotFoundError
from fondaco.http.apis.dashboard.tree import StaticFile, tree
from fondaco.http.apis.operator import home_page
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import WORTH_COMPRESSING, Response, better_encoding
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import lines_of

_POLICY: Final = (
    b"default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PROTECTION: Final = lines_of(
    (
        (b"content-security-policy", _POLICY),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )
)
"""No script but the server's own, no page around it, no word to others of where it was."""
_PAGE: Final = _PROTECTION + lines_of(((b"cache-control", b"no-store"), (b"vary", b"accept")))
_FILE: Final = _PROTECTION + lines_of(((b"cache-control", b"public, max-age=31536000, immutable"),))


async def run_index(context: RequestContext[None, None]) -> Response:
    """Send the dashboard to browsers, and to other clients what runs here, as text."""
    if not home_page.wants_html(context.exchange):
        return await home_page.run(context)
    return Response(tree().page, media_type=b"text/html; charset=utf-8", lines=_PAGE, lasting=True)


async def run_file(context: RequestContext[None, None]) -> Response:
    """Send a file of the dashboard, under the hash of all files."""
    folder, _, path = context.path["file"].partition("/")
    files = tree()
    file = files.files.get(path) if folder == files.hash else None
    if file is None:
        raise NotFoundError
    return await _response(file, context.exchange)


async def _response(file: StaticFile, exchange: Exchange) -> Response:
    accepted = better_encoding(exchange.headers.get(b"accept-encoding", b""))
    if accepted != b"br" or len(file.content) < WORTH_COMPRESSING:
        return Response(file.content, media_type=file.media_type, lines=_FILE, lasting=True)
    packed = await file.brotli()
    return Response(packed, media_type=file.media_type, lines=_FILE, encoding=b"br", exact=True)


INDEX_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/",
    run=run_index,
    summary="The dashboard",
    tag="Dashboard",
    access=Access.ANYBODY,
    at_any_address=True,
    responses={200: Content("A page", media_type="text/html")},
    listed=False,
)
FILE_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/dashboard/{file}",
    run=run_file,
    summary="A file of the dashboard",
    tag="Dashboard",
    access=Access.ANYBODY,
    at_any_address=True,
    slashes=True,
    responses={200: Content("The file", media_type="application/octet-stream")},
    listed=False,
)
