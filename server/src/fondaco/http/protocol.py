"""The connection: bytes to exchanges and back, within limits of size and time.

It knows HTTP/1.1 as httptools parses it: requests one after another or several ahead, bodies of a
stated length or in chunks, answered in their order.
"""

import asyncio
from collections import deque
from enum import Enum
from math import inf
from typing import cast
from urllib.parse import unquote

import orjson
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url

from fondaco.domain.errors import (
    FondacoError,
    HeadersTooLargeError,
    InvalidRequestError,
    RequestTimeoutError,
)
from fondaco.http.errors import body_of
from fondaco.http.exchange import STATUS_LINES, Exchange, Header
from fondaco.http.terms import Answer, Register, Terms

_MOST_AHEAD = 16
"""Requests that may come before the reply to an earlier one; then the caller has to wait."""


class Phase(Enum):
    """What of the next request has arrived."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class _RefusedError(Exception):
    """The request was refused by its head, so the parser need not go on."""


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, answer: Answer, terms: Terms, register: Register) -> None:
        """Prepare to have `answer` run as a task for each request."""
        self.congested = False
        self._answer = answer
        self._terms = terms
        self._register = register
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._client = ""
        self._closed = False
        self._deaf = False
        """Whether nothing more is read: what came cannot be trusted."""
        self._paused = False
        self._drained: asyncio.Future[None] | None = None
        self._phase = Phase.NOTHING
        self._received = 0
        self._url = b""
        self._fields: list[Header] = []
        self._incoming: Exchange | None = None
        """The request whose body is still arriving."""
        self._current: Exchange | None = None
        """The request that is being answered."""
        self._ahead: deque[Exchange] = deque()
        """Requests that came before their turn."""
        self._deadline = inf
        self._alarm: asyncio.TimerHandle | None = None
        self._parser = HttpRequestParser(self)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if peer else ""
        self._register.connections.add(self)
        self._expect(self._terms.header_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the answer, which nobody waits for any more."""
        self._closed = self._deaf = True
        self._register.connections.discard(self)
        if self._alarm is not None:
            self._alarm.cancel()
        self.resume_writing()
        self._ahead.clear()
        exchange, self._current = self._current, None
        if exchange is not None and exchange.task is not None:
            self._register.leave(exchange.task)
            exchange.abandon()

    def data_received(self, data: bytes) -> None:
        """Parse, then watch over what has arrived in part only: most requests come whole."""
        if self._deaf:
            return
        if self._phase is Phase.NOTHING:
            self._deadline = inf
        self._received += len(data)
        self._feed(data)
        if self._phase is not Phase.NOTHING:
            self._hurry()
        if self._incoming is not None or self._ahead:
            self._pace()

    def eof_received(self) -> None:
        """Close: who sends no more is taken to be gone."""

    def pause_writing(self) -> None:
        """Know that the caller is slow."""
        self.congested = True

    def resume_writing(self) -> None:
        """Know that the caller has caught up."""
        self.congested = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._current is None:
            self._next()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Expect a head."""
        self._phase = Phase.HEAD
        self._url = b""
        self._fields = []

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are dropped."""
        if self._phase is Phase.HEAD:
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Have the request answered, unless its head is too large or earlier ones are not yet."""
        limit = self._terms.header_limit_bytes
        if self._received > limit and self._head_bytes > limit:
            self._refuse(HeadersTooLargeError())
            raise _RefusedError
        path, query = _target(self._url)
        parser = self._parser
        old = parser.get_http_version() == "1.0"
        self._phase = Phase.BODY
        self._deadline = inf
        exchange = self._incoming = Exchange(
            self,
            parser.get_method().decode("ascii"),
            path,
            query=query,
            fields=self._fields,
            client=self._client,
            closes=old or not parser.should_keep_alive(),
            unframed=old,
        )
        self._ahead.append(exchange)
        if self._current is None and not self.congested:
            self._next()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._incoming is not None:
            self._incoming.take(body)

    def on_message_complete(self) -> None:
        """Stop the clock: the request has arrived."""
        self._phase = Phase.NOTHING
        self._received = 0
        self._deadline = inf
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.end_body()

    # What exchanges call.

    def write(self, octets: bytes) -> None:
        """Send, unless the caller went away."""
        if not self._closed:
            self._transport.write(octets)

    def listen(self) -> None:
        """Read on, if reading was paused."""
        if self._paused:
            self._pace()

    def answered(self) -> None:
        """Go on to the next request, or close after the last."""
        exchange, self._current = self._current, None
        if exchange is not None and exchange.closes:
            self.close()
            return
        if self._ahead and not self.congested:
            self._next()
        elif self._phase is Phase.NOTHING:
            self._expect(self._terms.idle_timeout_s)
        self.listen()

    async def drained(self) -> None:
        """Return once the caller has caught up, or is gone."""
        if self.congested:
            self._drained = self._loop.create_future()
            await self._drained

    def close(self) -> None:
        """Close, once everything has been sent; but not wait for ever for a caller to take it."""
        self._deaf = True
        if not self._closed:
            self._transport.close()
            self._expect(self._terms.idle_timeout_s)

    def abort(self) -> None:
        """Close at once."""
        self._deaf = True
        if not self._closed:
            self._transport.abort()

    # What the listener calls.

    def wind_up(self) -> None:
        """Close after the reply that is under way, if there is one."""
        if self._current is None:
            self.close()
        else:
            self._current.closes = True
            self._ahead.clear()

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What is being answered."""
        return self._current.task if self._current is not None else None

    def _next(self) -> None:
        if self._ahead:
            exchange = self._current = self._ahead.popleft()
            exchange.task = self._loop.create_task(self._answer(exchange))

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            # Another protocol is offered and not taken: the request is answered as any other.
            rest = data[upgrade.args[0] :]
            if rest:
                self._feed(rest)
        except HttpParserError:
            if not self._deaf:
                self._refuse(InvalidRequestError("Invalid HTTP request received."))
        else:
            limit = self._terms.header_limit_bytes
            if self._phase is Phase.HEAD and self._received > limit:
                self._refuse(HeadersTooLargeError())

    @property
    def _head_bytes(self) -> int:
        lines = sum(len(name) + len(value) + 4 for name, value in self._fields)
        return len(self._url) + lines

    def _pace(self) -> None:
        """Read no further than there is room."""
        incoming = self._incoming
        full = len(self._ahead) > _MOST_AHEAD or (incoming is not None and incoming.full)
        if full is self._paused or self._closed:
            return
        self._paused = full
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # One timer outlives many requests: it looks whether a deadline has passed, and sleeps on.

    def _expect(self, within_s: float) -> None:
        """Have the connection closed unless what comes next comes in time."""
        self._deadline = deadline = self._loop.time() + within_s
        if self._alarm is not None:
            if self._alarm.when() <= deadline:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(deadline, self._rang)

    def _hurry(self) -> None:
        """Let what has begun to arrive do so in time, however many pieces it comes in."""
        if self._deadline == inf and not self._deaf:
            terms, head = self._terms, self._phase is Phase.HEAD
            self._expect(terms.header_timeout_s if head else terms.body_timeout_s)

    def _rang(self) -> None:
        self._alarm = None
        if self._deadline == inf:
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._rang)
        elif self._deaf:
            self.abort()
        elif self._phase is Phase.NOTHING:
            self.close()  # a silent socket deserves no reply
        else:
            self._refuse(RequestTimeoutError())

    def _refuse(self, error: FondacoError) -> None:
        """Read no more, and answer below the application; replies under way come first."""
        self._deaf = True
        incoming, self._incoming = self._incoming, None
        exchange = self._current
        if exchange is not None and exchange is not incoming:
            if incoming is not None:
                self._ahead.remove(incoming)
            (self._ahead[-1] if self._ahead else exchange).closes = True
            return
        if exchange is None or not exchange.started:
            self.write(self._refusal(error))
        self.close()

    def _refusal(self, error: FondacoError) -> bytes:
        body = orjson.dumps(body_of(error))
        return (
            b"%b%bcontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (
                STATUS_LINES[error.status],
                self._terms.stamp.lines(self._terms.ids.call()),
                len(body),
                body,
            )
        )


def _target(url: bytes) -> tuple[str, bytes]:
    """Return the decoded path and the query of a request's target.

    Raises:
        ValueError, HttpParserError: it is none.
    """
    if url.startswith(b"/") and b"#" not in url:
        raw, _, query = url.partition(b"?")
    else:
        parsed = parse_url(url)
        raw, query = parsed.path or b"/", parsed.query or b""
    path = raw.decode("ascii")
    return (unquote(path) if "%" in path else path), query
