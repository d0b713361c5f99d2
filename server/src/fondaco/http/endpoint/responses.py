"""Responses: the values that an endpoint returns to the edge, whole or as a stream of events."""

import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import Self

import brotli
import orjson
from anyio import to_thread

from fondaco.http.exchange.exchange import Exchange, Header
from fondaco.http.exchange.headers import lines_of
from fondaco.http.exchange.heartbeat import Heartbeat

WORTH_COMPRESSING = 1024
"""Smaller bodies fit one packet; compressing them gains nothing."""
LARGE_BYTES = 64 * 1024
"""Larger bodies take more than a millisecond to compress: `Response.pack` does it on a thread."""
_COMPRESSED = (b"image/png", b"image/jpeg", b"image/webp", b"audio/", b"video/", b"application/zip")
"""Media types whose files are compressed already."""
_HUGE_BYTES = 2**20
"""Larger bodies are compressed with less effort: a quarter of the time for a tenth more bytes."""

_BODYLESS = frozenset({204, 304})
"""Statuses without a body, whose responses say no length (RFC 9110, 8.6)."""

_JSON = b"application/json"
_NOSNIFF = b"x-content-type-options: nosniff\r\n"
"""Browsers keep to the media type of the response: text that callers wrote never runs as a page."""


@dataclass(slots=True)
class Response:
    """A response whose body is sent in one piece."""

    body: bytes
    media_type: bytes = _JSON
    status: int = 200
    headers: list[Header] = field(default_factory=list)
    lines: bytes = b""
    """Further headers as they are sent: `name: value`, each with its line end."""
    lasting: bool = False
    """Whether the body is the same object for every request: it is then compressed only once."""
    encoding: bytes = b""
    """The content coding of the body; empty: none."""
    exact: bool = False
    """Whether the body is signed, and must not be compressed."""

    async def pack(self, exchange: Exchange) -> None:
        """Compress a large body on a thread, because it would block the event loop for milliseconds."""
        encoding = self._accepted_encoding(exchange)
        if encoding is not None:
            compress = _compress_once if self.lasting else _compress
            self.body = await to_thread.run_sync(compress, self.body, encoding)
            self.encoding = encoding

    def send(self, exchange: Exchange) -> None:
        """Send the response, compressed where its size is worth it and the caller accepts a coding."""
        lines, body = self.packed(exchange)
        exchange.respond(self.status, lines, b"" if exchange.method == "HEAD" else body)

    def packed(self, exchange: Exchange) -> tuple[bytes, bytes]:
        """Return header lines and body as they are sent; a large body is packed before, by `pack`."""
        body, lines = self.body, self.lines
        if self.headers:
            lines += lines_of(self.headers)
        if self.status in _BODYLESS:
            return lines, b""
        if self.media_type is not _JSON:
            lines += _NOSNIFF
        if self.encoding:
            lines += b"vary: accept-encoding\r\ncontent-encoding: %b\r\n" % self.encoding
        elif len(body) >= WORTH_COMPRESSING:
            lines += b"vary: accept-encoding\r\n"
            encoding = self._accepted_encoding(exchange)
            if encoding is not None and len(body) <= LARGE_BYTES:
                body = _compress(body, encoding)
                lines += b"content-encoding: %b\r\n" % encoding
        lines += b"content-type: %b\r\ncontent-length: %d\r\n" % (self.media_type, len(body))
        return lines, body

    def _accepted_encoding(self, exchange: Exchange) -> bytes | None:
        """Return the coding to compress the body with; None: it stays as it is."""
        if self.exact:
            return None
        if self.media_type is not _JSON and self.media_type.startswith(_COMPRESSED):
            return None
        return better_encoding(exchange.headers.get(b"accept-encoding", b""))


def json_response(
    content: object, status: int = 200, headers: list[Header] | None = None
) -> Response:
    """Return a response with `content` as JSON."""
    return Response(orjson.dumps(content), status=status, headers=headers or [])


PING = b": ping\n\n"
"""A comment."""


@dataclass(slots=True)
class Events:
    """A response that `run` streams as server-sent events."""

    run: Callable[["EventStream"], Awaitable[None]]
    ending: bytes | None = None
    """The event that ends a stream which ended well; None: the one of the endpoint's dialect."""
    ping: bytes = PING
    """Bytes that keep a silent stream open: by default a comment, which clients skip; empty: none."""


