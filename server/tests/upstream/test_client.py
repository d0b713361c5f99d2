"""What the client owes the engines, with TLS and without."""

import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest

from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import (
    ClientResponse,
    ConnectFailedError,
    FirstByteTimeoutError,
    HttpClient,
    IncompleteResponseError,
)
from fondaco.clients.pool import HttpPool
from fondaco.domain.errors import EngineTimeoutError
from idle import all_tasks_blocked
from upstream.raw_server import OK, RawServer, listening, made_certificate

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module", params=["plain", "tls"])
def certificate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    """Return a certificate with its key in one file; None: the engine speaks without TLS."""
    return made_certificate(tmp_path_factory.mktemp("tls")) if request.param == "tls" else None


@pytest.fixture
async def server(certificate: Path | None) -> AsyncGenerator[RawServer]:
    async with listening(certificate) as server:
        yield server


@pytest.fixture
async def upstream(certificate: Path | None, server: RawServer) -> AsyncGenerator[HttpClient]:
    scheme = "http" if certificate is None else "https"
    upstream = HttpPool(
        BaseUrl.parse(f"{scheme}://localhost:{server.port}/v1"),
        key="secret",
        headers={"X-Team": "blue"},
        connections=2,
        connect_timeout_s=2.0,
        first_byte_timeout_s=0.3,
        total_timeout_s=0.6,
        tls=None if certificate is None else ssl.create_default_context(cafile=str(certificate)),
    )
    with anyio.fail_after(20):
        yield upstream
        await upstream.aclose()


async def _ask(upstream: HttpClient, body: bytes = b"{}") -> bytes:
    async with upstream.send("POST", "/chat", body) as reply:
        return await reply.read(10_000_000)


async def _collect(reply: ClientResponse, arrived: list[bytes]) -> None:
    while piece := await reply.piece():
        arrived.append(piece)


async def test_a_request_carries_what_the_engine_needs_and_no_more(
    upstream: HttpClient, server: RawServer
) -> None:
    assert await _ask(upstream, b'{"a":1}') == b"ok"
    first, *lines = server.heads[0].split("\r\n")
    assert first == "POST /v1/chat HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    headers.pop("accept", None)
    assert headers == {
        "host": f"localhost:{server.port}",
        "authorization": "Bearer secret",
        "x-team": "blue",
        "user-agent": "fondaco",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "content-length": "7",
    }
    assert server.bodies == [b'{"a":1}']


async def test_a_request_may_have_headers_of_its_own(
    upstream: HttpClient, server: RawServer
) -> None:
    async with upstream.send("POST", "/chat", b"{}", headers={"x-trace": "abc"}) as reply:
        await reply.read(10)
    await _ask(upstream)
    assert [head.lower().count("x-trace: abc") for head in server.heads] == [1, 0]


@pytest.mark.parametrize("headers", [{"x-trace": "a\r\nb: c"}, {"x\n": "a"}, {"x": "\xe9"}])
async def test_headers_that_cannot_travel_never_leave(
    upstream: HttpClient, server: RawServer, headers: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="invalid characters"):
        async with upstream.send("POST", "/chat", b"{}", headers=headers):
            pass
    assert server.heads == []


async def test_a_path_may_step_out_of_the_base(upstream: HttpClient, server: RawServer) -> None:
    async with upstream.send("POST", "/../tokenize", b"{}") as reply:
        await reply.read(10)
    assert server.heads[0].startswith("POST /tokenize HTTP/1.1\r\n")


async def test_a_response_head_is_reported(upstream: HttpClient, server: RawServer) -> None:
    server.answer(b"HTTP/1.1 429 No\r\nRETRY-After: 7\r\nContent-Length: 0\r\n\r\n")
    async with upstream.send("POST", "/chat", b"{}") as reply:
        assert reply.status == 429
        assert reply.headers["retry-after"] == "7"
        assert await reply.read(10) == b""


async def test_a_connection_is_used_again(upstream: HttpClient, server: RawServer) -> None:
    for _ in range(3):
        assert await _ask(upstream) == b"ok"
    assert server.connections == 1


async def test_a_connection_that_the_engine_closes_politely_is_not_used_again(
    upstream: HttpClient, server: RawServer
) -> None:
    server.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    assert await _ask(upstream) == b"ok"
    assert await _ask(upstream) == b"ok"
    assert server.connections == 2


