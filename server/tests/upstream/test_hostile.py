"""Replies without end, and engines that fall silent: each costs a bounded share of bytes and of time."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream

from fondaco.clients import connection
from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import (
    ChunkTimeoutError,
    FirstByteTimeoutError,
    HttpClient,
    IncompleteResponseError,
)
from fondaco.clients.pool import HttpPool
from fondaco.domain.errors import EngineTimeoutError
from upstream.raw_server import OK, RawServer, listening, made_certificate

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_MOST_BYTES = 16 * 2**20
"""More than the client takes and all buffers on the way hold."""


@pytest.fixture(scope="module", params=["plain", "tls"])
def certificate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    return made_certificate(tmp_path_factory.mktemp("tls")) if request.param == "tls" else None


@pytest.fixture
async def server(certificate: Path | None) -> AsyncGenerator[RawServer]:
    async with listening(certificate) as server:
        yield server


def _connect(certificate: Path | None, port: int, *, first_s: float, chunk_s: float) -> HttpClient:
    return HttpPool(
        BaseUrl.parse(f"{'http' if certificate is None else 'https'}://localhost:{port}"),
        first_byte_timeout_s=first_s,
        chunk_timeout_s=chunk_s,
        total_timeout_s=60,
        tls=None if certificate is None else ssl.create_default_context(cafile=str(certificate)),
    )


@pytest.fixture
async def patient(certificate: Path | None, server: RawServer) -> AsyncGenerator[HttpClient]:
    """A client that no time-out will help."""
    upstream = _connect(certificate, server.port, first_s=60, chunk_s=60)
    with anyio.fail_after(50):
        yield upstream
        await upstream.aclose()


@pytest.fixture
async def upstream(certificate: Path | None, server: RawServer) -> AsyncGenerator[HttpClient]:
    """A client that waits for nothing long."""
    upstream = _connect(certificate, server.port, first_s=0.4, chunk_s=0.2)
    with anyio.fail_after(50):
        yield upstream
        await upstream.aclose()


class Flood:
    """Answers with a beginning and then the same bytes until the client goes."""

    def __init__(self, begin: bytes, piece: bytes, pause_s: float = 0.0) -> None:
        self.sent = 0
        self._begin = begin
        self._piece = piece
        self._pause_s = pause_s

    async def __call__(self, stream: ByteStream) -> None:
        await stream.send(self._begin)
        while self.sent < _MOST_BYTES:
            await stream.send(self._piece)
            self.sent += len(self._piece)
            await anyio.sleep(self._pause_s)


async def _ask(upstream: HttpClient) -> bytes:
    async with upstream.send("POST", "/chat", b"{}") as reply:
        return await reply.read(2**30)


_FLOODS = {
    "interim replies": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "interim replies with headers": (b"", b"HTTP/1.1 103 Hm\r\nLink: </a>\r\n\r\n" * 100),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4096),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 500),
    "a reason": (b"HTTP/1.1 200 ", b"x" * 4096),
    "an extension of a chunk": (_CHUNKED + b"1;", b"x" * 4096),
    "an extension after a chunk": (_CHUNKED + b"1\r\na\r\n1;", b"x" * 4096),
    "a trailer": (_CHUNKED + b"0\r\nX: ", b"x" * 4096),
    "trailers": (_CHUNKED + b"0\r\n", b"X: y\r\n" * 500),
    "a size of a chunk": (_CHUNKED, b"0" * 4096),
}


@pytest.mark.parametrize("flood", _FLOODS)
async def test_what_brings_nothing_of_the_body_has_an_end(
    patient: HttpClient, server: RawServer, flood: str
) -> None:
    script = Flood(*_FLOODS[flood])
    server.scripts.append(script)
    with pytest.raises(IncompleteResponseError):
        await _ask(patient)
    assert script.sent < _MOST_BYTES
    assert await _ask(patient) == b"ok"


async def test_a_body_has_an_end_whatever_its_framing(
    patient: HttpClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RESPONSE_LIMIT_BYTES", 2**20)
    script = Flood(_CHUNKED, b"1;" + b"x" * 4096 + b"\r\na\r\n")
    server.scripts.append(script)
    with pytest.raises(IncompleteResponseError):
        await _ask(patient)
    assert script.sent < _MOST_BYTES


@pytest.mark.parametrize(
    ("begin", "piece", "late"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x", FirstByteTimeoutError),
        (b"", b"HTTP/1.1 103 Hm\r\n\r\n", FirstByteTimeoutError),
        (_CHUNKED + b"1\r\na\r\n1;", b"x", ChunkTimeoutError),
        (_CHUNKED + b"1\r\na\r\n0\r\nX: ", b"x", ChunkTimeoutError),
    ],
    ids=["head", "interim replies", "extension", "trailer"],
)
async def test_a_slow_drip_of_nothing_is_given_up(
    upstream: HttpClient,
    server: RawServer,
    begin: bytes,
    piece: bytes,
    late: type[EngineTimeoutError],
) -> None:
    server.scripts.append(Flood(begin, piece, pause_s=0.01))
    with pytest.raises(late):
        await _ask(upstream)


@pytest.mark.parametrize("begin", [_CHUNKED, _CHUNKED + b"1\r\na\r\n"], ids=["head", "chunk"])
async def test_an_engine_that_falls_silent_in_its_reply_is_given_up(
    upstream: HttpClient, server: RawServer, begin: bytes
) -> None:
    async def script(stream: ByteStream) -> None:
        await stream.send(begin)
        await stream.receive()

    server.scripts.append(script)
    with pytest.raises(ChunkTimeoutError, match="stopped sending"):
        await _ask(upstream)
    with anyio.fail_after(10):
        await server.left.wait()


async def test_an_engine_that_goes_on_speaking_is_listened_to(
    certificate: Path | None, server: RawServer
) -> None:
    upstream = _connect(certificate, server.port, first_s=20, chunk_s=1.0)
    server.answer(_CHUNKED, *[b"1\r\na\r\n"] * 15, b"0\r\n\r\n", pause_s=0.1)
    assert await _ask(upstream) == b"a" * 15
    await upstream.aclose()


async def test_a_reader_that_takes_its_time_is_no_silence_of_the_engine(
    upstream: HttpClient, server: RawServer
) -> None:
    size = 8 * 2**20
    server.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, b"x" * size)
    read = 0
    async with upstream.send("POST", "/chat", b"{}") as reply:
        await anyio.sleep(0.5)
        while piece := await reply.piece():
            read += len(piece)
    assert read == size


async def test_the_next_request_of_a_connection_has_its_own_bounds(
    patient: HttpClient, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RESPONSE_LIMIT_BYTES", 2 * len(OK))
    for _ in range(5):
        assert await _ask(patient) == b"ok"
    assert server.connections == 1
