"""What a stranger's connection may cost: time, bytes, descriptors, and other connections' turns."""

import asyncio
import json
import socket
import subprocess
import sys

import anyio
import pytest

from fondaco.app.descriptors import connections_within
from fondaco.http.edge.client_address import ClientAddresses
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.wire import request_head
from fondaco.http.wire.connection_registry import ConnectionRegistry, Slot
from fondaco.http.wire.listener import Listener
from fondaco.http.wire.request_head import RequestHead
from house import SECRET, House, chat_body, house
from raw_http import exchanged, received, replies_of, sent
from wire.fake_line import HEADER_LIMIT, echo, line, refuse, terms, turns

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MODELS = b"GET /api/v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def drip(one: House, piece: bytes, *, before: bytes = b"") -> bytes:
    """Send a piece over and over, and return what comes until the connection is closed."""
    async with await anyio.connect_tcp(*one.address) as stream, anyio.create_task_group() as group:

        async def send() -> None:
            await sent(stream, [before] if before else [])
            while True:
                await sent(stream, [piece])
                await anyio.sleep(0.02)

        group.start_soon(send)
        octets = await received(stream)
        group.cancel_scope.cancel()
    return octets


@pytest.mark.parametrize(
    "after",
    [
        *(b"", HEALTH, b"GET /he", b"no request\r\n\r\n", HEALTH.replace(b"\r\n\r\n", b"\r\nA: 1")),
        CHUNKED + b"5\r\nhello\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        HEALTH * 30,
    ],
    ids=lambda after: repr(after[:12]),
)
async def test_who_takes_no_reply_is_given_up_whatever_they_send(after: bytes) -> None:
    one = line(header_timeout_s=0.01, body_timeout_s=0.01, idle_timeout_s=0.01)
    one.connection.data_received(HEALTH)
    one.connection.pause_writing()  # the reply fills what the system holds for the caller
    await turns()
    one.connection.data_received(HEALTH)
    if after:
        one.connection.data_received(after)
    with anyio.fail_after(5):
        await one.transport.gone.wait()
    assert one.transport.written.count(b"HTTP/1.1 200") == 1


async def test_who_takes_the_replies_late_gets_all_of_them() -> None:
    one = line(idle_timeout_s=30.0)
    one.connection.data_received(HEALTH)
    one.connection.pause_writing()
    await turns()
    one.connection.data_received(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000
    )
    one.connection.resume_writing()
    await turns()
    one.connection.data_received(b"x" * 100_000)
    await turns()
    assert one.transport.written.count(b"HTTP/1.1 200") == 2
    assert not one.transport.paused


# Time: only a complete head stops the clock.


@pytest.mark.parametrize("piece", [b"\r\n", b"\r"], ids=repr)
async def test_an_empty_line_is_no_sign_of_life(piece: bytes) -> None:
    async with (
        house(header_timeout_s=0.3) as one,
        await anyio.connect_tcp(*one.address) as stream,
    ):
        await stream.send(piece)
        assert await received(stream) == b""


async def test_an_empty_line_after_a_reply_does_not_keep_the_connection() -> None:
    async with (
        house(idle_timeout_s=0.3) as one,
        await anyio.connect_tcp(*one.address) as stream,
    ):
        await stream.send(HEALTH + b"\r\n")
        assert [reply.status for reply in replies_of(await received(stream))] == [200]


