"""Address policy: which addresses the egress client may connect to."""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local; where clouds hand out their machines' credentials
        "fe80::/10",
        "fd00:ec2::254/128",  # the same by IPv6: Amazon, Google
        "fd20:ce::254/128",
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure, and looks public
        "0.0.0.0/8",
        "::/128",
    )
)
"""Refused whatever a policy says."""

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # relays into 6to4
        "240.0.0.0/4",
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",  # examples
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # examples
    )
)
"""What `is_global` lets pass, in one version of Python or another."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that has been given out; mapped and translated IPv4 (NAT64) lies outside of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What else than the public internet may be fetched, and from which ports."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})

    def permits(self, host: str, port: int) -> bool:
        """Whether a connection to an address, as the resolver or a URL spells it, may be opened.

        >>> Policy().permits("93.184.215.14", 443), Policy().permits("10.0.0.1", 443)
        (True, False)
        """
        try:
            address = ipaddress.ip_address(host)
        except ValueError:  # no address, or one in a notation of its own
            return False
        if port not in self.ports or _in(address, _NEVER):
            return False
        return is_public(address) or _in(address, self.networks)


PUBLIC = Policy()
"""The public internet alone."""


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to one machine of the public internet, under its own name.

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
