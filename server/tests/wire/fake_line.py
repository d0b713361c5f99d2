"""A connection without a socket: what it is fed, and what it does with its transport."""

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.error_responses import refusal
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.protocol import ServerConnection
from fondaco.system import SystemClock, TimedIds

HEADER_LIMIT = 4_096
OK = b"content-type: text/plain\r\ncontent-length: 2\r\n"


class FakeTransport(asyncio.Transport):
    """Keeps what is written, and notes what else is asked of it."""

    def __init__(self, client: str = "127.0.0.1") -> None:
        super().__init__({"peername": (client, 50_000)})
        self.written = b""
        self.ended = self.closed = self.aborted = self.paused = False
        self.gone = asyncio.Event()
        """Set once the connection was broken off."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended, "written after the end"
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True
        self.gone.set()

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def echo(exchange: Exchange) -> None:
    """Responder with 200 once the body is there, unless it breaks off."""
    await exchange.body(2**30)
    exchange.respond(200, OK, b"ok")
    exchange.leave()


async def refuse(exchange: Exchange) -> None:
    """Responder with 401 at once."""
    exchange.respond(401, OK, b"no")
    exchange.leave()


def terms(**seconds: float) -> ConnectionLimits:
    return ConnectionLimits(
        DefaultHeaders(SystemClock()),
        TimedIds(),
        header_limit_bytes=HEADER_LIMIT,
        header_timeout_s=seconds.get("header_timeout_s", 15.0),
        body_timeout_s=seconds.get("body_timeout_s", 60.0),
        idle_timeout_s=seconds.get("idle_timeout_s", 75.0),
        refusal=partial(refusal, dialect=VENICE),
        probes=frozenset({"/healthz"}),
    )


def line(
    answer: Callable[[Exchange], object] = echo,
    register: ConnectionRegistry | None = None,
    *,
    client: str = "127.0.0.1",
    **seconds: float,
) -> SimpleNamespace:
    """Return a connection that was just made, as `connection` and `transport`."""
    transport = FakeTransport(client)
    connection = ServerConnection(answer, terms(**seconds), register or ConnectionRegistry())  # type: ignore[arg-type]
    connection.connection_made(transport)
    return SimpleNamespace(connection=connection, transport=transport)


async def turns(number: int = 3) -> None:
    """Let the loop turn: tasks that were made run, and what they wake."""
    for _ in range(number):
        await asyncio.sleep(0)
