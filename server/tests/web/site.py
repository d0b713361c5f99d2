"""A site on loopback, and a door that goes there: every other address is the product's to refuse."""

import ipaddress
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fondaco.web.addresses import Policy
from fondaco.web.egress import AddressEntry, EgressClient
from upstream.raw_server import RawServer, listening

LOOPBACK = ipaddress.ip_network("127.0.0.1/32")


def site_policy(port: int) -> Policy:
    return Policy(networks=(LOOPBACK,), ports=frozenset({80, 443, port}))


@dataclass
class Sockets:
    """Opens sockets, and keeps for whom."""

    opened: list[str] = field(default_factory=list)

    def __call__(self, entry: AddressEntry) -> socket.socket:
        self.opened.append(entry[4][0])
        return socket.socket(entry[0], entry[1], entry[2])


@dataclass
class Names:
    """A resolver by a table: each question takes the next answer, the last one stays."""

    table: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        answers = self.table.get(host)
        self.asked.append(host)
        if answers is None:
            # Numbers in any notation are understood without a network; names are not known here.
            found = socket.getaddrinfo(socket.inet_ntoa(socket.inet_aton(host)), port)
            return [str(entry[4][0]) for entry in found]
        return answers[min(self.asked.count(host), len(answers)) - 1]


def http(
    body: bytes = b"", status: str = "200 OK", media_type: str = "text/html", **headers: str
) -> bytes:
    """Return a reply as bytes; `content_encoding="gzip"` becomes a header."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Site:
    """What a test of the door needs."""

    server: RawServer
    egress: EgressClient
    sockets: Sockets
    names: Names

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server.port}{path}"


@asynccontextmanager
async def site(
    names: Mapping[str, Sequence[Sequence[str]]] | None = None,
    *,
    most_bytes: int = 100_000,
    total_timeout_s: float = 10.0,
) -> AsyncGenerator[Site]:
    sockets, resolver = Sockets(), Names(names or {})
    async with listening() as server:
        egress = EgressClient(
            site_policy(server.port),
            most_bytes=most_bytes,
            total_timeout_s=total_timeout_s,
            lookup=resolver,
            opening=sockets,
        )
        try:
            yield Site(server, egress, sockets, resolver)
        finally:
            await egress.aclose()
