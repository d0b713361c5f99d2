"""CORS: lets pages of origins that the operator names call the API from a browser.

Source: the Fetch standard, "HTTP CORS protocol".
"""

from collections.abc import Iterable

from fondaco.http.endpoint.responses import Response
from fondaco.http.exchange.exchange import Exchange

METHODS = b"GET, HEAD, POST, PATCH, DELETE"
_DAY_S = b"86400"


class Cors:
    """Allows pages of some origins (`*`: any) to call the API, without cookies."""

    def __init__(self, origins: Iterable[str]) -> None:
        allowed = frozenset(origin.encode() for origin in origins)
        self._any = b"*" in allowed
        self._allowed = allowed

    def preflight(self, exchange: Exchange) -> Response | None:
        """Let a page of a permitted origin read the response; return the response to a preflight."""
        origin = exchange.headers.get(b"origin")
        if origin is None:
            return None
        permitted = self._any or origin in self._allowed
        if permitted:
            exchange.exposed = True
            exchange.base_lines += b"access-control-allow-origin: %b\r\n%b" % (
                b"*" if self._any else origin,
                b"" if self._any else b"vary: origin\r\n",
            )
        if exchange.method != "OPTIONS" or b"access-control-request-method" not in exchange.headers:
            return None
        if not permitted:
            return Response(b"This origin is not permitted.", b"text/plain; charset=utf-8", 400)
        headers = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-max-age", _DAY_S),
        ]
        requested_headers = exchange.headers.get(b"access-control-request-headers")
        if requested_headers is not None:
            headers.append((b"access-control-allow-headers", requested_headers))
        return Response(b"OK", b"text/plain; charset=utf-8", headers=headers)
