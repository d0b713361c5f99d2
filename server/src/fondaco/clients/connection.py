"""One HTTP/1.1 connection to an engine: bytes in, responses out."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from math import inf
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from fondaco.clients.client import ChunkTimeoutError, FirstByteTimeoutError, IncompleteResponseError
from fondaco.domain.errors import EngineError, EngineTimeoutError

_HEAD_LIMIT_BYTES = 64 * 2**10
_UNREAD_LIMIT_BYTES = 256 * 2**10
"""Unread bytes above which reading pauses."""
_FRAMING_LIMIT_BYTES = 64 * 2**10
"""Consecutive bytes without body data: chunk extensions, trailers."""
RESPONSE_LIMIT_BYTES = 2**30
"""Limit of a whole response with its framing: twice a million tokens in large events."""
_FIRST_FINAL_STATUS = 200


class PooledResponse:
    """A response as it arrives."""

    __slots__ = (
        "_chunks", "_connection", "_failure", "_nudged", "_relay", "_settled", "_waiter",
        "complete", "raw_headers", "reusable", "status",
    )  # fmt: skip

    def __init__(self, connection: "ClientConnection", chunks: list[bytes]) -> None:
        """Create an empty response; the connection appends its body to `chunks`."""
        self.status = 0
        """0 until the head has arrived."""
        self.complete = False
        self.reusable = False
        """Whether the connection may serve another request."""
        self._connection = connection
        self.raw_headers: list[tuple[bytes, bytes]] = []
        """Those of the head, or of an interim response's head, as they came."""
        self._chunks = chunks
        self._failure: EngineError | None = None
        self._nudged = False
        self._relay: Callable[[bytes], bool] | None = None
        self._settled: Callable[[], None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in self.raw_headers}

    async def head(self) -> None:
        """Wait for the head."""
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._arrival()

    async def piece(self) -> bytes:
        """Return the part of the body that arrived since the last piece; empty at its end, or after `nudge`."""
        while not self._chunks:
            if self._nudged:
                self._nudged = False
                return b""
            if self._failure is not None:
                raise self._failure
            if self.complete:
                return b""
            await self._arrival()
        return self._take()

    async def read(self, limit: int) -> bytes:
        """Return the whole body of at most `limit` bytes."""
        body = await self.piece()
        if not self.complete or self._chunks:
            content = bytearray(body)
            while len(content) <= limit and (piece := await self.piece()):
                content += piece
            body = bytes(content)
        if len(body) > limit:
            raise IncompleteResponseError(f"The engine's response is larger than {limit:,} bytes.")
        return body

    def when_settled(self, settled: Callable[[], None] | None) -> None:
        """Call `settled` once, in place of waking a reader: when no more of the response can be awaited unread.

        It is then complete, has failed, or is larger than what a connection holds unread. None: call nothing.
        """
        self._settled = settled

    def relay_by(self, relay: Callable[[bytes], bool] | None) -> None:
        """Offer `relay` a part of the body that arrives while the reader waits for it; None: wake the reader.

        It returns whether it has taken it; else the reader gets it.
        """
        self._relay = relay

    def nudge(self) -> None:
        """Have a reader who waits for a piece look around: it gets an empty one."""
        self._nudged = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def unread_body(self) -> bytes:
        """The body as far as it has arrived and was not read; it stays unread."""
        chunks = self._chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def forget_headers(self) -> None:
        """Drop the headers of an interim response."""
        self.raw_headers.clear()

    def discard(self) -> None:
        """Drop unread data."""
        self._chunks = []

    def fail(self, failure: EngineError) -> None:
        """End the response here, unless it has ended already."""
        if not self.complete and self._failure is None:
            self._failure = failure
        self.wake()

    def wake(self) -> None:
        """Wake the reader."""
        if self._settled is not None:
            if self.complete or self._failure is not None or self._connection.paused:
                settled, self._settled = self._settled, None
                settled()
            return
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self._relay is None or not self._relayed(self._relay):
            waiter.set_result(None)

    def _relayed(self, relay: Callable[[bytes], bool]) -> bool:
        """Offer a part that has arrived alone; return whether it was taken."""
        chunks = self._chunks
        if self.complete or self._failure is not None or len(chunks) != 1:
            return False
        piece = chunks.pop()
        if relay(piece):
            self._connection.resume()
            return True
        chunks.append(piece)
        return False

    @property
    def ends_at_close(self) -> bool:
        """Whether the body has no framing, so that it ends when the connection closes."""
        framed = (b"content-length", b"transfer-encoding")
        return bool(self.status) and not any(n.lower() in framed for n, _ in self.raw_headers)

    def _arrival(self) -> asyncio.Future[None]:
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        return waiter

    def _take(self) -> bytes:
        chunks = self._chunks
        piece = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._connection.resume()
        return piece


