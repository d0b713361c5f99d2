"""What only the lean client promises: how it frames, pools and holds back."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import anyio
import pytest
import uvloop
from hypothesis import given, settings, strategies as st

from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import ChunkTimeoutError, HttpClient, IncompleteResponseError
from fondaco.clients.connection import ClientConnection
from fondaco.clients.pool import HttpPool
from fondaco.domain.errors import EngineTimeoutError
from upstream.raw_server import OK, RawServer, listening

_STREAM = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n1;note=x\r\n \r\nA\r\nworld, yes\r\n0\r\nTrailer: x\r\n\r\n"
)


@pytest.fixture
async def server() -> AsyncGenerator[RawServer]:
    async with listening() as server:
        yield server


@pytest.fixture
async def upstream(server: RawServer) -> AsyncGenerator[HttpClient]:
    upstream = HttpPool(BaseUrl.parse(f"http://127.0.0.1:{server.port}"), connections=2)
    with anyio.fail_after(20):
        yield upstream
        await upstream.aclose()


async def _ask(upstream: HttpClient) -> bytes:
    async with upstream.send("POST", "/chat", b"{}") as reply:
        return await reply.read(10_000_000)


class _Wire(asyncio.Transport):
    """A transport that only remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.switches: list[str] = []
        self.aborted = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self

    def setsockopt(self, *option: int) -> None:
        self.option = option

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def pause_reading(self) -> None:
        self.switches.append("pause")

    def resume_reading(self) -> None:
        self.switches.append("resume")

    def abort(self) -> None:
        self.aborted = True


def _lost(connection: ClientConnection) -> None:
    return


async def _on_a_wire() -> tuple[ClientConnection, _Wire]:
    connection, wire = ClientConnection(asyncio.get_running_loop(), _lost), _Wire()
    connection.connection_made(wire)
    return connection, wire


@given(cuts=st.lists(st.integers(1, len(_STREAM) - 1), unique=True).map(sorted))
@settings(max_examples=60, deadline=None)
def test_any_split_of_a_chunked_reply_gives_the_same_body(cuts: list[int]) -> None:
    async def body() -> bytes:
        connection, _ = await _on_a_wire()
        reply = connection.ask(b"", 9, 9)
        for start, end in zip([0, *cuts], [*cuts, len(_STREAM)], strict=True):
            connection.data_received(_STREAM[start:end])
        await reply.head()
        told = await reply.read(99)
        assert connection.end()
        connection.abort()
        return told

    assert asyncio.run(body()) == b"hello world, yes"


async def test_what_arrived_together_comes_as_one_piece() -> None:
    connection, _ = await _on_a_wire()
    reply = connection.ask(b"", 9, 9)
    for byte in _STREAM:
        connection.data_received(bytes([byte]))
    assert await reply.piece() == b"hello world, yes"
    assert await reply.piece() == b""
    connection.abort()


async def test_an_unread_flood_is_held_back_until_it_is_read() -> None:
    connection, wire = await _on_a_wire()
    reply = connection.ask(b"", 9, 9)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n")
    connection.data_received(b"x" * 200_000)
    assert wire.switches == []
    connection.data_received(b"x" * 200_000)
    assert wire.switches == ["pause"]
    assert len(await reply.piece()) == 400_000
    assert wire.switches == ["pause", "resume"]
    connection.abort()