async def test_a_stale_connection_is_replaced_once(upstream: HttpClient, server: RawServer) -> None:
    await _ask(upstream)
    server.answer(close=True)
    assert await _ask(upstream, b"[1]") == b"ok"
    assert server.bodies == [b"{}", b"[1]", b"[1]"]


async def test_a_stale_connection_is_not_replaced_twice(
    upstream: HttpClient, server: RawServer
) -> None:
    await _ask(upstream)
    server.answer(close=True)
    server.answer(close=True)
    with pytest.raises(IncompleteResponseError):
        await _ask(upstream)
    assert server.connections == 2


async def test_a_new_connection_that_closes_is_not_replaced(
    upstream: HttpClient, server: RawServer
) -> None:
    server.answer(close=True)
    with pytest.raises(IncompleteResponseError):
        await _ask(upstream)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        _CHUNKED + b"9\r\nabc",
        _CHUNKED + b"3\r\nabc\r\n",
    ],
)
async def test_a_cut_body_is_an_error_after_what_had_arrived(
    upstream: HttpClient, server: RawServer, start: bytes
) -> None:
    server.answer(start, pause_s=0.02, close=True)
    arrived: list[bytes] = []
    async with upstream.send("POST", "/chat", b"{}") as reply:
        with pytest.raises(IncompleteResponseError):
            await _collect(reply, arrived)
    assert b"".join(arrived) == b"abc"


async def test_a_body_without_length_ends_with_the_connection(
    upstream: HttpClient, server: RawServer
) -> None:
    server.answer(b"HTTP/1.1 200 OK\r\n\r\nabc", b"def", close=True)
    assert await _ask(upstream) == b"abcdef"


@pytest.mark.parametrize("status", [204, 304])
async def test_a_reply_without_body_ends_with_its_head(
    upstream: HttpClient, server: RawServer, status: int
) -> None:
    server.answer(b"HTTP/1.1 %d None\r\n\r\n" % status)
    assert await _ask(upstream) == b""
    assert await _ask(upstream) == b"ok"


