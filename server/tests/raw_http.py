"""HTTP/1.1 by hand: octets over a socket, and the replies that come back.

The reader of replies is strict, so that anything between two of them, or after the last, fails.
"""

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
import anyio.lowlevel
from anyio.abc import ByteReceiveStream, SocketStream

_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [^\r\n]*")


@dataclass(frozen=True)
class Reply:
    """A reply as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes | None
    """None: it has none, although it tells a length; so HEAD is answered."""

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class BrokenReplyError(Exception):
    """What came is no sequence of replies."""


def replies_of(octets: bytes) -> list[Reply]:
    """Return the final replies that octets hold, whole.

    Raises:
        BrokenReplyError: they hold something else, or part of one.
    """
    replies: list[Reply] = []
    while octets:
        head, end, octets = octets.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if not end or status is None:
            raise BrokenReplyError(head[:200])
        headers = {
            name.decode().lower(): value.strip().decode("latin-1")
            for name, _, value in (line.partition(b":") for line in lines)
        }
        if status[1] == b"100":
            continue
        body, octets = _body(headers, octets)
        replies.append(Reply(int(status[1]), headers, body))
    return replies


def _body(headers: dict[str, str], octets: bytes) -> tuple[bytes | None, bytes]:
    """Return a body, and what comes after it."""
    if "content-length" in headers:
        length = int(headers["content-length"])
        if length and not octets:
            return None, b""
        if len(octets) < length:
            raise BrokenReplyError(octets[:200])
        return octets[:length], octets[length:]
    if headers.get("transfer-encoding") != "chunked":
        return octets, b""
    body = b""
    while True:
        line, end, octets = octets.partition(b"\r\n")
        size = int(line, 16)
        if not end or octets[size : size + 2] != b"\r\n":
            raise BrokenReplyError(octets[:200])
        body, octets = body + octets[:size], octets[size + 2 :]
        if not size:
            return body, octets


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncGenerator[SocketStream]:
    """Connect, and close the connection even where the other end has reset it."""
    stream = await anyio.connect_tcp(*address)
    try:
        yield stream
    finally:
        with suppress(OSError):
            await stream.aclose()


async def received(stream: ByteReceiveStream, within_s: float = 10.0) -> bytes:
    """Return all that comes until the connection is closed."""
    octets = b""
    with anyio.fail_after(within_s):
        try:
            while True:
                octets += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return octets


async def sent(stream: SocketStream, pieces: Iterable[bytes]) -> None:
    """Send pieces in packets of their own, unless nobody takes them any more."""
    try:
        for piece in pieces:
            await stream.send(piece)
            await anyio.lowlevel.checkpoint()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


async def exchanged(address: tuple[str, int], *pieces: bytes) -> list[Reply]:
    """Send pieces, then a request that closes the connection; return the replies to the pieces.

    Where one of those closes it, the last request has no reply.
    """
    async with connected(address) as stream:
        await sent(stream, (*pieces, LAST))
        replies = replies_of(await received(stream))
    if not replies or not replies[-1].closes:
        raise BrokenReplyError(replies)
    return replies[:-1] if replies[-1].body is None else replies


LAST = b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
