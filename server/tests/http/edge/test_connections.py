"""Connections that send too much, too slowly, or nothing."""

import json
from dataclasses import replace

import anyio
import pytest

from fake_upstream import raw
from house import TOY, House, chat_body, house


async def send_and_read(one: House, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces over a raw connection and return all that comes back until it is closed."""
    async with await anyio.connect_tcp(*one.address) as stream:
        for piece in pieces:
            await stream.send(piece)
            await anyio.sleep(pause_s)
        received = b""
        with anyio.move_on_after(5):
            try:
                while True:
                    received += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return received
        raise AssertionError(f"The connection stayed open after {received!r}.")


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_head_over_the_limit_is_431(pieces: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"x" * 70_000 + b"\r\n\r\n"
    size = len(head) // pieces + 1
    async with house() as one:
        reply = await send_and_read(
            one, *(head[at : at + size] for at in range(0, len(head), size)), pause_s=0.01
        )
    assert reply.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"HEADERS_TOO_LARGE"' in reply


async def test_a_head_under_the_limit_with_a_large_body_passes() -> None:
    async with house() as one:
        reply = await one.client.post(
            "/api/v1/chat/completions",
            json={"model": "toy", "messages": [{"role": "user", "content": "x " * 1000}] * 60},
        )
    assert reply.status_code in {200, 400}
    assert reply.status_code != 431


async def test_a_half_sent_head_is_408_after_its_time() -> None:
    async with house(header_timeout_s=0.3) as one:
        reply = await send_and_read(one, b"GET /healthz HTTP/1.1\r\nHost: loc")
    assert reply.startswith(b"HTTP/1.1 408 ")


async def test_a_half_sent_body_is_408_after_its_time() -> None:
    async with house(body_timeout_s=0.3) as one:
        reply = await send_and_read(
            one,
            b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer fondaco_secret_of_tests\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        )
    assert reply.startswith(b"HTTP/1.1 408 ")


async def test_a_silent_connection_is_closed_without_a_word() -> None:
    async with house(header_timeout_s=0.3) as one:
        assert await send_and_read(one) == b""


async def test_a_kept_alive_connection_serves_request_after_request() -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with house(header_timeout_s=0.4) as one:
        reply = await send_and_read(one, request, request, last, pause_s=0.2)
    assert reply.count(b"HTTP/1.1 200 OK") == 3


async def test_what_is_no_http_is_400_in_our_words() -> None:
    async with house() as one:
        reply = await send_and_read(one, b"\x16\x03\x01 not http\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"INVALID_REQUEST"' in reply
    assert b"\r\ncf-ray: " in reply


async def test_a_caller_who_reads_nothing_is_given_up_and_the_engine_stopped() -> None:
    flood = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
        *[b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"x" * 60_000)] * 400,
        then="hang",
    )
    body = json.dumps(chat_body(stream=True, max_tokens=9_000_000)).encode()
    talkative = replace(TOY, context_tokens=10_000_000)
    async with house(write_timeout_s=0.5, models=(talkative,)) as one:
        one.fake.next(flood)
        async with await anyio.connect_tcp(*one.address) as stream:
            await stream.send(
                b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer fondaco_secret_of_tests\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
            with anyio.fail_after(20):
                while not one.fake.asked:  # noqa: ASYNC110 - the condition lies in the server
                    await anyio.sleep(0.01)
                await one.fake.asked[0].hang_up.wait()
        assert "caller" in one.charges()[-1].notes


async def test_a_page_of_a_named_origin_may_call_and_others_may_not() -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    async with house(cors_origins=("https://app.example",)) as one:
        preflight = await one.client.options("/api/v1/chat/completions", headers=asked)
        reply = await one.client.get("/healthz", headers={"Origin": "https://app.example"})
        foreign = await one.client.get("/healthz", headers={"Origin": "https://other.example"})
    assert preflight.status_code == 200
    assert len(preflight.headers["cf-ray"]) == 32
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert "cf-ray" in reply.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in foreign.headers


async def test_without_the_setting_no_page_may_call() -> None:
    async with house() as one:
        reply = await one.client.options(
            "/api/v1/chat/completions", headers={"Origin": "https://app.example"}
        )
    assert reply.status_code == 405
    assert "access-control-allow-origin" not in reply.headers
