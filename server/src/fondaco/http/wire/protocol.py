"""The connection: bytes to exchanges and back, within limits of size and time.

Requests come one after another or several ahead, and each is answered once, in their order. Where
anything odd was seen, the connection closes after the reply: nobody knows what is meant by the rest.
"""

import asyncio
from collections import deque
from enum import Enum
from math import inf
from typing import cast

from fondaco.domain.errors import FondacoError, RequestTimeoutError, TooManyConnectionsError
from fondaco.http.exchange.exchange import Answer
from fondaco.http.wire.connection_limits import ConnectionLimits, Lane, Register
from fondaco.http.wire.http1_exchange import STATUS_LINES, Http1Exchange
from fondaco.http.wire.request_head import RequestHead
from fondaco.http.wire.request_reader import RequestReader
from fondaco.http.wire.timer import Timer

_MOST_AHEAD = 16
"""Requests that may come before the reply to an earlier one; then the caller has to wait."""
_MOST_DROPPED = 64 * 2**20
"""Bytes that are read after the last reply, so that a caller who still sends gets to see it."""
_SPARE_TIMEOUT_S = 2.0
"""Time for a request on a connection beyond the limit to arrive, and for its caller to close."""


class Phase(Enum):
    """What of the next request has arrived."""

    NOTHING = 0
    HEAD = 1
    """Part of its head, or nothing yet of the first one."""
    BODY = 2


