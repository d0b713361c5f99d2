"""HTTP/1.1 as callers write it: requests ahead of their turn, in pieces, and in old ways."""

import json
from collections.abc import AsyncGenerator

import anyio
import pytest
from anyio.abc import SocketStream

from fake_upstream import hanging
from house import SECRET, House, chat_body, house
from raw_http import exchanged, replies_of

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
async def shared() -> AsyncGenerator[House]:
    async with house() as one:
        yield one


def chat(*headers: bytes, version: bytes = b"1.1", **fields: object) -> tuple[bytes, bytes]:
    """Return head and body of a call; the head tells the length unless it says how it is framed."""
    body = json.dumps(chat_body(**fields)).encode()
    framed = any(header.startswith(b"Transfer-Encoding") for header in headers)
    lines = [
        b"POST /api/v1/chat/completions HTTP/" + version,
        b"Host: localhost",
        b"Authorization: Bearer " + SECRET.encode(),
        b"Content-Type: application/json",
        *([] if framed else [b"Content-Length: %d" % len(body)]),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n", body


async def until_closed(stream: SocketStream) -> bytes:
    received = b""
    with anyio.fail_after(5):
        try:
            while True:
                received += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


async def said(one: House, *pieces: bytes) -> bytes:
    """Send pieces one after another, and return all that comes until the connection is closed."""
    async with await anyio.connect_tcp(*one.address) as stream:
        for piece in pieces:
            await stream.send(piece)
            await anyio.sleep(0.01)
        return await until_closed(stream)


async def test_requests_sent_ahead_are_answered_in_their_order(shared: House) -> None:
    head, body = chat()
    reply = await said(shared, HEALTH + head + body + NOWHERE + LAST)
    assert reply.count(b"HTTP/1.1 ") == 4
    kinds = (b'"status":"ok"', b'"chat.completion"', b"NOT_FOUND", b"connection: close")
    places = [reply.index(kind) for kind in kinds]
    assert places == sorted(places)


async def test_a_flood_of_requests_ahead_is_answered_to_the_last(shared: House) -> None:
    reply = await said(shared, HEALTH * 500 + LAST)
    assert reply.count(b"HTTP/1.1 200 OK") == 501


async def test_replies_come_before_the_refusal_of_what_follows_them(shared: House) -> None:
    head, body = chat()
    reply = await said(shared, head + body + b"\x16\x03 what is this\r\n\r\n")
    assert [line[:3] for line in reply.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]
    assert reply.count(b"connection: close") == 1


async def test_half_a_request_after_a_whole_one_does_not_break_into_its_reply() -> None:
    async with house(token_s=0.05, header_timeout_s=0.2) as one:
        head, body = chat(stream=True)
        reply = await said(one, head + body + HEALTH[:20])
    assert reply.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


async def test_a_body_in_chunks_is_put_together(shared: House) -> None:
    head, body = chat(b"Transfer-Encoding: chunked", b"Connection: close")
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:10], body[10:])]
    reply = await said(shared, head, *chunks, b"0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 OK")


async def test_a_request_byte_by_byte_is_understood(shared: House) -> None:
    reply = await said(shared, *(LAST[at : at + 1] for at in range(len(LAST))))
    assert reply.startswith(b"HTTP/1.1 200 OK")


async def test_a_client_that_expects_100_continue_receives_it(shared: House) -> None:
    head, body = chat(b"Expect: 100-continue", b"Connection: close")
    async with await anyio.connect_tcp(*shared.address) as stream:
        await stream.send(head)
        with anyio.fail_after(5):
            assert await stream.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await stream.send(body)
        assert (await until_closed(stream)).startswith(b"HTTP/1.1 200 OK")


async def test_who_asks_without_a_key_is_refused_before_the_body(shared: House) -> None:
    head, _ = chat(b"Expect: 100-continue", b"Connection: close")
    reply = await said(shared, head.replace(SECRET.encode(), b"wrong"))
    assert reply.startswith(b"HTTP/1.1 401 ")


async def test_a_caller_of_http_1_0_gets_a_stream_without_chunks(shared: House) -> None:
    head, body = chat(version=b"1.0", stream=True)
    reply = await said(shared, head + body)
    assert b"transfer-encoding" not in reply
    assert b"connection: close" in reply
    assert reply.endswith(b"data: [DONE]\n\n")


