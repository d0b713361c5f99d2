"""An exchange over ASGI: writing never waits, and a full buffer is congestion."""

import asyncio

from fondaco.http.asgi.asgi_exchange import AsgiExchange
from fondaco.http.asgi.messages import Message, Scope

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
LARGE = b"x" * 2**17


async def test_a_full_buffer_is_congestion_until_the_server_takes_it() -> None:
    exchange, taken, sent = AsgiExchange(SCOPE), asyncio.Event(), list[Message]()

    async def send(message: Message) -> None:
        await taken.wait()
        sent.append(message)

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(exchange.send_all(send))
        exchange.start(200, b"content-type: text/plain\r\nconnection: close\r\n", b"")
        exchange.write(LARGE)
        assert exchange.congested
        waiting = tasks.create_task(exchange.drained())
        await asyncio.sleep(0)
        assert not waiting.done()
        taken.set()
        await waiting
        exchange.finish(b"!")
        assert await sending
    assert sent[0]["headers"] == [(b"content-type", b"text/plain")]
    assert b"".join(message["body"] for message in sent[1:]) == LARGE + b"!"
    assert [message["more_body"] for message in sent[1:]] == [True, False]


async def test_who_waits_for_room_is_freed_when_the_exchange_is_cut_off() -> None:
    exchange = AsgiExchange(SCOPE)
    exchange.start(200, b"", LARGE)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(exchange.drained())
        await asyncio.sleep(0)
        exchange.leave()
        await waiting
    assert exchange.ended


async def test_a_server_that_never_takes_a_piece_is_waited_for_no_longer_than_the_exchange() -> (
    None
):
    exchange, asked = AsgiExchange(SCOPE), asyncio.Event()

    async def send(_: Message) -> None:
        asked.set()
        await asyncio.sleep(3600)

    exchange.start(200, b"", LARGE)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(exchange.send_all(send))
        await asked.wait()
        exchange.leave()
        assert not await sending, "the response was not complete"
