"""The HTTP/1.1 protocol of a connection: bytes to exchanges and back, within limits.

Requests come one after another or pipelined, and each is answered once, in their order. After a request
that breaks the grammar the connection closes: where the next one begins is unknown.
"""

import asyncio
from collections import deque
from enum import Enum
from math import inf
from typing import cast

from fondaco.domain.errors import FondacoError, RequestTimeoutError, TooManyConnectionsError
from fondaco.http.exchange.exchange import FastResponder, Responder
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry, Slot
from fondaco.http.wire.http1_exchange import STATUS_LINES, Http1Exchange
from fondaco.http.wire.request_head import RequestHead
from fondaco.http.wire.request_reader import RequestReader
from fondaco.http.wire.timer import Timer

_MOST_PIPELINED = 16
"""Requests that may be pipelined; beyond, reading pauses."""
_MOST_DISCARDED_BYTES = 64 * 2**20
"""Bytes read after the last response, so that a client that still sends receives it."""
_PROBE_TIMEOUT_S = 2.0
"""Time for the request of a connection beyond the limit, and for its client to close."""


class Phase(Enum):
    """The part of the next request that is being received."""

    NOTHING = 0
    HEAD = 1
    """Part of its head, or nothing yet of the first one."""
    BODY = 2


class ServerConnection(asyncio.Protocol):
    """One client's connection."""

    # Defaults of a new connection.

    congested = False
    _client = ""
    _slot = Slot.NORMAL
    _closed = False
    _ignores_input = False
    """Whether input is discarded: it cannot be trusted, or no response can follow."""
    _input_cut = False
    """Whether the client may still be sending when the server closes the connection."""
    _refused: FondacoError | None = None
    """The error that is the last response, after those to earlier requests."""
    _closing = False
    """Whether the last response was written."""
    _discarded_bytes = 0
    _paused = False
    _next_slice: asyncio.Handle | None = None
    """Scheduled while more has arrived than one connection may parse at a time."""
    _drained: asyncio.Future[None] | None = None
    _phase = Phase.HEAD
    _incoming: Http1Exchange | None = None
    """The request whose body is being received."""
    _current: Http1Exchange | None = None
    """The request that is being answered."""
    _body_time_s = 0.0
    """Time left for the body, while reading is paused."""

    def __init__(
        self,
        answer: Responder,
        limits: ConnectionLimits,
        registry: ConnectionRegistry,
        fast_path: FastResponder | None = None,
    ) -> None:
        """Prepare to run `answer` as a task for each request, unless `fast_path` takes it on."""
        self._answer = answer
        self._fast_path = fast_path
        self._limits = limits
        self._registry = registry
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._pipelined: deque[Http1Exchange] = deque()
        """Requests that were pipelined."""
        self._reader = RequestReader(limits.header_limit_bytes)
        self._deadline = Timer(self._loop, self._deadline_passed)
        """Deadline of the part that is being received."""

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        # uvloop's transport is not a subclass.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if peer else ""
        self._slot = self._registry.add(self, self._client)
        if self._slot is Slot.NORMAL:
            self._deadline.set(self._limits.header_timeout_s)
        elif self._slot is Slot.PROBE_ONLY:
            self._deadline.set(_PROBE_TIMEOUT_S)
        else:
            self._respond_and_close(TooManyConnectionsError())

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the response: the client is gone."""
        self._closed = self._closing = self._ignores_input = True
        self._registry.remove(self, self._slot)
        self._deadline.end()
        if self._next_slice is not None:
            self._next_slice.cancel()
        self.resume_writing()
        self._pipelined.clear()
        exchange, self._current = self._current, None
        if exchange is not None:
            exchange.abandon()
            if exchange.task is not None:
                self._registry.await_end(exchange.task)

    def data_received(self, data: bytes) -> None:
        """Parse the bytes that arrived, and set a deadline for an incomplete request: most arrive whole."""
        if self._ignores_input:
            self._discard(len(data))
            return
        self._reader.feed(data)
        if self._next_slice is None:
            self._advance()

    def eof_received(self) -> None:
        """Close: a client that sends no more is taken to be gone."""

    def pause_writing(self) -> None:
        """Note that the client reads too slowly."""
        self.congested = True

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        if self._write_stalled and (
            self._phase is Phase.NOTHING or self._paused or self._ignores_input
        ):
            self._deadline.at = inf
        self.congested = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._current is None:
            self._next()

    # Reading.

    def _advance(self) -> None:
        """Parse as far as input and room for it allow."""
        try:
            self._read()
        except FondacoError as error:
            self._refuse(error)
            return
        if self._incoming is not None or self._pipelined or self._paused:
            self._apply_backpressure()
            self._set_write_deadline()
        if self._phase is not Phase.NOTHING or self._reader.unread_bytes:
            self._set_read_deadline()

    def _read(self) -> None:
        reader = self._reader
        while not self._ignores_input:
            if self._incoming is not None:
                if not self._read_body(self._incoming):
                    return
            elif len(self._pipelined) > _MOST_PIPELINED or (head := reader.head()) is None:
                return
            else:
                self._begin(head)

    def _read_body(self, incoming: Http1Exchange) -> bool:
        """Read what has arrived of a body; return whether it is complete."""
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
        self._ignores_input = incoming.closes
        if self._current is None and not self._pipelined:  # answered before the body was complete
            self._deadline.set(self._limits.idle_timeout_s)
        return True

    def _go_on(self) -> None:
        """Parse the next slice, after other connections had their turn."""
        self._next_slice = None
        if not self._ignores_input:
            self._advance()

    def _begin(self, head: RequestHead) -> None:
        """Start the response to a request, or queue it behind earlier ones."""
        exchange = Http1Exchange(self, head, self._client)
        if self._slot is Slot.PROBE_ONLY or self._registry.closes_soon:
            if self._slot is Slot.PROBE_ONLY and head.path not in self._limits.probes:
                raise TooManyConnectionsError
            exchange.closes = self._input_cut = True
        self._deadline.at = inf
        if self._reader.body_complete:
            self._phase = Phase.NOTHING
            exchange.complete = True
            if head.content is not None:
                exchange.take(head.content)
            self._ignores_input = exchange.closes  # what follows is ignored: RFC 9112, 9.6
        else:
            self._phase = Phase.BODY
            self._body_time_s = self._limits.body_timeout_s
            self._incoming = exchange
            exchange.waits = head.waits
        self._pipelined.append(exchange)
        if self._current is None and not self.congested:
            self._next()

    def _discard(self, octets: int) -> None:
        """Discard input after the last request, up to a limit."""
        self._discarded_bytes += octets
        if self._discarded_bytes > _MOST_DISCARDED_BYTES:
            self.abort()

    # Called by exchanges.

    def write(self, octets: bytes) -> None:
        """Send, unless the client is gone or has had the last response."""
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
        elif self._refused is not None and not self._pipelined:
            self._respond_and_close(self._refused)
        else:
            self._proceed()

    def _proceed(self) -> None:
        if self._pipelined and not self.congested:
            self._next()
        if self._paused:
            self.listen()
        if self._current is None and self._phase is Phase.NOTHING:
            self._deadline.set(self._limits.idle_timeout_s)
        else:
            self._set_write_deadline()

    async def drained(self) -> None:
        """Return once the client has caught up, or is gone."""
        if self.congested:
            self._drained = self._loop.create_future()
            await self._drained

    def close(self) -> None:
        """Close once everything has been sent, within the idle time-out.

        Input of a client that may still be sending is read and discarded for a while: to close at
        once would reset the connection, and the response might be lost (RFC 9112, 9.6).
        """
        if self._closed:
            return
        may_send = self._input_cut or self._discarded_bytes or self._reader.unread_bytes
        closing_already = self._closing
        self._ignores_input = self._closing = True
        self._pipelined.clear()
        if (
            closing_already
            or self._transport.is_closing()
            or not (may_send or self._incoming is not None)
        ):
            self._transport.close()
        else:
            try:
                self._transport.write_eof()
            except OSError:  # the client has reset the connection
                self._transport.abort()
            self._resume()
        normal = self._slot is Slot.NORMAL
        self._deadline.set(self._limits.idle_timeout_s if normal else _PROBE_TIMEOUT_S)

    def abort(self) -> None:
        """Close at once."""
        self._ignores_input = self._closing = True
        if not self._closed:
            self._transport.abort()

    # Called by the listener.

    def shut_down(self) -> None:
        """Close after the current response, if any."""
        if self._current is None or self._closing:
            self.close()
        else:
            self._current.closes = True
            self._pipelined.clear()
            if self._current.resume is not None:
                self._current.hand_over()

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task of the current response."""
        return self._current.task if self._current is not None else None

    def _next(self) -> None:
        if self._pipelined:
            exchange = self._current = self._pipelined.popleft()
            fast_path = self._fast_path if exchange.complete and not self._closed else None
            if fast_path is not None and fast_path(exchange):
                return
            exchange.task = self._loop.create_task(self._answer(exchange))

    def _apply_backpressure(self) -> None:
        """Pause reading where there is no room for more, else resume."""
        incoming = self._incoming
        full = (
            len(self._pipelined) > _MOST_PIPELINED
            or self._next_slice is not None
            or (incoming is not None and incoming.full)
        )
        if self._ignores_input or not full:
            self._resume()
        elif not self._paused and not self._closed:
            self._paused = True
            self._transport.pause_reading()
            if self._phase is Phase.BODY and self._deadline.at < inf:
                self._body_time_s = self._deadline.left_s
                self._deadline.at = inf  # the server causes this wait, not the client

    def _resume(self) -> None:
        if self._paused and not self._closed:
            self._paused = False
            self._transport.resume_reading()

    @property
    def _write_stalled(self) -> bool:
        """Whether a pipelined request waits for the client to read earlier responses."""
        return self.congested and self._current is None and bool(self._pipelined)

    def _set_write_deadline(self) -> None:
        """Set a deadline for a client that reads no responses, unless there is one already."""
        if self._deadline.at == inf and self._write_stalled:
            self._deadline.set(self._limits.idle_timeout_s)

    def _set_read_deadline(self) -> None:
        """Set the deadline of a head or body that is incomplete, in however many pieces it comes."""
        if self._ignores_input or self._paused:
            return
        if self._phase is Phase.NOTHING and self._reader.started:
            self._phase = Phase.HEAD
            self._deadline.set(self._limits.header_timeout_s)
        elif self._phase is Phase.BODY and self._deadline.at == inf:
            self._deadline.set(self._body_time_s)

    def _deadline_passed(self) -> None:
        if self._closing or self._write_stalled:
            self.abort()  # the client would not read an error response either
        elif self._phase is Phase.BODY or self._reader.started:
            self._refuse(RequestTimeoutError())
        else:
            self.close()  # an idle connection gets no response

    def _refuse(self, error: FondacoError) -> None:
        """Discard further input; close after the responses to earlier requests."""
        self._ignores_input = self._input_cut = True
        self._deadline.at = inf
        incoming = self._incoming
        if incoming is not None:
            incoming.break_off(error)
            if incoming is not self._current and incoming not in self._pipelined:
                self.close()  # it has been answered
        elif (last := self._pipelined[-1] if self._pipelined else self._current) is None:
            self._respond_and_close(error)
        elif isinstance(error, RequestTimeoutError):
            last.closes = True
        else:
            self._refused = error
        self._resume()
        self._set_write_deadline()

    def _respond_and_close(self, error: FondacoError) -> None:
        """Respond to what is no request, or is refused before one, and close."""
        status, lines, body = self._limits.refusal(error)
        base = self._limits.default_headers.lines(self._limits.ids.call())
        self.write(b"%b%b%bconnection: close\r\n\r\n%b" % (STATUS_LINES[status], base, lines, body))
        self.close()
