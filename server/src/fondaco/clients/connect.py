"""Creation of the HTTP client for an engine."""

import ssl
from collections.abc import Mapping
from functools import cache
from math import inf

from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import HttpClient
from fondaco.clients.pool import HttpPool


def connect(
    base_url: str,
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
    connections: int = 256,
    connect_timeout_s: float = 5.0,
    first_byte_timeout_s: float = 120.0,
    chunk_timeout_s: float = inf,
    total_timeout_s: float = 1800.0,
) -> HttpClient:
    """Return the client for an engine; it connects at the first request, in that event loop.

    Args:
        base_url: `http://` or `https://`; paths of requests are appended to its path.
        key: sent as bearer token; empty for none.
        headers: further headers of every request.
        connections: the most open connections; further requests wait in line.
        connect_timeout_s: for a slot in the pool and the connection itself.
        first_byte_timeout_s: from the request to the end of the response's head.
        chunk_timeout_s: from there, and from each part of the response, to the next one.
        total_timeout_s: from the request to the end of the response.

    Raises:
        ValueError: the URL, the key or a header is unusable.
    """
    address = BaseUrl.parse(base_url)
    return HttpPool(
        address,
        key=key,
        headers=headers,
        connections=connections,
        connect_timeout_s=connect_timeout_s,
        first_byte_timeout_s=first_byte_timeout_s,
        chunk_timeout_s=chunk_timeout_s,
        total_timeout_s=total_timeout_s,
        tls=ssl_context() if address.scheme == "https" else None,
    )


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the TLS context with the system's certificates; created once, for all engines."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