class _HandLoop:
    """A loop whose time is set by hand, with one timer."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timer: tuple[float, Callable[[], None]] | None = None

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, ring: Callable[[], None]) -> "_HandLoop":
        self._timer = at, ring
        return self

    def when(self) -> float:
        assert self._timer is not None
        return self._timer[0]

    def cancel(self) -> None:
        self._timer = None

    def go_on_to(self, now: float) -> None:
        while self._timer is not None and self._timer[0] <= now:
            self.now, ring = self._timer
            self._timer = None
            ring()
        self.now = now


async def test_the_read_timeout_restarts_when_a_paused_engine_is_read_again() -> None:
    loop, wire = _HandLoop(), _Wire()
    connection = ClientConnection(loop, _lost)  # type: ignore[arg-type]  # as much of one as it needs
    connection.connection_made(wire)
    reply = connection.ask(b"", 9, 99, chunk_timeout_s=1)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n")
    connection.data_received(b"x" * 400_000)
    loop.go_on_to(5.5)
    assert len(await reply.piece()) == 400_000
    loop.go_on_to(6.4)
    assert not wire.aborted
    loop.go_on_to(6.5)
    with pytest.raises(ChunkTimeoutError):
        await reply.piece()
    assert wire.aborted


async def test_small_writes_leave_at_once_and_in_one_piece() -> None:
    connection, wire = await _on_a_wire()
    connection.ask(b"POST / HTTP/1.1\r\n\r\n{}", 9, 9)
    assert wire.option[-1] == 1  # TCP_NODELAY
    assert wire.written == [b"POST / HTTP/1.1\r\n\r\n{}"]
    connection.abort()


@pytest.mark.parametrize("unasked", [OK, b"x"])
async def test_an_engine_that_speaks_unasked_is_hung_up_on(unasked: bytes) -> None:
    connection, wire = await _on_a_wire()
    connection.ask(b"", 9, 9)
    connection.data_received(OK)
    assert connection.end()
    connection.data_received(unasked)
    assert wire.aborted
    assert connection.closed


async def test_a_second_reply_to_one_request_is_never_taken_for_the_next() -> None:
    connection, wire = await _on_a_wire()
    reply = connection.ask(b"", 9, 9)
    connection.data_received(OK + OK)
    assert await reply.read(10) == b"ok"
    assert not connection.end()
    assert wire.aborted


async def test_a_reply_that_was_left_cannot_be_read_on() -> None:
    connection, _ = await _on_a_wire()
    reply = connection.ask(b"", 9, 9)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    connection.end()
    with pytest.raises(IncompleteResponseError):
        await reply.read(10)


async def test_a_reply_that_was_left_does_not_see_the_next() -> None:
    connection, _ = await _on_a_wire()
    left = connection.ask(b"", 9, 9)
    connection.data_received(OK)
    assert connection.end()
    following = connection.ask(b"", 9, 9)
    connection.data_received(OK)
    assert await left.piece() == b""
    assert await following.piece() == b"ok"
    connection.abort()


async def test_a_request_that_was_answered_in_part_is_not_sent_again(
    upstream: HttpClient, server: RawServer
) -> None:
    await _ask(upstream)
    server.answer(b"HTTP/1.1 20", pause_s=0.02, close=True)
    with pytest.raises(IncompleteResponseError):
        await _ask(upstream)
    assert len(server.bodies) == 2


async def test_a_patient_request_does_not_make_the_next_one_late(
    upstream: HttpClient, server: RawServer
) -> None:
    await _ask(
        upstream
    )  # its deadline, minutes away, is what the connection's timer still waits for
    server.silence()
    with pytest.raises(EngineTimeoutError), anyio.fail_after(5):
        async with upstream.send("POST", "/chat", b"{}", total_timeout_s=0.05):
            pass
    assert server.connections == 1


async def test_an_upgrade_is_refused(upstream: HttpClient, server: RawServer) -> None:
    server.answer(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc")
    with pytest.raises(IncompleteResponseError):
        await _ask(upstream)


async def test_closing_the_client_breaks_replies_off_and_turns_the_line_away(
    upstream: HttpClient, server: RawServer
) -> None:
    for _ in range(2):
        server.answer(b"HTTP/1.1 200 OK\r\n\r\nendless")
    broken = 0

    async def ask() -> None:
        nonlocal broken
        with pytest.raises(Exception, match="engine"):
            await _ask(upstream)
        broken += 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
        await anyio.sleep(0.05)
        await upstream.aclose()
    assert broken == 3


async def test_a_get_has_no_content_type(upstream: HttpClient, server: RawServer) -> None:
    async with upstream.send("GET", "/health") as reply:
        await reply.read(10)
    assert "content-type" not in server.heads[0].lower()


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ä"])
async def test_a_path_cannot_smuggle(upstream: HttpClient, path: str) -> None:
    with pytest.raises(ValueError, match="not a valid request path"):
        upstream.send("POST", path)


def test_the_client_works_on_uvloop() -> None:
    async def main() -> bytes:
        async with listening() as server:
            upstream = HttpPool(BaseUrl.parse(f"http://127.0.0.1:{server.port}"))
            told = await _ask(upstream) + await _ask(upstream)
            assert server.connections == 1
            await upstream.aclose()
        return told

    assert uvloop.run(main()) == b"okok"