async def test_an_interim_reply_is_passed_over(upstream: HttpClient, server: RawServer) -> None:
    server.answer(b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n" + OK)
    async with upstream.send("POST", "/chat", b"{}") as reply:
        assert reply.status == 200
        assert await reply.read(10) == b"ok"
        assert "x" not in reply.headers


async def test_nothing_before_the_first_byte_time_out_is_an_error(
    upstream: HttpClient, server: RawServer
) -> None:
    server.silence()
    with pytest.raises(FirstByteTimeoutError):
        await _ask(upstream)
    with anyio.fail_after(5):
        await server.left.wait()
    assert await _ask(upstream) == b"ok"


async def test_a_body_beyond_the_total_time_out_is_an_error(
    upstream: HttpClient, server: RawServer
) -> None:
    server.answer(_CHUNKED, *(b"1\r\n%d\r\n" % (digit % 10) for digit in range(99)), pause_s=0.1)
    arrived: list[bytes] = []
    async with upstream.send("POST", "/chat", b"{}") as reply:
        with pytest.raises(EngineTimeoutError) as late:
            await _collect(reply, arrived)
    assert type(late.value) is EngineTimeoutError
    assert arrived[:2] == [b"0", b"1"]


async def test_a_request_may_have_its_own_total_time_out(
    upstream: HttpClient, server: RawServer
) -> None:
    server.silence()
    with pytest.raises(EngineTimeoutError) as late:
        async with upstream.send("POST", "/chat", b"{}", total_timeout_s=0.05):
            pass
    assert type(late.value) is EngineTimeoutError


@pytest.mark.parametrize("tls", [None, ssl.create_default_context()], ids=["plain", "tls"])
async def test_an_engine_that_does_not_listen_cannot_be_reached(
    tls: ssl.SSLContext | None,
) -> None:
    upstream = HttpPool(BaseUrl.parse("http://127.0.0.1:9"), tls=tls)
    with pytest.raises(ConnectFailedError):
        await _ask(upstream)
    await upstream.aclose()


async def test_leaving_early_closes_the_connection(upstream: HttpClient, server: RawServer) -> None:
    server.answer(_CHUNKED + b"1\r\na\r\n")
    async with upstream.send("POST", "/chat", b"{}") as reply:
        await reply.piece()
    await server.left.wait()
    assert await _ask(upstream) == b"ok"


async def test_a_cancelled_request_closes_the_connection(
    upstream: HttpClient, server: RawServer
) -> None:
    server.silence()
    with anyio.move_on_after(0.05):
        await _ask(upstream)
    await server.left.wait()


async def test_requests_beyond_the_limit_wait_in_line(
    upstream: HttpClient, server: RawServer
) -> None:
    held = [anyio.Event() for _ in range(2)]
    for event in held:
        server.hold(event)
    order: list[bytes] = []

    async def ask(body: bytes) -> None:
        await _ask(upstream, body)
        order.append(body)

    async with anyio.create_task_group() as group:
        for number in (1, 2):
            group.start_soon(ask, b"%d" % number)
            await _until(partial(_has, server.bodies, number))
        for name in (b"3", b"4"):
            group.start_soon(ask, name)
            await all_tasks_blocked()
        assert server.bodies == [b"1", b"2"]
        held[0].set()
        await _until(partial(_has, order, 3))
        held[1].set()
    assert order == [b"1", b"3", b"4", b"2"]
    assert server.connections == 2


def _has(items: Sequence[bytes], number: int) -> bool:
    return len(items) == number


async def _until(is_so: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not is_so():  # noqa: ASYNC110 - a server in this loop tells nobody
            await anyio.sleep(0.002)


async def test_waiting_in_line_ends_at_the_connect_time_out(
    upstream: HttpClient, server: RawServer
) -> None:
    for _ in range(2):
        server.answer(_CHUNKED)
    async with (
        upstream.send("POST", "/chat", b"{}"),
        upstream.send("POST", "/chat", b"{}"),
    ):
        with pytest.raises(ConnectFailedError):
            await _ask(upstream)
    assert await _ask(upstream) == b"ok"


async def test_a_place_in_line_outlives_a_neighbour_that_gave_up(
    upstream: HttpClient, server: RawServer
) -> None:
    for _ in range(2):
        server.answer(_CHUNKED)
    told: list[bytes] = []

    async def ask() -> None:
        told.append(await _ask(upstream))

    async with (
        anyio.create_task_group() as group,
        upstream.send("POST", "/chat", b"{}"),
        upstream.send("POST", "/chat", b"{}"),
    ):
        with anyio.move_on_after(0.02):
            await _ask(upstream)
        group.start_soon(ask)
        await anyio.sleep(0.02)
    assert told == [b"ok"]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"oops\r\n\r\n",
    ],
    ids=["endless header", "endless headers", "large header", "no HTTP"],
)
async def test_a_head_that_is_no_head_is_refused(
    upstream: HttpClient, server: RawServer, reply: bytes
) -> None:
    server.answer(reply, close=True)
    with pytest.raises(IncompleteResponseError):
        await _ask(upstream)


async def test_a_body_larger_than_the_reader_wants_is_refused(
    upstream: HttpClient, server: RawServer
) -> None:
    server.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world")
    async with upstream.send("POST", "/chat", b"{}") as reply:
        with pytest.raises(IncompleteResponseError):
            await reply.read(10)


@pytest.mark.parametrize("size", [300_000, 3_000_000])
async def test_a_large_body_arrives_whole(
    upstream: HttpClient, server: RawServer, size: int
) -> None:
    body = bytes(range(250)) * (size // 250)
    for _ in range(2):
        server.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert await _ask(upstream) == body
    async with upstream.send("POST", "/chat", b"{}") as reply:
        arrived: list[bytes] = []
        await _collect(reply, arrived)
        assert b"".join(arrived) == body


async def test_a_redirect_is_not_followed(upstream: HttpClient, server: RawServer) -> None:
    server.answer(
        b"HTTP/1.1 307 Elsewhere\r\nLocation: /v1/other\r\nSet-Cookie: a=b\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    async with upstream.send("POST", "/chat", b"{}") as reply:
        assert reply.status == 307
        await reply.read(10)
    await _ask(upstream)
    assert len(server.heads) == 2
    assert "cookie" not in server.heads[1].lower()


async def test_a_closed_client_sends_nothing(upstream: HttpClient, server: RawServer) -> None:
    await _ask(upstream)
    await upstream.aclose()
    with pytest.raises(ConnectFailedError):
        await _ask(upstream)
    assert len(server.bodies) == 1
