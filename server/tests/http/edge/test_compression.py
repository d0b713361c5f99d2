"""Compression: small replies at once, large ones on a thread, and what never changes once."""

import asyncio
import gzip

import brotli
import pytest

from fondaco.http.endpoint.responses import LARGE_BYTES, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.wire.http1_exchange import Http1Exchange
from fondaco.http.wire.request_head import RequestHead
from house import House


class Wire:
    """A connection that keeps what is sent."""

    congested = False

    def __init__(self) -> None:
        self.sent = b""

    def write(self, octets: bytes) -> None:
        self.sent += octets

    def listen(self) -> None:
        """Read on."""

    def answered(self) -> None:
        """Go on."""

    async def drained(self) -> None:
        """Return."""

    def close(self) -> None:
        """Close."""

    def abort(self) -> None:
        """Close."""


def exchange(wire: Wire, method: str = "GET") -> Exchange:
    lines = (f"{method} / HTTP/1.1", "Host: localhost", "Accept-Encoding: br, gzip")
    return Http1Exchange(wire, RequestHead("\r\n".join(lines).encode()), "")


async def test_others_have_their_turn_while_a_large_body_is_compressed() -> None:
    wire = Wire()
    turns: list[int] = []
    one = exchange(wire)
    body = b"0123456789" * LARGE_BYTES
    reply = Response(body)
    asyncio.get_running_loop().call_soon(turns.append, 1)
    await reply.pack(one)
    assert turns == [1]
    reply.send(one)
    head, _, sent = wire.sent.partition(b"\r\n\r\n")
    assert b"content-encoding: br\r\n" in head
    assert b"vary: accept-encoding\r\n" in head
    assert b"content-length: %d" % len(sent) in head
    assert brotli.decompress(sent) == body


def test_a_large_body_is_never_compressed_on_the_event_loop() -> None:
    wire = Wire()
    Response(bytes(LARGE_BYTES + 1)).send(exchange(wire))
    assert b"content-encoding" not in wire.sent


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity"])
@pytest.mark.parametrize("path", ["/openapi.json", "/doc/api/swagger.yaml", "/healthz"])
async def test_every_reply_arrives_whole_in_every_encoding(
    shared: House, path: str, encoding: str
) -> None:
    plain = await shared.client.get(path, headers={"Accept-Encoding": "identity"})
    for _ in range(2):
        reply = await shared.client.get(path, headers={"Accept-Encoding": encoding})
        assert reply.content == plain.content
    head = await shared.client.head(path, headers={"Accept-Encoding": encoding})
    assert head.headers["content-length"] == reply.headers["content-length"]


async def test_what_never_changes_is_compressed_once() -> None:
    body = gzip.compress(b"x" * LARGE_BYTES) + bytes(LARGE_BYTES)
    replies = [Response(body, lasting=True) for _ in range(2)]
    for reply in replies:
        await reply.pack(exchange(Wire()))
    assert replies[0].body is replies[1].body


async def test_media_that_is_compressed_already_is_left_as_it_is() -> None:
    small, large = Response(bytes(2_048), b"image/png"), Response(bytes(2**20), b"audio/mpeg")
    await large.pack(exchange(Wire()))
    assert large.encoding == b""
    for response in (small, large):
        wire = Wire()
        response.send(exchange(wire))
        assert b"content-encoding" not in wire.sent
