"""Base URLs of engines, and the fixed headers of every request."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """An engine's base URL, parsed."""

    scheme: str
    host: str
    port: int
    prefix: str
    """The URL's path without a final slash; empty for the root."""

    @classmethod
    def parse(cls, base_url: str) -> "BaseUrl":
        """Parse a base URL.

        Raises:
            ValueError: it is not a plain HTTP URL; the message never contains credentials.

        >>> BaseUrl.parse("http://[::1]:8001/v1/")
        BaseUrl(scheme='http', host='::1', port=8001, prefix='/v1')
        """
        parts = urlsplit(base_url)
        if parts.username or parts.password:
            raise ValueError(
                "An engine's URL contains credentials. Move them to the engine's `key`."
            )
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{base_url!r} is not an http:// or https:// address.")
        if parts.query or parts.fragment or not base_url.isascii() or not base_url.isprintable():
            raise ValueError(
                f"{base_url!r} contains a query, a fragment or invalid characters. Remove them."
            )
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def target(self, path: str) -> str:
        """Return the request target of a path below the base URL; `/..` steps out of it.

        >>> BaseUrl.parse("http://gpu:8000/v1").target("/../tokenize")
        '/tokenize'
        """
        return posixpath.normpath(self.prefix + path)


def fixed_headers(key: str, extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers of every request to an engine.

    Raises:
        ValueError: a value is not valid in a header; the message does not contain it.
    """
    headers = {"User-Agent": "fondaco", "Accept-Encoding": "identity"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    headers |= extra or {}
    return expect_fit(headers)


def expect_fit(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers if they are valid.

    Raises:
        ValueError: one is invalid; the message does not contain its value.
    """
    for name, value in headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise ValueError(f"The header {name!r} of an engine contains invalid characters.")
    return dict(headers)
