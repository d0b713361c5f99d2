"""Proxy selection from the environment."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


@dataclass(frozen=True, slots=True)
class ProxySetting:
    """A proxy, and the variable that configures it."""

    variable: str
    """`HTTP_PROXY`, say."""
    url: str
    """May hold a password."""


def proxy_for(url: str) -> ProxySetting | None:
    """Return the proxy that leads to an address; None: there is a direct way.

    This machine is never reached by way of a proxy, which would look for it on its own.

    Source:
        https://everything.curl.dev/usingcurl/proxies/env.html
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        return None
    environment = getproxies()
    name = parts.scheme if environment.get(parts.scheme) else "all"
    proxy_url = environment.get(name)
    if not proxy_url or _is_exempt(host, parts.netloc, environment.get("no", "")):
        return None
    return ProxySetting(
        f"{name.upper()}_PROXY", proxy_url if "://" in proxy_url else f"http://{proxy_url}"
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, by its name or address alone.

    >>> is_loopback("localhost"), is_loopback("127.8.0.1"), is_loopback("::1")
    (True, True, True)
    >>> is_loopback("localhost.example"), is_loopback("10.0.0.1")
    (False, False)
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    address = _address(name)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address is not None and (mapped or address).is_loopback


def _is_exempt(host: str, netloc: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY names a host: by its name, a domain of it, or a network around it."""
    if proxy_bypass(netloc):
        return True
    address = _address(host)
    if address is None:
        return False
    return any(address in network for network in map(_network, no_proxy.split(",")) if network)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip().replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
