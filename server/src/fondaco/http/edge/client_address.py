"""Client addresses: the address a request comes from, directly or through trusted proxies."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from fondaco.http.exchange.exchange import Exchange

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOME_BITS = 64
"""Prefix length of an IPv6 subscriber, all of whose addresses count as one client."""

_FORWARDED = (
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-real-ip",
    b"forwarded",
    b"via",
)
_OWN_NAMES = frozenset({b"", b"localhost", b"127.0.0.1", b"[::1]"})


class ClientAddresses:
    """Identifies clients by address; `X-Forwarded-For` counts as far as trusted proxies wrote it."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        """Trust proxies of these addresses and networks."""
        self._trusted = [ipaddress.ip_network(proxy) for proxy in trusted_proxies]

    def of(self, exchange: Exchange) -> str:
        """Return the client's address: the nearest one that is not a trusted proxy."""
        nearest = _address(exchange.client)
        if nearest is None or not self._trusts(nearest):
            return _shown(nearest)
        for hop in reversed(exchange.forwarded_for()):
            address = _address(hop)
            if address is None:
                break  # a proxy that hides its client counts as the client
            nearest = address
            if not self._trusts(nearest):
                break
        return _shown(nearest)

    def loopback(self, exchange: Exchange) -> bool:
        """Whether a program on this machine sent the request itself.

        Requests that a local proxy forwards do not count: they come from a trusted address, have
        forwarding headers, or name a public host.
        """
        nearest = _address(exchange.client)
        if nearest is None or not nearest.is_loopback or self._trusts(nearest):
            return False
        headers = exchange.headers
        if any(header in headers for header in _FORWARDED):
            return False
        return {_name(exchange.authority), _name(headers.get(b"host", b""))} <= _OWN_NAMES

    def limited(self, client: str) -> str | None:
        """Return the address under which a client's connections are counted; None: they are not.

        Local programs and trusted proxies have no limit, because they act for many clients.
        """
        address = _address(client)
        if address is None or address.is_loopback or self._trusts(address):
            return None
        return _shown(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _name(authority: bytes) -> bytes:
    """Return the host of an authority, without its port."""
    host = authority.lower()
    return host if host.endswith(b"]") else host.rpartition(b":")[0] or host


def _address(text: str) -> Address | None:
    """Parse an address as proxies write it: plain, with a port, or in brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _shown(address: Address | None) -> str:
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _HOME_BITS), strict=False))
    return str(address)