class ClientConnection(asyncio.Protocol):
    """A connection that serves one request after another."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_lost: Callable[["ClientConnection"], None]
    ) -> None:
        """Prepare for `loop.create_connection`; `on_lost` is called once when the connection closes."""
        self.closed = False
        self.used = False
        """Whether a complete response has arrived before."""
        self.receiving = False
        """Whether any byte of the current response has arrived."""
        self._loop = loop
        self._on_lost = on_lost
        self._body: list[bytes] = []
        self.on_body = self._body.append
        """The parser's callback for a part of the body, without a Python frame for each."""
        self._unread_bytes = 0
        self._framing_bytes = 0
        """Framing bytes since the last part of the body."""
        self._response_bytes = 0
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._response: PooledResponse | None = None
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self.paused = False
        """Whether reading is paused, as too much is unread."""
        self._chunk_timeout_s = inf
        self._last_data_at = 0.0
        """Arrival time of the last part of the body."""
        self._deadline = inf
        self._total_deadline = inf
        self._timer: asyncio.TimerHandle | None = None

    def ask(
        self,
        request: bytes,
        first_byte_timeout_s: float,
        total_timeout_s: float,
        chunk_timeout_s: float = inf,
    ) -> PooledResponse:
        """Send a request; the response fails on its own when a time-out passes."""
        self._body.clear()
        response = self._response = PooledResponse(self, self._body)
        self.receiving = False
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self._framing_bytes = self._response_bytes = 0
        self._chunk_timeout_s = chunk_timeout_s
        now = self._loop.time()
        self._total_deadline = now + total_timeout_s
        self._deadline = min(now + first_byte_timeout_s, self._total_deadline)
        self._watch()
        if self._transport is None:
            response.fail(IncompleteResponseError("The connection to the engine is closed."))
        else:
            self._transport.write(request)
        return response

    def end(self) -> bool:
        """Release the current response, and return whether the connection can be reused."""
        response, self._response = self._response, None
        self._deadline = inf
        if response is not None:
            response.discard()
        if response is not None and response.complete and response.reusable and not self.closed:
            self.resume()
            self.used = True
            return True
        if response is not None:
            response.fail(IncompleteResponseError("The response was closed before its end."))
        self.abort()
        return False

    def abort(self) -> None:
        """Close the connection at once."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def resume(self) -> None:
        """Resume reading, since the reader has caught up."""
        self._unread_bytes = 0
        if self.paused and self._transport is not None:
            self.paused = False
            self._last_data_at = self._loop.time()  # restarts the chunk time-out
            self._transport.resume_reading()

    # Callbacks of asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; disable Nagle's algorithm."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Parse the bytes that arrived."""
        response = self._response
        if response is None or response.complete:  # unsolicited data is not trusted
            if response is not None:
                response.reusable = False
            self.abort()
            return
        self.receiving = True
        parts = len(self._body)
        try:
            self._parser.feed_data(data)
            if not response.status:
                self._unfinished_bytes += len(data)
                _check_head(self._unfinished_bytes)
            elif len(self._body) > parts:
                self._last_data_at = self._loop.time()
                self._framing_bytes = 0
            else:
                self._framing_bytes += len(data)
                _expect_at_most(_FRAMING_LIMIT_BYTES, self._framing_bytes)
            self._response_bytes += len(data)
            _expect_at_most(RESPONSE_LIMIT_BYTES, self._response_bytes)
        except (HttpParserError, HttpParserUpgrade, IncompleteResponseError):
            response.reusable = False
            response.fail(IncompleteResponseError("The engine's response is not well-formed HTTP."))
            self.abort()
        else:
            self._unread_bytes += len(data)
            if self._unread_bytes > _UNREAD_LIMIT_BYTES:
                self._pause()
            response.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the current response; it is complete if the body ends at the close."""
        response = self._response
        if response is not None and not response.complete:
            if exc is None and not self.closed and response.ends_at_close:
                response.complete = True
            response.fail(IncompleteResponseError("The engine's response ended early."))
        self.abort()
        self._on_lost(self)

    # Callbacks of the parser.

    def on_message_begin(self) -> None:
        """Refuse a second response to one request."""
        if self._response is None or self._response.complete:
            raise IncompleteResponseError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers are counted and dropped."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > _HEAD_LIMIT_BYTES:
            raise IncompleteResponseError
        response = self._response
        if response is not None and not response.status:
            response.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Complete the head."""
        status = self._parser.get_status_code()
        if self._response is not None and status >= _FIRST_FINAL_STATUS:
            self._response.status = status
            self._last_data_at = self._loop.time()
            self._deadline = min(self._last_data_at + self._chunk_timeout_s, self._total_deadline)
            self._watch()

    def on_message_complete(self) -> None:
        """End the response, unless it was an interim one (1xx)."""
        response = self._response
        if response is None:
            return
        if not response.status:
            response.forget_headers()
            return
        response.complete = True
        response.reusable = self._parser.should_keep_alive()
        self._deadline = inf

    def _pause(self) -> None:
        if not self.paused and self._transport is not None:
            self.paused = True
            self._transport.pause_reading()

    # One timer serves many requests: when it fires early, it is rescheduled to the current deadline.

    def _watch(self) -> None:
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._deadline == inf or self._response is None:
            return
        now = self._loop.time()
        if self._response.status and now < self._total_deadline:
            # While reading is paused, silence is not the engine's fault.
            last_data_at = now if self.paused else self._last_data_at
            self._deadline = min(last_data_at + self._chunk_timeout_s, self._total_deadline)
        if now < self._deadline:
            self._watch()
            return
        self._response.fail(self._timeout_error(now))
        self.abort()

    def _timeout_error(self, now: float) -> EngineTimeoutError:
        if now >= self._total_deadline or self._response is None:
            return EngineTimeoutError()
        return ChunkTimeoutError() if self._response.status else FirstByteTimeoutError()


def _check_head(size: int) -> None:
    _expect_at_most(_HEAD_LIMIT_BYTES, size)


def _expect_at_most(limit: int, size: int) -> None:
    if size > limit:
        raise IncompleteResponseError
