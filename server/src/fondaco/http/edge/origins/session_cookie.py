"""Session cookies: their names, and the requests in which one counts.

A browser sends a cookie with every request to a host, whatever page caused it. One counts only where the
request shows that a page of this server sent it: it has a header that no other page may send, and its origin
is the server's own.

Browsers send a host's cookies to all of its ports, so programs of other ports see them. The cookie is therefore
one half of the session's token. The page keeps the other half where only pages of its own origin can read it, and
sends it in the header.
"""

import re
from typing import Final
from urllib.parse import quote

from fondaco.domain.errors import AuthenticationFailedError, UnauthorizedError
from fondaco.http.exchange.exchange import Exchange, Header

PAGE_HEADER: Final = b"x-fondaco-dashboard"
"""The header of requests by the dashboard's pages; browsers let pages of other origins send none such.

Its value is the page's half of the token, or `1` before the page has one. The response to a log-in brings the half.
"""
TOKEN_HEADER: Final = b"x-fondaco-session"
"""The header in which programs, which have no cookies, send the whole token of a session."""

_PAGE_HALF = 21
"""Characters of a token that the page keeps: 125 random bits, and 131 are left to the cookie."""

_DEFAULT_PORTS = {b"http": b"80", b"https": b"443"}
_OWN_SITES = (b"same-origin", b"none")
_SAFE_METHODS = ("GET", "HEAD")
_SHOWN = 100
_PATH_CHARACTERS = "/:@!$&'()*+,=~"
"""Characters of a path that its URL has as they are, but for the one that ends a cookie's attribute."""
_NO_NAME = re.compile("[^0-9A-Za-z]+")


def token_in(exchange: Exchange, *, cookies: bool) -> str | None:
    """Return the token of the session that a request belongs to; None: it belongs to none.

    Args:
        exchange: the request.
        cookies: whether cookies count at all.

    Raises:
        UnauthorizedError: its cookie was sent by a page of another site.
    """
    if (sent := exchange.headers.get(TOKEN_HEADER)) is not None:
        return sent.decode("latin-1")
    if not cookies or PAGE_HEADER not in exchange.headers:
        return None
    cookie = _cookie(exchange)
    if cookie is None:
        return None
    expect_own_page(exchange)
    return cookie + exchange.headers[PAGE_HEADER].decode("latin-1")


def expect_own_page(exchange: Exchange) -> None:
    """Return if a page of this server sent the request.

    Raises:
        AuthenticationFailedError: it lacks the header that pages of this server send.
        UnauthorizedError: its origin is another one, or none is named and the request may change something.
    """
    headers = exchange.headers
    if PAGE_HEADER not in headers:
        raise AuthenticationFailedError(
            f"{AuthenticationFailedError.default}: sessions of the dashboard need the header "
            f"{PAGE_HEADER.decode()}."
        )
    if headers.get(b"sec-fetch-site", b"none") not in _OWN_SITES:
        raise UnauthorizedError(
            "A page of another site sent this request, so the dashboard's session is not accepted."
        )
    origin = headers.get(b"origin")
    if origin is None:
        if exchange.method not in _SAFE_METHODS:
            raise UnauthorizedError(
                "The request has no Origin, so the dashboard's session is not accepted."
            )
    elif not _is_own(origin, exchange):
        raise UnauthorizedError(
            f"The Origin {_shown(origin)} is not that of this server, which is asked for as "
            f"{_shown(exchange.authority)}: the dashboard's session is not accepted. A proxy in "
            "front must forward the Host header unchanged."
        )


def session_cookie(exchange: Exchange, token: str, lifetime_s: float) -> Header:
    """Return the header that sets the cookie of a session with this token; a lifetime of 0 deletes it.

    Where the application is mounted below a path, browsers send the cookie below that path alone.
    """
    secure = "; Secure" if is_https(exchange) else ""
    path = quote(exchange.mount, safe=_PATH_CHARACTERS) or "/"
    value = f"{_name(exchange)}={token[:-_PAGE_HALF]}; Path={path}; Max-Age={int(lifetime_s)}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", value.encode()


def page_half(token: str) -> Header:
    """Return the header that gives the page its half of a session's token."""
    return PAGE_HEADER, token[-_PAGE_HALF:].encode()


def is_https(exchange: Exchange) -> bool:
    """Whether the caller speaks HTTPS, to this server or to a proxy that says so."""
    nearest = exchange.headers.get(b"x-forwarded-proto", b"").partition(b",")[0]
    return exchange.secure or nearest.strip().lower() == b"https"


def _name(exchange: Exchange) -> str:
    """Return the name of the cookie: with the port, as browsers send one host's cookies to all its ports.

    The path of a mount is in it for the same reason: the cookie of an application at `/` is sent to one at `/ai`.
    The prefix keeps other servers below the same domain from setting it, or, of an application that is mounted
    below a path, pages without TLS.

    Source: RFC 6265bis, 4.1.3, "Cookie Name Prefixes".
    """
    _, port = _host_and_port(exchange.authority)
    parts = ["fondaco_session", port.decode(), _NO_NAME.sub("_", exchange.mount.strip("/"))]
    name = "_".join(part for part in parts if part)
    if not is_https(exchange):
        return name
    return f"__Secure-{name}" if exchange.mount else f"__Host-{name}"


def _cookie(exchange: Exchange) -> str | None:
    """Return the cookie's half of the token; None: it is absent, or sent twice with different values."""
    name = _name(exchange).encode()
    pairs = (pair.partition(b"=") for pair in exchange.headers.get(b"cookie", b"").split(b";"))
    values = {value.strip() for found, _, value in pairs if found.strip() == name}
    return values.pop().decode("latin-1") if len(values) == 1 else None


def _is_own(origin: bytes, exchange: Exchange) -> bool:
    scheme, _, authority = origin.lower().partition(b"://")
    default = _DEFAULT_PORTS.get(scheme)
    if default is None or (is_https(exchange) and scheme != b"https"):
        return False
    host, port = _host_and_port(authority)
    own_host, own_port = _host_and_port(exchange.authority.lower())
    return (host, port or default) == (own_host, own_port or default)


def _host_and_port(authority: bytes) -> tuple[bytes, bytes]:
    """Return the host, and the port where it is named."""
    if authority.endswith(b"]") or b":" not in authority:
        return authority, b""
    host, _, port = authority.rpartition(b":")
    return host, port


def _shown(text: bytes) -> str:
    return repr(text.decode("latin-1")[:_SHOWN])
