"""Replies: what an endpoint hands back to the edge, whole or as a stream of events."""

import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import Self

import brotli
import orjson
from anyio import to_thread

from fondaco.http.wire.exchange import Exchange, Header
from fondaco.http.wire.headers import lines_of
from fondaco.http.wire.heartbeat import Heartbeat

_WORTH_COMPRESSING = 1024
"""Smaller bodies fit one packet; compressing them gains nothing."""
LARGE_BYTES = 64 * 1024
"""Larger bodies are compressed by `Response.pack` alone: more than a millisecond of the event loop."""

_JSON = b"application/json"
_NOSNIFF = b"x-content-type-options: nosniff\r\n"
"""Browsers believe the type that a reply names: text that callers wrote is never run as a page."""


@dataclass(slots=True)
class Response:
    """A reply that is sent at once."""

    body: bytes
    media_type: bytes = _JSON
    status: int = 200
    headers: list[Header] = field(default_factory=list)
    lines: bytes = b""
    """Further headers, as they are sent."""
    lasting: bool = False
    """Whether the body is one object for as long as the process, so that it need be compressed once."""
    encoding: bytes = b""
    """How the body has been compressed."""

    async def pack(self, exchange: Exchange) -> None:
        """Compress a large body beforehand, on a thread: it takes milliseconds, which others wait for."""
        encoding = _encoding(exchange.headers.get(b"accept-encoding", b""))
        if encoding is not None:
            compress = _compress_once if self.lasting else _compress
            self.body = await to_thread.run_sync(compress, self.body, encoding)
            self.encoding = encoding

    def send(self, exchange: Exchange) -> None:
        """Send it, compressed where the caller takes that and it is worth it."""
        body, lines = self.body, self.lines
        if self.headers:
            lines += lines_of(self.headers)
        if self.media_type is not _JSON:
            lines += _NOSNIFF
        if self.encoding:
            lines += b"vary: accept-encoding\r\ncontent-encoding: %b\r\n" % self.encoding
        elif len(body) >= _WORTH_COMPRESSING:
            lines += b"vary: accept-encoding\r\n"
            encoding = _encoding(exchange.headers.get(b"accept-encoding", b""))
            if encoding is not None and len(body) <= LARGE_BYTES:
                body = _compress(body, encoding)
                lines += b"content-encoding: %b\r\n" % encoding
        lines += b"content-type: %b\r\ncontent-length: %d\r\n" % (self.media_type, len(body))
        exchange.reply(self.status, lines, b"" if exchange.method == "HEAD" else body)


def json_response(
    content: object, status: int = 200, headers: list[Header] | None = None
) -> Response:
    """Return a JSON reply."""
    return Response(orjson.dumps(content), status=status, headers=headers or [])


@dataclass(slots=True)
class Events:
    """A reply that is streamed as server-sent events by `run`."""

    run: Callable[["EventStream"], Awaitable[None]]


_EVENT_STREAM = lines_of(
    (
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    )
)


class EventStream:
    """The writing end of a stream of events.

    The head goes out with the first event, so that an error before it keeps its status, or with the
    first ping.
    """

    __slots__ = (
        "_exchange",
        "_heartbeat",
        "_last",
        "_patience_s",
        "_ping_interval_s",
        "_waiting",
        "lines",
    )

    def __init__(
        self, exchange: Exchange, heartbeat: Heartbeat, ping_interval_s: float, patience_s: float
    ) -> None:
        """Prepare; a caller who takes nothing for `patience_s` seconds is given up."""
        self._exchange = exchange
        self._heartbeat = heartbeat
        self._ping_interval_s = ping_interval_s
        self._last = monotonic()
        self._patience_s = patience_s
        self._waiting = False
        self.lines = b""
        """Headers beyond the usual ones, as they are sent; add them before the first event."""

    def __enter__(self) -> Self:
        self._heartbeat.keep_alive(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._heartbeat.let_go(self)

    async def write(self, events: bytes) -> None:
        """Send whole events, and wait for a caller who takes them too slowly."""
        exchange = self._exchange
        self._last = monotonic()
        if exchange.started:
            exchange.write(events)
        else:
            self._start(events)
        if exchange.congested:
            self._waiting = True
            await exchange.drained()
            self._waiting = False

    def finish(self, events: bytes) -> None:
        """Send the last events and end the reply."""
        self._heartbeat.let_go(self)
        if not self._exchange.started:
            self._start(events)
            events = b""
        self._exchange.finish(events)

    def ping_due(self, now: float) -> bool:
        """Whether nothing was sent for the ping interval."""
        return not self._waiting and now - self._last >= self._ping_interval_s

    def stalled(self, now: float) -> bool:
        """Whether a write has waited for the caller beyond all patience."""
        return self._waiting and now - self._last >= self._patience_s

    def abandon(self) -> None:
        """Give up, as after a hang-up."""
        self._exchange.abandon()

    def ping(self) -> None:
        """Send a comment that no client sees, so that no proxy thinks the connection dead."""
        self._last = monotonic()
        if self._exchange.started:
            self._exchange.write(_PING)
        else:
            self._start(_PING)

    def _start(self, events: bytes) -> None:
        self._exchange.start(200, _EVENT_STREAM + self.lines, events)


_PING = b": ping\n\n"


def _encoding(accepted: bytes) -> bytes | None:
    """Return the better encoding that an Accept-Encoding header permits."""
    refused = {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    taken = {
        name.strip().lower()
        for name, _, quality in (part.partition(b";") for part in accepted.split(b","))
        if quality.strip() not in refused
    }
    return next((name for name in (b"br", b"gzip") if name in taken), None)


def _compress(body: bytes, encoding: bytes) -> bytes:
    if encoding == b"br":
        packed: bytes = brotli.compress(body, quality=4)
        return packed
    return gzip.compress(body, compresslevel=5, mtime=0)


@lru_cache(16)
def _compress_once(body: bytes, encoding: bytes) -> bytes:
    """Compress what is the same object each time, so that its hash is known."""
    return _compress(body, encoding)
