"""Peers: which address counts as the sender."""

import pytest

from fondaco.http.edge.client_address import ClientAddresses
from fondaco.http.wire.http1_exchange import Http1Exchange
from fondaco.http.wire.request_head import RequestHead

PROXIES = ("10.0.0.0/8", "2001:db8:1::/48")


class Silence:
    """A connection on which nothing is said."""

    congested = False

    def write(self, octets: bytes) -> None:
        raise AssertionError(octets)

    def listen(self) -> None:
        raise AssertionError

    answered = close = abort = listen

    async def drained(self) -> None:
        raise AssertionError


def peer(client: str, *forwarded: str) -> str:
    lines = [
        "GET / HTTP/1.1",
        "Host: localhost",
        *(f"X-Forwarded-For: {line}" for line in forwarded),
    ]
    head = RequestHead("\r\n".join(lines).encode())
    return ClientAddresses(PROXIES).of(Http1Exchange(Silence(), head, client))


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("192.0.2.9",), "192.0.2.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("192.0.2.9",), "192.0.2.9"),
        ("10.0.0.1", ("192.0.2.8, 192.0.2.9",), "192.0.2.9"),
        ("10.0.0.1", ("192.0.2.8", "192.0.2.9, 10.0.0.2"), "192.0.2.9"),
        ("10.0.0.1", ("192.0.2.8", "10.0.0.2"), "192.0.2.8"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3"),
        ("10.0.0.1", ("192.0.2.9:1234",), "192.0.2.9"),
        ("10.0.0.1", ("192.0.2.8, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("192.0.2.8, unknown, 10.0.0.2",), "10.0.0.2"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("::ffff:10.0.0.1", ("::ffff:192.0.2.9",), "192.0.2.9"),
        ("2001:db8:1::1", ("[2001:db8:2:3:4:5:6:7]:443",), "2001:db8:2:3::/64"),
        ("2001:db8:2:3::1", (), "2001:db8:2:3::/64"),
        ("", (), "unknown"),
    ],
)
async def test_the_sender_is_the_nearest_address_that_is_no_trusted_proxy(
    client: str, forwarded: tuple[str, ...], expected: str
) -> None:
    assert peer(client, *forwarded) == expected
