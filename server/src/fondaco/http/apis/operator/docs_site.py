"""The documentation as a site, where it has been built: GET /docs, GET /docs/ and GET /docs/{path}.

Without it, `/docs` and `/docs/` redirect to the documentation page of the API.
"""

from http import HTTPStatus
from pathlib import Path

from anyio import to_thread

from fondaco.domain.errors import NotFoundError
from fondaco.http.apis.operator.site_files import SiteFile, find, policy
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, PathParameter, RequestContext
from fondaco.http.endpoint.responses import Response
from fondaco.http.exchange.exchange import Header

SITE = Path(__file__).parents[2] / "assets" / "docs"
"""The folder into which `make docs` builds the site."""

_FOREVER = b"public, max-age=31536000, immutable"
_ASK_EACH_TIME = b"no-cache"


def is_built() -> bool:
    """Whether this installation has the site."""
    return (SITE / "index.html").is_file()


def location() -> str:
    """Return the path of the documentation, relative to the server's root: the site or the API's page."""
    return "docs/" if is_built() else "doc"


async def run_beside(context: RequestContext[None, None]) -> Response:
    """Redirect to the site's first page, or to the documentation page of the API."""
    return _redirect(location().encode())


async def run_index(context: RequestContext[None, None]) -> Response:
    """Send the first page of the site."""
    if not is_built():
        return _redirect(b"../doc")
    return await _respond(context, "")


async def run_file(context: RequestContext[None, None]) -> Response:
    """Send a page or another file of the site."""
    if not is_built():
        raise NotFoundError(
            "The documentation site is not part of this installation. Build it with 'make docs' in "
            "a checkout; the API is documented at /doc."
        )
    return await _respond(context, context.path["path"])


async def _respond(context: RequestContext[None, None], path: str) -> Response:
    try:
        file = await to_thread.run_sync(find, SITE, path)
    except IsADirectoryError:
        return _redirect(path.rpartition("/")[2].encode() + b"/")
    if file is None:
        return await _not_found(path)
    headers: list[Header] = [
        (b"etag", file.etag),
        (b"cache-control", _FOREVER if file.immutable else _ASK_EACH_TIME),
        (b"content-security-policy", file.policy),
    ]
    if _is_known(file, context.exchange.headers.get(b"if-none-match", b"")):
        return Response(b"", file.media_type, HTTPStatus.NOT_MODIFIED, headers)
    return Response(file.body, file.media_type, headers=headers, lasting=True)


async def _not_found(path: str) -> Response:
    """Return the site's page for unknown addresses; its links start at the site's root."""
    file = await to_thread.run_sync(find, SITE, "404.html")
    if file is None:
        raise NotFoundError
    root = b"../" * path.count("/")
    body = file.body.replace(b'"./', b'"./' + root)
    headers: list[Header] = [
        (b"cache-control", _ASK_EACH_TIME),
        (b"content-security-policy", policy(body)),
    ]
    return Response(body, file.media_type, HTTPStatus.NOT_FOUND, headers)


def _is_known(file: SiteFile, known: bytes) -> bool:
    """Whether `If-None-Match` matches the current file; validators compare weakly (RFC 9110, 13.1.2)."""
    named = {one.strip().removeprefix(b"W/") for one in known.split(b",")}
    return file.etag in named or b"*" in named


def _redirect(location: bytes) -> Response:
    """Return a redirect; its address is relative, since the server may be mounted below a path."""
    return Response(b"", b"text/plain", HTTPStatus.TEMPORARY_REDIRECT, [(b"location", location)])


BESIDE_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/docs",
    run=run_beside,
    summary="The documentation, by a name without a slash",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={307: Content("Where it is", media_type="text/plain")},
    listed=False,
)
INDEX_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/docs/",
    run=run_index,
    summary="The documentation",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("A page", media_type="text/html")},
    listed=False,
)
FILE_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/docs/{path}",
    run=run_file,
    summary="A file of the documentation",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("The file", media_type="application/octet-stream")},
    parameters={"path": PathParameter("The file's path", "tutorial/getting-started/")},
    slashes=True,
    listed=False,
)
