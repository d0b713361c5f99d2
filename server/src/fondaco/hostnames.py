"""Host names and origins in the settings: refused unless a request could carry them exactly so."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*\.?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
ANY = "*"


def host_name(address: str) -> str:
    """Return the `Host` of requests to an address: IPv6 stands in brackets.

    >>> host_name("2001:db8::1"), host_name("10.0.0.1"), host_name("localhost")
    ('[2001:db8::1]', '10.0.0.1', 'localhost')
    """
    try:
        return _bracketed(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return address


def reachable(address: str) -> str:
    """Return an address at which programs of this machine reach a server that listens on `address`.

    >>> reachable("0.0.0.0"), reachable("::"), reachable("10.0.0.1"), reachable("localhost")
    ('127.0.0.1', '::1', '10.0.0.1', 'localhost')
    """
    try:
        listens_on = ipaddress.ip_address(address)
    except ValueError:
        return address
    if not listens_on.is_unspecified:
        return address
    return "127.0.0.1" if listens_on.version == 4 else "::1"  # noqa: PLR2004


def url_of(host: str, port: int) -> str:
    """Return the URL of a server, without a path.

    >>> url_of("127.0.0.1", 8000), url_of("::1", 8000)
    ('http://127.0.0.1:8000', 'http://[::1]:8000')
    """
    return f"http://{host_name(host)}:{port}"


def is_loopback(address: str) -> bool:
    """Whether only programs of this machine reach an address that a server listens on.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _host(text: str) -> str:
    """Return a host as `Host` headers show it, in small letters.

    >>> _host("AI.example.com"), _host("[::1]"), _host("10.0.0.1"), _host("*")
    ('ai.example.com', '[::1]', '10.0.0.1', '*')
    """
    if text == ANY:
        return text
    normalized = _host_of(text if "://" in text else f"//{text}", text)
    if text.lower() != normalized:
        raise ValueError(f"not a host name as sent in requests; write {normalized!r}")
    return normalized


def _origin(text: str) -> str:
    """Return an origin as browsers send it.

    >>> _origin("https://app.example.com"), _origin("http://localhost:3000"), _origin("*")
    ('https://app.example.com', 'http://localhost:3000', '*')

    Source: RFC 6454, section 6.2: scheme and host in small letters, no default port, no path.
    """
    if text in (ANY, "null"):
        return text
    parts = _split(text if "://" in text else f"https://{text}")
    if _SCHEME.fullmatch(parts.scheme) is None:
        raise ValueError("not an origin; write it as 'https://app.example.com'")
    host, port = _host_of(f"//{parts.netloc}", text), _port(parts)
    shown = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    normalized = f"{parts.scheme}://{host}{shown}"
    if text != normalized:
        raise ValueError(f"not an origin as browsers send it; write {normalized!r}")
    return normalized


def _listen(text: str) -> str:
    """Return an address to listen on."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if _NAME.fullmatch(text.lower()) is None:
            raise ValueError(
                "not an address to listen on; write an IP address, such as '127.0.0.1' or '0.0.0.0' "
                "for all, and the port in server.port"
            ) from None
    return text


def _host_of(url: str, text: str) -> str:
    try:
        return _bracketed(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        name = _split(url).hostname or ""
    try:
        return _bracketed(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        name = ""
    if _NAME.fullmatch(name) is None:
        raise ValueError("not a host name; only `*` alone stands for any")
    return name


def _bracketed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("not an address") from None


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("the port is not a number up to 65535") from None


HostName = Annotated[str, AfterValidator(_host)]
"""Value of a `Host` header, without a port; `*` for anything."""
Origin = Annotated[str, AfterValidator(_origin)]
"""Value of an `Origin` header; `*` for anything."""
ListenAddress = Annotated[str, AfterValidator(_listen)]
"""An address of this machine, or a name for one."""