class Connection(asyncio.Protocol):
    """One caller's connection."""

    # As it is before anything has come.

    congested = False
    _client = ""
    _lane = Lane.USUAL
    _closed = False
    _deaf = False
    """Whether nothing more is read: what came cannot be trusted, or is of no use."""
    _more = False
    """Whether more may be on its way that is not read, because the server ends the connection."""
    _refused: FondacoError | None = None
    """What comes after the replies that are under way, as the last one."""
    _closing = False
    """Whether the last reply was written."""
    _dropped_bytes = 0
    _paused = False
    _next_slice: asyncio.Handle | None = None
    """Set while there is more to read than a connection may at a time."""
    _drained: asyncio.Future[None] | None = None
    _phase = Phase.HEAD
    _incoming: Http1Exchange | None = None
    """The request whose body is still arriving."""
    _current: Http1Exchange | None = None
    """The request that is being answered."""
    _body_time_s = 0.0
    """What is left of the time for the body, while reading is paused."""

    def __init__(self, answer: Answer, limits: ConnectionLimits, register: Register) -> None:
        """Prepare to have `answer` run as a task for each request."""
        self._answer = answer
        self._limits = limits
        self._register = register
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._ahead: deque[Http1Exchange] = deque()
        """Requests that came before their turn."""
        self._reader = RequestReader(limits.header_limit_bytes)
        self._deadline = Timer(self._loop, self._too_late)
        """When what is awaited of the caller is too late."""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if peer else ""
        self._lane = self._register.enter(self, self._client)
        if self._lane is Lane.USUAL:
            self._deadline.set(self._limits.header_timeout_s)
        elif self._lane is Lane.SPARE:
            self._deadline.set(_SPARE_TIMEOUT_S)
        else:
            self._last_word(TooManyConnectionsError())

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the answer, which nobody waits for any more."""
        self._closed = self._closing = self._deaf = True
        self._register.depart(self, self._lane)
        self._deadline.end()
        if self._next_slice is not None:
            self._next_slice.cancel()
        self.resume_writing()
        self._ahead.clear()
        exchange, self._current = self._current, None
        if exchange is not None and exchange.task is not None:
            self._register.leave(exchange.task)
            exchange.abandon()

    def data_received(self, data: bytes) -> None:
        """Read what has come, then watch over what came in part only: most requests come whole."""
        if self._deaf:
            self._drop(len(data))
            return
        self._reader.feed(data)
        if self._next_slice is None:
            self._advance()

    def eof_received(self) -> None:
        """Close: who sends no more is taken to be gone."""

    def pause_writing(self) -> None:
        """Know that the caller is slow."""
        self.congested = True

    def resume_writing(self) -> None:
        """Know that the caller has caught up."""
        if self._stuck and (self._phase is Phase.NOTHING or self._paused or self._deaf):
            self._deadline.at = inf
        self.congested = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._current is None:
            self._next()

    # Reading.

    def _advance(self) -> None:
        """Read as far as there is anything to read, and room for it."""
        try:
            self._read()
        except FondacoError as error:
            self._refuse(error)
            return
        if self._incoming is not None or self._ahead or self._paused:
            self._limiter()
            self._expect_taking()
        if self._phase is not Phase.NOTHING or self._reader.unread_bytes:
            self._hurry()

    def _read(self) -> None:
        reader = self._reader
        while not self._deaf:
            if self._incoming is not None:
                if not self._read_body(self._incoming):
                    return
            elif len(self._ahead) > _MOST_AHEAD or (head := reader.head()) is None:
                return
            else:
                self._begin(head)

    def _read_body(self, incoming: Http1Exchange) -> bool:
        """Read what has come of a body; return whether that was the rest."""
        reader = self._reader
        piece = reader.body()
        if piece:
            incoming.take(piece)
        if not reader.body_complete:
            if reader.busy:
                self._next_slice = self._loop.call_soon(self._go_on)
            return False
        self._incoming = None
        self._phase = Phase.NOTHING
        self._deadline.at = inf
        incoming.end_body()
        self._deaf = incoming.closes
        if self._current is None and not self._ahead:  # it was answered before
            self._deadline.set(self._limits.idle_timeout_s)
        return True

    def _go_on(self) -> None:
        """Read the next slice, after others had their turn."""
        self._next_slice = None
        if not self._deaf:
            self._advance()

    def _begin(self, head: RequestHead) -> None:
        """Have a request answered, unless earlier ones are not yet."""
        exchange = Http1Exchange(
            self,
            head.method,
            head.path,
            query=head.query,
            fields=head.fields,
            headers=head.headers,
            client=self._client,
            closes=head.closes,
            unframed=head.old,
        )
        exchange.authority = head.authority or b""
        exchange.declared_bytes = head.body_bytes
        if self._lane is Lane.SPARE or self._register.leaving_soon:
            if self._lane is Lane.SPARE and head.path not in self._limits.probes:
                raise TooManyConnectionsError
            exchange.closes = self._more = True
        self._deadline.at = inf
        if self._reader.body_complete:
            self._phase = Phase.NOTHING
            exchange.complete = True
            if head.content is not None:
                exchange.take(head.content)
            self._deaf = exchange.closes  # what follows is of no use: RFC 9112, 9.6
        else:
            self._phase = Phase.BODY
            self._body_time_s = self._limits.body_timeout_s
            self._incoming = exchange
            exchange.waits = head.waits
        self._ahead.append(exchange)
        if self._current is None and not self.congested:
            self._next()

    def _drop(self, octets: int) -> None:
        """Throw away what comes after the end, as long as it is not too much."""
        self._dropped_bytes += octets
        if self._dropped_bytes > _MOST_DROPPED:
            self.abort()

    # What exchanges call.

    def write(self, octets: bytes) -> None:
        """Send, unless the caller went away, or has had the last reply."""
        if not self._closing:
            self._transport.write(octets)

    def listen(self) -> None:
        """Read on, if reading was paused."""
        if self._paused and self._next_slice is None:
            self._advance()

    def answered(self) -> None:
        """Go on to the next request, or close after the last."""
        exchange, self._current = self._current, None
        if exchange is not None and exchange.closes:
            self.close()
        elif self._refused is not None and not self._ahead:
            self._last_word(self._refused)
        else:
            self._proceed()

    def _proceed(self) -> None:
        if self._ahead and not self.congested:
            self._next()
        if self._paused:
            self.listen()
        if self._current is None and self._phase is Phase.NOTHING:
            self._deadline.set(self._limits.idle_timeout_s)
        else:
            self._expect_taking()

    async def drained(self) -> None:
        """Return once the caller has caught up, or is gone."""
        if self.congested:
            self._drained = self._loop.create_future()
            await self._drained

    def close(self) -> None:
        """Close, once everything has been sent; but not wait for ever for a caller to take it.

        Who may still be sending is listened to for a while: to close at once would reset the
        connection, and the reply might be lost (RFC 9112, 9.6).
        """
        if self._closed:
            return
        sends = self._more or self._dropped_bytes or self._reader.unread_bytes
        again = self._closing
        self._deaf = self._closing = True
        self._ahead.clear()
        if again or self._transport.is_closing() or not (sends or self._incoming is not None):
            self._transport.close()
        else:
            try:
                self._transport.write_eof()
            except OSError:  # the caller has reset the connection
                self._transport.abort()
            self._resume()
        usual = self._lane is Lane.USUAL
        self._deadline.set(self._limits.idle_timeout_s if usual else _SPARE_TIMEOUT_S)

    def abort(self) -> None:
        """Close at once."""
        self._deaf = self._closing = True
        if not self._closed:
            self._transport.abort()

    # What the listener calls.

    def shut_down(self) -> None:
        """Close after the reply that is under way, if there is one."""
        if self._current is None or self._closing:
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

    def _limiter(self) -> None:
        """Read no further than there is room."""
        incoming = self._incoming
        full = (
            len(self._ahead) > _MOST_AHEAD
            or self._next_slice is not None
            or (incoming is not None and incoming.full)
        )
        if self._deaf or not full:
            self._resume()
        elif not self._paused and not self._closed:
            self._paused = True
            self._transport.pause_reading()
            if self._phase is Phase.BODY and self._deadline.at < inf:
                self._body_time_s = self._deadline.left_s
                self._deadline.at = inf  # it is not the caller who keeps us waiting

    def _resume(self) -> None:
        if self._paused and not self._closed:
            self._paused = False
            self._transport.resume_reading()

    @property
    def _stuck(self) -> bool:
        """Whether a request waits for the caller to take the replies to earlier ones."""
        return self.congested and self._current is None and bool(self._ahead)

    def _expect_taking(self) -> None:
        """Have a caller given up who takes no replies, unless there is a deadline already."""
        if self._deadline.at == inf and self._stuck:
            self._deadline.set(self._limits.idle_timeout_s)

    def _hurry(self) -> None:
        """Let what has begun to arrive do so in time, however many pieces it comes in."""
        if self._deaf or self._paused:
            return
        if self._phase is Phase.NOTHING and self._reader.begun:
            self._phase = Phase.HEAD
            self._deadline.set(self._limits.header_timeout_s)
        elif self._phase is Phase.BODY and self._deadline.at == inf:
            self._deadline.set(self._body_time_s)

    def _too_late(self) -> None:
        if self._closing or self._stuck:
            self.abort()  # whatever was said now would not be taken either
        elif self._phase is Phase.BODY or self._reader.begun:
            self._refuse(RequestTimeoutError())
        else:
            self.close()  # a silent socket deserves no reply

    def _refuse(self, error: FondacoError) -> None:
        """Read no more; replies under way come first, and the last of them closes."""
        self._deaf = self._more = True
        self._deadline.at = inf
        incoming = self._incoming
        if incoming is not None:
            incoming.break_off(error)
            if incoming is not self._current and incoming not in self._ahead:
                self.close()  # it has been answered
        elif (last := self._ahead[-1] if self._ahead else self._current) is None:
            self._last_word(error)
        elif isinstance(error, RequestTimeoutError):
            last.closes = True
        else:
            self._refused = error
        self._resume()
        self._expect_taking()

    def _last_word(self, error: FondacoError) -> None:
        """Reply to what is no request, or none that is taken, and close."""
        status, lines, body = self._limits.refusal(error)
        base = self._limits.default_headers.lines(self._limits.ids.call())
        self.write(b"%b%b%bconnection: close\r\n\r\n%b" % (STATUS_LINES[status], base, lines, body))
        self.close()
