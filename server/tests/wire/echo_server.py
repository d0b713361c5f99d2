"""A server that says what it understood of each request, on the product's own connections."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fondaco.domain.errors import FondacoError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.error_responses import error_response
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.protocol import ServerConnection
from raw_http import Reply
from wire.fake_line import terms
from wire.rows import Row

STAMP = b"x-stamp"
_BODY_LIMIT = 2**20


@dataclass
class EchoServer:
    """Answers, and remembers what was asked."""

    port: int = 0
    seen: list[str] = field(default_factory=list)
    """The path of each request, in the order of their heads."""
    stamps: list[bytes] = field(default_factory=list)
    """The stamp of each, which a proxy puts on what it forwards."""

    async def answer(self, exchange: Exchange) -> None:
        self.seen.append(exchange.path)
        self.stamps.append(exchange.headers.get(STAMP, b""))
        reply: Response
        try:
            body = await exchange.body(_BODY_LIMIT)
        except FondacoError as error:
            reply = error_response(error, VENICE)
        else:
            reply = json_response(
                {
                    "method": exchange.method,
                    "path": exchange.path,
                    "authority": exchange.authority.decode("latin-1"),
                    "body": body.decode("latin-1"),
                }
            )
        reply.send(exchange)
        exchange.leave()


Responder = Callable[[Exchange], Coroutine[Any, Any, None]]


@asynccontextmanager
async def echo_server() -> AsyncGenerator[EchoServer]:
    one, register, held = EchoServer(), ConnectionRegistry(), terms()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: ServerConnection(one.answer, held, register), "127.0.0.1", 0, backlog=100
    )
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for connection in tuple(register.connections):
            connection.close()
            connection.close()


def expect_verdict(row: Row, replies: list[Reply]) -> None:
    """Fail unless these are the replies that a row must have."""
    assert [reply.status for reply in replies] == list(row.statuses)
    assert [reply.closes for reply in replies] == [*[False] * (len(replies) - 1), row.ends]
    if row.statuses[0] == 200:
        told = json.loads(replies[0].body or b"")
        understood = (
            told["path"],
            told["authority"].encode("latin-1"),
            told["body"].encode("latin-1"),
        )
        assert understood == (row.path, row.authority, row.body)
