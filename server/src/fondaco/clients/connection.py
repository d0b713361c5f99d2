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
"""Bytes on end that bring nothing of the body: extensions of a chunk, trailers."""
RESPONSE_LIMIT_BYTES = 2**30
"""Of one response in all, with its framing: a million tokens, each in a large event, are half of it."""
_FIRST_FINAL_STATUS = 200


class PooledResponse:
    """A response as it arrives."""

    __slots__ = (
        "_chunks", "_connection", "_failure", "_headers", "_waiter",
        "complete", "reusable", "status",
    )  # fmt: skip

    def __init__(self, connection: "ClientConnection", chunks: list[bytes]) -> None:
        """Begin an empty response, whose body the connection will put into `chunks`."""
        self.status = 0
        """0 until the head is there."""
        self.complete = False
        self.reusable = False
        """Whether the connection may serve another request."""
        self._connection = connection
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks = chunks
        self._failure: EngineError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in self._headers}

    async def head(self) -> None:
        """Wait for the head."""
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._arrival()

    async def piece(self) -> bytes:
        """Return what has arrived of the body since the last piece, or nothing at its end."""
        while not self._chunks:
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
            gathered = bytearray(body)
            while len(gathered) <= limit and (piece := await self.piece()):
                gathered += piece
            body = bytes(gathered)
        if len(body) > limit:
            raise IncompleteResponseError(f"The engine's response is larger than {limit:,} bytes.")
        return body

    def add_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head, or of an interim response's head."""
        self._headers.append((name, value))

    def forget_headers(self) -> None:
        """Drop the headers of an interim response."""
        self._headers.clear()

    def leave(self) -> None:
        """Drop what was not read."""
        self._chunks = []

    def fail(self, failure: EngineError) -> None:
        """End the response here, unless it has ended already."""
        if not self.complete and self._failure is None:
            self._failure = failure
        self.wake()

    def wake(self) -> None:
        """Wake the reader."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    @property
    def runs_to_the_end(self) -> bool:
        """Whether the body has no stated length, so that it ends with the connection."""
        framed = (b"content-length", b"transfer-encoding")
        return bool(self.status) and not any(n.lower() in framed for n, _ in self._headers)

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
        self, loop: asyncio.AbstractEventLoop, lost: Callable[["ClientConnection"], None]
    ) -> None:
        """Prepare for `loop.create_connection`; `lost` is told once when the connection is gone."""
        self.closed = False
        self.used = False
        """Whether a response has arrived in full before."""
        self.spoken = False
        """Whether any byte of the present response has arrived."""
        self._loop = loop
        self._lost = lost
        self._body: list[bytes] = []
        self.on_body = self._body.append
        """The parser's callback for a part of the body, without a Python frame for each."""
        self._unread_bytes = 0
        self._framing_bytes = 0
        """Those since the last part of the body."""
        self._response_bytes = 0
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._response: PooledResponse | None = None
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self._paused = False
        self._chunk_timeout_s = inf
        self._heard_at = 0.0
        """When the last part of the body came."""
        self._deadline = inf
        self._total_deadline = inf
        self._alarm: asyncio.TimerHandle | None = None

    def ask(
        self,
        request: bytes,
        first_byte_timeout_s: float,
        total_timeout_s: float,
        chunk_timeout_s: float = inf,
    ) -> PooledResponse:
        """Send a request; its response fails by itself when its time is up."""
        self._body.clear()
        response = self._response = PooledResponse(self, self._body)
        self.spoken = False
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
        """Let go of the present response, and return whether the connection may serve another."""
        response, self._response = self._response, None
        self._deadline = inf
        if response is not None:
            response.leave()
        if response is not None and response.complete and response.reusable and not self.closed:
            self.resume()
            self.used = True
            return True
        if response is not None:
            response.fail(IncompleteResponseError("The response was left before its end."))
        self.abort()
        return False

    def abort(self) -> None:
        """Close the connection at once."""
        self.closed = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def resume(self) -> None:
        """Read on, as the reader has caught up."""
        self._unread_bytes = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._heard_at = self._loop.time()  # its silence begins here
            self._transport.resume_reading()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; small writes leave at once."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived."""
        response = self._response
        if response is None or response.complete:  # nobody asked: whatever it is, it is not trusted
            if response is not None:
                response.reusable = False
            self.abort()
            return
        self.spoken = True
        parts = len(self._body)
        try:
            self._parser.feed_data(data)
            if not response.status:
                self._unfinished_bytes += len(data)
                _check_head(self._unfinished_bytes)
            elif len(self._body) > parts:
                self._heard_at = self._loop.time()
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
        """End the response under way: well where the connection's end is the body's end."""
        response = self._response
        if response is not None and not response.complete:
            if exc is None and not self.closed and response.runs_to_the_end:
                response.complete = True
            response.fail(IncompleteResponseError("The engine's response broke off."))
        self.abort()
        self._lost(self)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse a second response to one request."""
        if self._response is None or self._response.complete:
            raise IncompleteResponseError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are counted and dropped."""
        self._header_bytes += len(name) + len(value)
        _check_head(self._header_bytes)
        if self._response is not None and not self._response.status:
            self._response.add_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the head."""
        status = self._parser.get_status_code()
        if self._response is not None and status >= _FIRST_FINAL_STATUS:
            self._response.status = status
            self._heard_at = self._loop.time()
            self._deadline = min(self._heard_at + self._chunk_timeout_s, self._total_deadline)
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
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    # One timer outlives many requests: it looks whether a deadline has passed and sleeps on.

    def _watch(self) -> None:
        if self._alarm is not None and self._alarm.when() > self._deadline:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._deadline, self._rang)

    def _rang(self) -> None:
        self._alarm = None
        if self._deadline == inf or self._response is None:
            return
        now = self._loop.time()
        if self._response.status and now < self._total_deadline:
            # While the engine has to wait for the reader, its silence is not its own.
            heard_at = now if self._paused else self._heard_at
            self._deadline = min(heard_at + self._chunk_timeout_s, self._total_deadline)
        if now < self._deadline:
            self._watch()
            return
        self._response.fail(self._late(now))
        self.abort()

    def _late(self, now: float) -> EngineTimeoutError:
        if now >= self._total_deadline or self._response is None:
            return EngineTimeoutError()
        return ChunkTimeoutError() if self._response.status else FirstByteTimeoutError()


def _check_head(size: int) -> None:
    _expect_at_most(_HEAD_LIMIT_BYTES, size)


def _expect_at_most(limit: int, size: int) -> None:
    if size > limit:
        raise IncompleteResponseError