async def test_a_head_that_drips_ends_with_408() -> None:
    async with house(header_timeout_s=0.3) as one:
        octets = await drip(one, b"x", before=b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ")
    assert [reply.status for reply in replies_of(octets)] == [408]


async def test_a_second_head_that_drips_ends_with_408_as_well() -> None:
    async with house(header_timeout_s=0.3) as one:
        octets = await drip(one, b"x", before=HEALTH + b"GET /healthz HTTP/1.1\r\nA: ")
    assert [reply.status for reply in replies_of(octets)] == [200, 408]


@pytest.mark.parametrize("framing", [b"Content-Length: 99999", b"Transfer-Encoding: chunked"])
async def test_a_body_that_drips_ends_with_one_408(framing: bytes) -> None:
    head = (
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
    )
    head = head % SECRET.encode() + b"Content-Type: application/json\r\n%b\r\n\r\n" % framing
    async with house(body_timeout_s=0.3) as one:
        octets = await drip(one, b"1\r\nx\r\n", before=head)
    assert [reply.status for reply in replies_of(octets)] == [408]


# Bytes.


async def test_a_trailer_counts_against_the_limit_of_the_head() -> None:
    one = line()
    one.connection.data_received(CHUNKED + b"1\r\nx\r\n0\r\n")
    for _ in range(HEADER_LIMIT // 8):
        one.connection.data_received(b"a: bcdef\r\n")
    await turns()
    assert one.connection._input_cut
    assert not one.transport.closed
    one.connection.connection_lost(None)


async def test_a_body_whose_trailer_is_too_large_is_answered_with_431() -> None:
    seen: list[BaseException] = []

    async def answer(exchange: Exchange) -> None:
        try:
            await exchange.body(100)
        except Exception as error:  # noqa: BLE001 - told apart below
            seen.append(error)

    one = line(answer)
    one.connection.data_received(CHUNKED + b"0\r\n" + b"a: bcdef\r\n" * 1_000)
    await turns()
    assert [type(error).__name__ for error in seen] == ["HeadersTooLargeError"]


async def test_what_follows_the_last_reply_is_read_to_a_bound() -> None:
    one = line(refuse)
    one.connection.data_received(CHUNKED)
    await turns()
    assert one.transport.written.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in one.transport.written
    assert (one.transport.ended, one.transport.closed) == (True, False)
    megabyte = bytes(2**20)
    for _ in range(65):
        one.connection.data_received(megabyte)
    assert one.transport.aborted


async def test_a_body_in_the_smallest_pieces_needs_no_more_memory_than_its_bytes() -> None:
    seen: list[Exchange] = []

    async def answer(exchange: Exchange) -> None:
        seen.append(exchange)
        await exchange.body(2**30)

    one = line(answer)
    one.connection.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
    await turns()
    for _ in range(9_000):
        one.connection.data_received(b"x")
    assert len(seen[0]._body) <= 2
    one.connection.connection_lost(None)


@pytest.mark.parametrize(
    "octets",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nprompt",
        CHUNKED + b"6\r\nprompt\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("pieces", [1, 2])
async def test_nothing_of_a_request_is_kept_for_as_long_as_the_connection_idles(
    octets: bytes, pieces: int
) -> None:
    one = line()
    cut = len(octets) - 3 if pieces == 2 else len(octets)
    one.connection.data_received(octets[:cut])
    await turns()
    one.connection.data_received(octets[cut:])
    await turns()
    assert one.transport.written.startswith(b"HTTP/1.1 200 OK")
    assert (one.connection._reader._unread, one.connection._current) == (b"", None)


def test_no_secret_of_a_head_is_remembered() -> None:
    secrets = (
        b"Authorization: Bearer s3cret",
        b"X-Api-Key: s3cret",
        b"Cookie: s3cret",
        b"X: s3cret",
    )
    RequestHead(b"\r\n".join((b"GET /a?key=s3cret HTTP/1.1", b"Host: localhost", *secrets)))
    known = (*request_head._lines, *request_head._names, *request_head._fields)
    assert b"Host: localhost" in known
    assert not any(b"s3cret" in one for one in known)


async def test_chunk_extensions_may_not_outweigh_the_content() -> None:
    one = line()
    chunk = b"1;" + b"x" * 500 + b"\r\ny\r\n"
    one.connection.data_received(CHUNKED + chunk * 100)
    assert one.connection._input_cut
    one.connection.connection_lost(None)


# Turns.


async def test_others_have_their_turn_while_a_body_of_small_chunks_is_read() -> None:
    bodies: list[bytes] = []

    async def answer(exchange: Exchange) -> None:
        bodies.append(await exchange.body(2**30))

    one, number = line(answer), 20_000
    one.connection.data_received(CHUNKED + b"1\r\nx\r\n" * number + b"0\r\n\r\n")
    assert one.transport.paused
    turned = 0
    while not bodies:
        await asyncio.sleep(0)
        turned += 1
    assert bodies == [b"x" * number]
    assert turned > 20
    assert not one.transport.paused
    one.connection.connection_lost(None)


async def test_requests_ahead_are_read_as_they_can_be_answered() -> None:
    one = line()
    one.connection.data_received(HEALTH * 2_000)
    assert len(one.connection._pipelined) < 20
    assert one.transport.paused
    await turns(10_000)
    assert one.transport.written.count(b"HTTP/1.1 200 OK") == 2_000
    assert not one.transport.paused


async def test_two_thousand_offers_to_upgrade_are_two_thousand_requests() -> None:
    offer = HEALTH[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    one = line()
    one.connection.data_received(offer * 2_000)
    await turns(10_000)
    assert one.transport.written.count(b"HTTP/1.1 200 OK") == 2_000
    assert one.transport.written.count(b"HTTP/1.1 ") == 2_000


# Connections.


async def test_a_connection_beyond_the_limit_gets_a_clear_503_and_is_closed() -> None:
    async with house(connection_limit=3) as one:
        await one.client.get("/healthz")  # keeps one of them
        async with await anyio.connect_tcp(*one.address), await anyio.connect_tcp(*one.address):
            [reply] = await exchanged(one.address, MODELS)
            assert (reply.status, reply.closes) == (503, True)
            assert json.loads(reply.body or b"")["code"] == "TOO_MANY_CONNECTIONS"
            assert reply.headers["retry-after"] == "1"
            [probe] = await exchanged(one.address, HEALTH)
            assert (probe.status, probe.closes) == (200, True)
        [reply] = await exchanged(one.address, MODELS)
        assert reply.status == 200


async def test_connections_far_beyond_the_limit_are_refused_before_they_ask() -> None:
    register = ConnectionRegistry(most=1)
    lanes = [line(register=register).connection._slot for _ in range(70)]
    assert lanes == [Slot.NORMAL] + [Slot.PROBE_ONLY] * 64 + [Slot.REFUSED] * 5
    last = line(register=register)
    assert last.transport.written.startswith(b"HTTP/1.1 503 ")
    assert last.transport.closed
    last.connection.connection_lost(None)
    assert line(register=register).connection._slot is Slot.REFUSED


async def test_that_the_limit_is_reached_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    register = ConnectionRegistry(most=1)
    first = line(register=register)
    others = [line(register=register) for _ in range(5)]
    assert [record.message for record in caplog.records] == ["connections_exhausted reason=all"]
    for one in (first, *others):
        one.connection.connection_lost(None)
    assert (register.connections, register._probing, register._of) == (set(), 0, {})


async def test_one_address_cannot_take_all_connections() -> None:
    register = ConnectionRegistry(9, 2, ClientAddresses(["203.0.113.9"]).limited)
    lines = [line(register=register, client="198.51.100.1") for _ in range(3)]
    assert [one.connection._slot for one in lines] == [Slot.NORMAL, Slot.NORMAL, Slot.PROBE_ONLY]
    for client in ("198.51.100.2", "2001:db8::1", "2001:db8::2"):
        assert line(register=register, client=client).connection._slot is Slot.NORMAL
    assert line(register=register, client="2001:db8::3").connection._slot is Slot.PROBE_ONLY
    for client in ("127.0.0.1", "203.0.113.9") * 2:
        assert line(register=register, client=client).connection._slot is Slot.NORMAL
    lines[0].connection.connection_lost(None)
    assert line(register=register, client="198.51.100.1").connection._slot is Slot.NORMAL
    lines[1].connection.connection_lost(None)
    assert line(register=register, client="198.51.100.3").connection._slot is Slot.NORMAL
    assert line(register=register, client="198.51.100.4").connection._slot is Slot.PROBE_ONLY


def test_half_of_the_descriptors_are_kept_for_engines() -> None:
    assert [connections_within(n, 10_000) for n in (None, 1, 200, 1_024, 65_536)] == [
        *(10_000, 1, 75, 448, 10_000)
    ]


def test_the_soft_limit_of_descriptors_is_raised_to_the_hard_one() -> None:
    script = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 400))
from fondaco.app.descriptors import raised_limit
print(raised_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["400", "400", "400"]


async def test_many_may_connect_while_the_server_is_busy() -> None:
    async with house() as one:
        # Nothing is awaited here, so the server takes none of them: the system keeps them waiting.
        waiting = [socket.create_connection(one.address, timeout=5) for _ in range(400)]
        for connection in waiting:
            connection.close()


# The end.


async def test_a_stopping_server_fails_readiness_first_and_keeps_serving() -> None:
    async with house(drain_delay_s=60) as one:
        assert (await one.client.get("/readyz")).status_code == 200
        one.listener.request_shutdown()
        [ready] = await exchanged(one.address, HEALTH.replace(b"healthz", b"readyz"))
        assert ready.status == 503
        assert [reply.status for reply in await exchanged(one.address, MODELS)] == [200]


async def test_replies_of_a_server_that_leaves_close_their_connections() -> None:
    async with house(drain_delay_s=60) as one:
        one.listener.request_shutdown()
        reply = await one.client.post("/api/v1/chat/completions", json=chat_body())
        assert (reply.status_code, reply.headers["connection"]) == (200, "close")


async def test_a_server_that_is_cancelled_accepts_no_more_connections() -> None:
    started, bound = anyio.Event(), socket.create_server(("127.0.0.1", 0))
    address = bound.getsockname()
    listener = Listener(
        echo, terms(), drain_delay_s=0, drain_timeout_s=0, started=started.set, signals=False
    )
    with bound:
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, bound)
            await started.wait()
            group.cancel_scope.cancel()
        with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
            await anyio.connect_tcp(*address)


async def test_a_connection_is_taken_off_where_it_was_counted() -> None:
    """Whichever proxies are trusted by the time it ends: the operator may reload the settings."""
    trusted: list[str] = []
    register = ConnectionRegistry(9, 1, lambda client: ClientAddresses(trusted).limited(client))
    before = line(register=register, client="203.0.113.9")
    trusted.append("203.0.113.9")
    proxied = line(register=register, client="203.0.113.9")
    before.connection.connection_lost(None)
    trusted.clear()
    assert line(register=register, client="203.0.113.9").connection._slot is Slot.NORMAL
    proxied.connection.connection_lost(None)
    assert line(register=register, client="203.0.113.9").connection._slot is Slot.PROBE_ONLY
