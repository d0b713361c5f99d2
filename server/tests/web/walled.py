"""A world in which every address is this machine, and every connection is seen.

Run as a program within a network namespace of its own, where nothing leads out. There the whole
address space is routed to the loopback interface, so whoever dials a cloud's metadata service, a
private network or the public internet reaches a site of ours, and a name server of ours answers
for whichever one the system asks. Reads what to try from stdin as JSON; writes what came of it.
"""

import json
import socket
import struct
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from fcntl import ioctl
from typing import TypeAlias
from urllib.parse import unquote

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, UDPSocket

from fondaco.domain.models.model import Capabilities
from fondaco.domain.web import PageError
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.web.egress import EgressClient
from fondaco.web.files import WebFiles
from fondaco.web.pages import WebPages
from house import TOY, house

PORTS = (22, 80, 443, 8080)
FENCE = "203.0.113.77"
"""Dialled by nobody but us, to know that whoever dialled before has been seen."""
PUBLIC = "93.184.215.14"
BOMB_BYTES = 200_000_000
_TOTAL_TIMEOUT_S, _ATTEMPT_TIMEOUT_S = 2.0, 20.0
_UP = struct.pack("16sH14x", b"lo", 0x1 | 0x8 | 0x40)  # up, loopback, running
_SIOCSIFFLAGS = 0x8914
_NEW_ROUTE, _REQUEST, _ACK, _CREATE = 24, 0x1, 0x4, 0x400
_MAIN, _BOOT, _HOST, _LOCAL = 254, 4, 254, 2
_TO_LOOPBACK = struct.pack("HHI", 8, 4, 1)  # by the interface 1
_A, _AAAA = 1, 28

Table: TypeAlias = Mapping[str, Sequence[Sequence[str]]]
"""Host -> its addresses: each question takes the next of its answers, the last one stays."""
Came: TypeAlias = dict[str, object]


