"""Address policy: which addresses the egress client may connect to."""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "fe80::/10",
        "fd00:ec2::254/128",  # metadata over IPv6: Amazon, Google
        "fd20:ce::254/128",
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's metadata, at an address that looks public
        "0.0.0.0/8",
        "::/128",
    )
)
"""Refused under every policy."""

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments, including Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: embeds an IPv4 address
        "3fff::/20",  # documentation
    )
)
"""Networks that `is_global` accepts in some versions of Python."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""The only IPv6 range assigned for global unicast; mapped and translated IPv4 (NAT64) lie outside it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Networks that may be fetched besides the public internet, and the allowed ports."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})

    def permits(self, host: str, port: int) -> bool:
        """Whether a connection to an address, as written by the resolver or a URL, may be opened.

        >>> Policy().permits("93.184.215.14", 443), Policy().permits("10.0.0.1", 443)
        (True, False)
        """
        try:
            address = ipaddress.ip_address(host)
        except ValueError:  # not an address, or in an unusual notation
            return False
        if port not in self.ports or _in(address, _NEVER):
            return False
        return is_public(address) or _in(address, self.networks)


PUBLIC = Policy()
"""The public internet only."""


def is_public(address: IpAddress) -> bool:
    """Whether an address is a public unicast address, not one that maps to another.

    >>> is_public(ipaddress.ip_address("::ffff:93.184.215.14"))
    False
    """
    if not address.is_global or address.is_multicast or _in(address, _NOT_PUBLIC):
        return False
    return address.version == 4 or _in(address, (_UNICAST,))  # noqa: PLR2004 - the version's name


def _in(address: IpAddress, networks: tuple[Network, ...]) -> bool:
    if address.version == 6 and address.scope_id is not None:  # noqa: PLR2004 - the version's name
        return False  # `fe80::1%eth0` is in no network, and never permitted
    return any(address.version == net.version and address in net for net in networks)
