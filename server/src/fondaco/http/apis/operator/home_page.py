"""GET /: the dashboard or a plain page; text for clients that do not ask for HTML."""

from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from fondaco import __version__
from fondaco.domain.models.model import AnyModel
from fondaco.http.apis.operator import docs_site
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.origins.session_cookie import is_https
from fondaco.http.endpoint.accept import preferred
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.platform import Platform

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SITE_LINK = '<li><a href="docs/">Documentation</a></li>\n'


async def run(context: RequestContext[None, None]) -> Response:
    """Send the page; what it names is public, as `GET /api/v1/models` is."""
    exchange, models = context.exchange, tuple(_models(context.platform))
    origin = _origin(exchange)
    is_page = wants_html(exchange)
    written = _page(origin, models) if is_page else _text(origin, models)
    return Response(
        written.encode(),
        media_type=b"text/html; charset=utf-8" if is_page else b"text/plain; charset=utf-8",
        headers=[
            (b"content-security-policy", _POLICY),
            (b"cache-control", b"no-store"),
            (b"vary", b"accept"),
        ],
    )


def wants_html(exchange: Exchange) -> bool:
    """Whether a page is preferred to text, as browsers do."""
    accept = exchange.headers.get(b"accept", b"*/*").decode("latin-1")
    return preferred(accept, ("text/plain", "text/html")) == "text/html"


def _models(platform: Platform) -> Iterator[tuple[AnyModel, str]]:
    """Yield each model with its state."""
    serves = platform.reachability.serves
    for model in platform.catalogue.models():
        if not model.available:
            yield model, "not installed"
        else:
            yield model, "ready" if serves(model.engines) else "no engine answers"


def _origin(exchange: Exchange) -> str:
    """Return the address that the caller used; its scheme is unknown behind a proxy that says nothing."""
    scheme = "https" if is_https(exchange) else "http"
    return f"{scheme}://{exchange.authority.decode('latin-1')}"


def _page(origin: str, models: tuple[tuple[AnyModel, str], ...]) -> str:
    rows = "\n".join(
        f"<tr><td><code>{escape(model.id)}</code></td><td>{escape(model.type.value)}</td>"
        f"<td>{escape(state)}</td></tr>"
        for model, state in models
    )
    return _template().substitute(
        version=__version__,
        origin=escape(origin),
        models=rows,
        documentation=_SITE_LINK if docs_site.is_built() else "",
    )


def _text(origin: str, models: tuple[tuple[AnyModel, str], ...]) -> str:
    named = "\n".join(f"  {model.id} ({model.type.value}): {state}" for model, state in models)
    return (
        f"Fondaco {__version__} is running.\n\nModels:\n{named}\n\n"
        f"For OpenAI's clients: {origin}/v1\nFor Anthropic's clients: {origin}\n"
        f"For Venice's clients: {origin}/api/v1\nDocumentation: {origin}/{docs_site.location()}\n"
    )


@cache
def _template() -> Template:
    return Template(files("fondaco.http").joinpath("assets", "home.html").read_text("utf-8"))


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/",
    run=run,
    summary="What runs here",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("A page", media_type="text/html")},
    listed=False,
)