_EVENT_STREAM = lines_of(
    (
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    )
)


class EventStream:
    """The writer of a stream of server-sent events.

    The head is sent with the first event or ping, so that an error before it has its own status.
    """

    __slots__ = (
        "_ending",
        "_exchange",
        "_heartbeat",
        "_last",
        "_patience_s",
        "_ping",
        "_ping_interval_s",
        "_waiting",
        "lines",
    )

    def __init__(
        self,
        exchange: Exchange,
        heartbeat: Heartbeat,
        ping_interval_s: float,
        patience_s: float,
        *,
        ending: bytes = b"",
        ping: bytes = PING,
    ) -> None:
        """Prepare the stream.

        Args:
            exchange: the request to respond to.
            heartbeat: what calls `ping` and `abandon`.
            ping_interval_s: the silence after which a ping is sent.
            patience_s: how long a write waits for a caller who reads nothing, until it is abandoned.
            ending: the event after the last one, where the API's dialect has such.
            ping: a comment or an event that clients skip; empty: none is sent.
        """
        self._ending = ending
        self._exchange = exchange
        self._heartbeat = heartbeat
        self._ping_interval_s = ping_interval_s
        self._last = monotonic()
        self._patience_s = patience_s
        self._ping = ping
        self._waiting = False
        self.lines = b""
        """Further headers, as they are sent; add them before the first event."""

    def __enter__(self) -> Self:
        self._heartbeat.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._heartbeat.unwatch(self)

    async def write(self, events: bytes) -> None:
        """Send whole events; wait while the caller reads more slowly than they are written."""
        if not self.send(events):
            await self.drained()

    async def drained(self) -> None:
        """Wait while the caller reads more slowly than events are written."""
        if self._exchange.congested:
            self._waiting = True
            await self._exchange.drained()
            self._waiting = False

    def send(self, events: bytes) -> bool:
        """Send whole events without waiting; return whether the caller keeps up, else await `drained`."""
        exchange = self._exchange
        self._last = monotonic()
        if exchange.started:
            exchange.write(events)
        else:
            self._start(events)
        return not exchange.congested

    def finish(self, events: bytes) -> None:
        """Send the last events, and the one that ends the stream."""
        self._heartbeat.unwatch(self)
        events += self._ending
        if not self._exchange.started:
            self._start(events)
            events = b""
        self._exchange.finish(events)

    def ping_due(self, now: float) -> bool:
        """Whether nothing was sent for the ping interval."""
        silent = not self._waiting and now - self._last >= self._ping_interval_s
        return silent and bool(self._ping)

    def stalled(self, now: float) -> bool:
        """Whether a write has waited longer than the caller's time-out."""
        return self._waiting and now - self._last >= self._patience_s

    def abandon(self) -> None:
        """Cancel the response, as after a disconnect."""
        self._exchange.abandon()

    def ping(self) -> None:
        """Send a comment that clients skip, so that no proxy times the connection out."""
        self._last = monotonic()
        if self._exchange.started:
            self._exchange.write(self._ping)
        else:
            self._start(self._ping)

    def _start(self, events: bytes) -> None:
        self._exchange.start(200, _EVENT_STREAM + self.lines, events)


def better_encoding(accepted: bytes) -> bytes | None:
    """Return the better coding that an Accept-Encoding header permits; None: it permits none."""
    refused = {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    codings = {
        name.strip().lower()
        for name, _, quality in (part.partition(b";") for part in accepted.split(b","))
        if quality.strip() not in refused
    }
    return next((name for name in (b"br", b"gzip") if name in codings), None)


def _compress(body: bytes, encoding: bytes) -> bytes:
    if len(body) > _HUGE_BYTES:
        return _compressed(body, encoding, brotli_quality=1, gzip_level=1)
    return _compressed(body, encoding, brotli_quality=4, gzip_level=5)


@lru_cache(16)
def _compress_once(body: bytes, encoding: bytes) -> bytes:
    """Compress a body that is the same object each time, whose hash Python remembers."""
    return _compressed(body, encoding, brotli_quality=4, gzip_level=5)


def _compressed(body: bytes, encoding: bytes, *, brotli_quality: int, gzip_level: int) -> bytes:
    if encoding == b"br":
        packed: bytes = brotli.compress(body, quality=brotli_quality)
        return packed
    return gzip.compress(body, compresslevel=gzip_level, mtime=0)