def claim_all_addresses() -> None:
    """Bring the loopback interface up, and make every address one of this machine."""
    with socket.socket() as any_socket:
        ioctl(any_socket, _SIOCSIFFLAGS, _UP)
    for family in (socket.AF_INET, socket.AF_INET6):
        route = struct.pack("8BI", family, 0, 0, 0, _MAIN, _BOOT, _HOST, _LOCAL, 0) + _TO_LOOPBACK
        head = struct.pack("IHHII", 16 + len(route), _NEW_ROUTE, _REQUEST | _ACK | _CREATE, 1, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as netlink:
            netlink.send(head + route)
            (error,) = struct.unpack("i", netlink.recv(4096)[16:20])
            if error:
                raise OSError(-error, "The kernel takes no route.")


@dataclass
class World:
    """Sites at every address, and the names that lead to them."""

    names: Table
    reached: list[str] = field(default_factory=list)
    """Who was dialled, as `address:port`, in order."""
    questions: list[str] = field(default_factory=list)
    """Names that were asked for by IPv4."""
    _fences: dict[int, anyio.Event] = field(default_factory=dict)

    async def since(self, start: int) -> list[str]:
        """Return who was dialled from a place on, once all who dialled are sure to be seen."""
        for port in PORTS:
            seen = self._fences[port] = anyio.Event()
            async with await anyio.connect_tcp(FENCE, port):
                await seen.wait()
        return self.reached[start:]

    async def site(self, stream: SocketStream) -> None:
        """Answer one request by its path: `/to?URL`, `/bomb`, `/flood`, `/drip`, or a page."""
        local = stream.extra(SocketAttribute.local_address)  # noqa: S610 - no Django here
        assert not isinstance(local, str)
        host, port = local
        if host == FENCE:
            self._fences[port].set()
        else:
            self.reached.append(f"{host}:{port}")
        async with stream:
            try:
                head = (await stream.receive()).decode("latin-1")
                await answer(stream, head.split(" ")[1])
            except (anyio.EndOfStream, anyio.BrokenResourceError, IndexError):
                return

    async def serve_names(self, server: UDPSocket) -> None:
        """Answer questions for names, by UDP."""
        async for packet, (host, port) in server:
            await server.sendto(self._answer(packet), host, port)

    def _answer(self, packet: bytes) -> bytes:
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        asked = packet[12 : at + 5]
        (kind,) = struct.unpack(">H", packet[at + 1 : at + 3])
        found = self._found(".".join(labels), kind)
        known = 0 if ".".join(labels) in self.names else 3  # no such name
        head = packet[:2] + struct.pack(">5H", 0x8180 | known, 1, len(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHI", kind, 1, 0)
        return head + asked + b"".join(record + struct.pack(">H", len(a)) + a for a in found)

    def _found(self, name: str, kind: int) -> list[bytes]:
        self.questions += [name] * (kind == _A)
        answers = self.names.get(name, [[]])
        time = max(self.questions.count(name), 1)
        now = answers[min(time, len(answers)) - 1]
        if kind == _AAAA:
            return [socket.inet_pton(socket.AF_INET6, host) for host in now if ":" in host]
        return [socket.inet_aton(host) for host in now if ":" not in host] if kind == _A else []


async def answer(stream: SocketStream, path: str) -> None:
    """Answer one request by its path."""
    ok = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    match path.partition("?"):
        case "/to", _, target:
            location = unquote(target).encode()
            await stream.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n")
            await stream.send(b"Location: %b\r\n\r\n" % location)
        case "/bomb", _, _:
            await stream.send(ok + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        case "/flood", _, _:
            await stream.send(ok + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(BOMB_BYTES // 65_536):
                await stream.send(b"10000\r\n" + b"0" * 65_536 + b"\r\n")
        case "/drip", _, _:
            await stream.send(ok + b"Content-Length: 1000\r\n\r\n")
            for _ in range(1000):
                await stream.send(b"0")
                await anyio.sleep(0.02)
        case _:
            await stream.send(ok + b"Content-Length: 5\r\n\r\nhello")


@asynccontextmanager
async def world(names: Table) -> AsyncGenerator[World]:
    one = World(names)
    async with anyio.create_task_group() as tasks:
        for port in PORTS:
            for family in (socket.AF_INET, socket.AF_INET6):
                bound = socket.create_server(("", port), family=family, backlog=128)
                listener = await SocketListener.from_socket(bound)
                tasks.start_soon(listener.serve, one.site)
        asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asked.bind(("", 53))
        tasks.start_soon(one.serve_names, await UDPSocket.from_socket(asked))
        yield one
        tasks.cancel_scope.cancel()


async def tried(one: World, attempt: Callable[[], Awaitable[str]]) -> Came:
    """Return what an attempt ends with, and who was dialled meanwhile."""
    start = len(one.reached)
    with anyio.fail_after(_ATTEMPT_TIMEOUT_S):
        ended = await attempt()
        return {"ended": ended, "reached": await one.since(start)}


async def by_door(one: World, urls: Sequence[str]) -> list[Came]:
    """Fetch URLs by the door, one after another."""
    egress = EgressClient(total_timeout_s=_TOTAL_TIMEOUT_S)

    async def fetch(url: str) -> str:
        try:
            return (await egress.fetch(url, {"text/html"})).body.decode()
        except PageError as error:
            return type(error).__name__

    try:
        return [await tried(one, lambda url=url: fetch(url)) for url in urls]  # type: ignore[misc]  # a default
    finally:
        await egress.aclose()


async def by_chat(one: World, urls: Sequence[str]) -> list[Came]:
    """Name URLs in calls of a whole server: as pages to read, and as images to show."""
    seeing = replace(TOY, capabilities=Capabilities(vision=True))
    pages, files = WebPages(EgressClient), WebFiles(EgressClient)
    async with house(models=(seeing,), web_retrieval=WebRetrieval(pages), files=files) as server:

        async def scrape(url: str) -> str:
            own = {"enable_web_scraping": True}
            said = [{"role": "user", "content": f"What is at {url} ?"}]
            reply = await server.chat(messages=said, max_tokens=2, venice_parameters=own)
            notes = reply.json()["venice_parameters"].get("web_notes", ())
            return f"{reply.status_code} " + " ".join(note["code"] for note in notes)

        async def show(url: str) -> str:
            parts = [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": url}},
            ]
            reply = await server.chat(messages=[{"role": "user", "content": parts}], max_tokens=2)
            return f"{reply.status_code} {reply.json().get('code')}"

        came = [await tried(one, lambda url=url: scrape(url)) for url in urls]  # type: ignore[misc]  # a default
        came += [await tried(one, lambda url=url: show(url)) for url in urls]  # type: ignore[misc]  # a default
    await pages.aclose()
    await files.aclose()
    return came


async def main() -> None:
    """Try what stdin names, and write what came of it."""
    asked = json.load(sys.stdin)
    claim_all_addresses()
    async with world(asked["names"]) as one:
        came = {
            "door": await by_door(one, asked["door"]),
            "chat": await by_chat(one, asked["chat"]),
            "questions": one.questions,
        }
    json.dump(came, sys.stdout)


if __name__ == "__main__":
    anyio.run(main)