async def test_the_offer_of_another_protocol_is_not_taken(shared: House) -> None:
    offer = HEALTH[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    reply = await said(shared, offer + LAST)
    assert reply.count(b"HTTP/1.1 200 OK") == 2
    assert b"101" not in reply.partition(b"\r\n")[0]


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.2"])
@pytest.mark.parametrize("framed", ["length", "chunks"])
async def test_a_call_that_offers_another_protocol_is_answered_by_its_own_body(
    shared: House, protocol: str, framed: str
) -> None:
    offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + protocol.encode())
    if framed == "length":
        head, body = chat(*offer)
    else:
        head, body = chat(*offer, b"Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    replies = await exchanged(shared.address, head + body, head, body)
    assert [reply.status for reply in replies] == [200, 200]
    assert all(b'"chat.completion"' in (reply.body or b"") for reply in replies)


async def test_what_is_smuggled_in_a_body_is_no_request(shared: House) -> None:
    smuggled = b"GET /api/v1/api_keys HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head, _ = chat(b"Connection: Upgrade", b"Upgrade: h2c")
    head = head.replace(b"Content-Length: ", b"X: ")[:-2] + b"Content-Length: %d\r\n\r\n" % len(
        smuggled
    )
    replies = await exchanged(shared.address, head + smuggled, HEALTH)
    assert [reply.status for reply in replies] == [400, 200]


async def test_connect_is_refused_and_closes(shared: House) -> None:
    connect = b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    [reply] = await exchanged(shared.address, connect, HEALTH)
    assert (reply.status, reply.closes) == (501, True)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_an_early_refusal_of_who_waits_to_send_a_body_ends_the_connection(
    shared: House, version: bytes
) -> None:
    head, body = chat(b"Expect: 100-continue", version=version)
    refused = head.replace(SECRET.encode(), b"wrong")
    for following in (HEALTH, body + HEALTH):  # who was refused may send the body, or not
        [reply] = await exchanged(shared.address, refused, following)
        assert (reply.status, reply.closes) == (401, True)


async def test_http_1_0_clients_receive_no_100_continue(shared: House) -> None:
    head, body = chat(b"Expect: 100-continue", version=b"1.0")
    reply = await said(shared, head, body)
    assert reply.startswith(b"HTTP/1.1 200 OK")
    assert b"100 Continue" not in reply


@pytest.mark.parametrize("rest", [b"zz\r\n", b"1\r\nxyz", b"0\r\n\r\nGARBAGE\r\n\r\n"], ids=repr)
async def test_no_second_reply_comes_to_a_request_that_has_one(shared: House, rest: bytes) -> None:
    head, _ = chat(b"Transfer-Encoding: chunked")
    replies = await exchanged(shared.address, head.replace(SECRET.encode(), b"wrong"), rest)
    assert [reply.status for reply in replies] == [401]


async def test_no_second_reply_comes_when_time_is_up_after_the_first() -> None:
    async with house(body_timeout_s=0.3) as one, await anyio.connect_tcp(*one.address) as stream:
        head, body = chat()
        await stream.send(head.replace(SECRET.encode(), b"wrong") + body[:5])
        octets = await until_closed(stream)
    assert [reply.status for reply in replies_of(octets)] == [401]


@pytest.mark.parametrize(
    "target", [b"localhost:443", b"/caf\xc3\xa9", b"http://[::1", b"*"], ids=repr
)
async def test_a_target_that_leads_nowhere_is_refused(shared: House, target: bytes) -> None:
    method = b"CONNECT" if target == b"localhost:443" else b"GET"
    reply = await said(shared, LAST.replace(b"GET /healthz", method + b" " + target))
    assert reply[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 501"}


async def test_who_names_no_host_is_refused_also_after_one_who_does(shared: House) -> None:
    nameless = b"GET /healthz HTTP/1.1\r\n\r\n"
    reply = await said(shared, HEALTH + nameless + LAST)
    assert [line[:3] for line in reply.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


async def test_the_whole_address_as_the_target_is_understood(shared: House) -> None:
    reply = await said(shared, LAST.replace(b"/healthz", b"http://localhost/%68ealthz?a=1"))
    assert reply.startswith(b"HTTP/1.1 200 OK")


async def test_two_lengths_of_one_body_are_refused(shared: House) -> None:
    head, body = chat(b"Transfer-Encoding: chunked", b"Content-Length: 3")
    assert (await said(shared, head + body)).startswith(b"HTTP/1.1 400 ")


async def test_a_connection_is_closed_when_nothing_more_comes() -> None:
    async with house(idle_timeout_s=0.3) as one:
        with anyio.fail_after(5):
            assert (await said(one, HEALTH)).startswith(b"HTTP/1.1 200 OK")


async def test_who_closes_one_half_is_taken_to_be_gone() -> None:
    async with house(whole_as_stream=True) as one:
        one.fake.next(hanging(after=1))
        head, body = chat()
        async with await anyio.connect_tcp(*one.address) as stream:
            await stream.send(head + body)
            with anyio.fail_after(5):
                while not one.fake.asked:  # noqa: ASYNC110 - the condition lies in the server
                    await anyio.sleep(0.01)
                await stream.send_eof()
                await one.fake.asked[0].hang_up.wait()


async def test_a_hang_up_with_half_a_body_sent_ends_the_request() -> None:
    async with house() as one:
        head, body = chat()
        async with await anyio.connect_tcp(*one.address) as stream:
            await stream.send(head + body[:5])
            await anyio.sleep(0.05)
            assert one.platform.metrics.running == 1
        with anyio.fail_after(5):
            while one.platform.metrics.running:  # noqa: ASYNC110 - the condition lies in the server
                await anyio.sleep(0.01)
        assert one.fake.asked == []


async def test_what_is_sent_after_a_refusal_is_read_and_dropped() -> None:
    async with house(body_limit_bytes=1024) as one:
        head, _ = chat()
        large = head.replace(b"Content-Length: ", b"Content-Length: 20000")
        length = int(large.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        reply = await said(one, large, b"x" * length, LAST)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in reply
    assert reply.count(b"HTTP/1.1 ") == 1


async def test_a_short_rest_of_a_body_after_the_reply_is_read_and_the_connection_goes_on() -> None:
    async with house() as one:
        head, body = chat()
        refused = head.replace(SECRET.encode(), b"wrong")
        reply = await said(one, refused + body[:10], body[10:] + LAST)
    assert [line[:3] for line in reply.split(b"HTTP/1.1 ")[1:]] == [b"401", b"200"]
