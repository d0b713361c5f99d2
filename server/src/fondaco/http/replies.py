"""Replies: what an endpoint hands back to the edge, whole or as a stream of events."""

import gzip
from asyncio import Event
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Self

import brotli
import orjson

from fondaco.http.at_once import piece_at_once, reply_at_once
from fondaco.http.exchange import Exchange, Header
from fondaco.http.pulse import Pulse

_WORTH_COMPRESSING = 1024
"""Below this many bytes a packet is not saved."""


@dataclass(slots=True)
class Whole:
    """A reply that is sent at once."""

    body: bytes
    media_type: bytes = b"application/json"
    status: int = 200
    headers: list[Header] = field(default_factory=list)

    async def send(self, exchange: Exchange) -> None:
        """Send it, compressed where the caller takes that and it is worth it."""
        body = self.body
        headers = [(b"content-type", self.media_type), *self.headers]
        if len(body) >= _WORTH_COMPRESSING:
            accepted = exchange.headers.get(b"accept-encoding", b"")
            headers.append((b"vary", b"accept-encoding"))
            encoding = _encoding(accepted)
            if encoding is not None:
                body = _compress(body, encoding)
                headers.append((b"content-encoding", encoding))
        headers.append((b"content-length", b"%d" % len(body)))
        sent = b"" if exchange.method == "HEAD" else body
        if reply_at_once(exchange.send, self.status, [*exchange.head(), *headers], sent):
            exchange.started, exchange.status = True, self.status
            return
        await exchange.start(self.status, headers)
        await exchange.write(sent, more=False)


def json_reply(content: object, status: int = 200, headers: list[Header] | None = None) -> Whole:
    """Return a JSON reply."""
    return Whole(orjson.dumps(content), status=status, headers=headers or [])


@dataclass(slots=True)
class Events:
    """A reply that is streamed as server-sent events by `run`."""

    run: Callable[["EventStream"], Awaitable[None]]


class EventStream:
    """The writing end of a stream of events.

    The head goes out with the first event, so that an error before it keeps its status, or with the
    first ping. An event is always written as one piece, so a ping can only come between events.
    """

    __slots__ = (
        "_exchange",
        "_last",
        "_patience_s",
        "_ping_interval_s",
        "_pinging",
        "_pulse",
        "_writing",
        "headers",
    )

    def __init__(
        self, exchange: Exchange, pulse: Pulse, ping_interval_s: float, patience_s: float
    ) -> None:
        """Prepare; a caller who takes nothing for `patience_s` seconds is given up."""
        self._exchange = exchange
        self._pulse = pulse
        self._ping_interval_s = ping_interval_s
        self._last = monotonic()
        self._patience_s = patience_s
        self._pinging: Event | None = None
        self._writing = False
        self.headers: list[Header] = []
        """Headers beyond the usual ones; add them before the first event."""

    def __enter__(self) -> Self:
        self._pulse.keep_alive(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._pulse.let_go(self)

    async def write(self, events: bytes) -> None:
        """Send whole events."""
        if self._pinging is not None:
            await self._pinging.wait()
        self._last = monotonic()
        if self._exchange.started and piece_at_once(self._exchange.send, events):
            return  # the hottest lines of a stream end here
        self._writing = True
        if not self._exchange.started:
            await self._start()
        await self._exchange.write(events, more=True)
        self._writing = False

    async def finish(self, events: bytes = b"") -> None:
        """Send the last events and end the reply."""
        if self._pinging is not None:
            await self._pinging.wait()
        self._pulse.let_go(self)
        if not self._exchange.started:
            await self._start()
        await self._exchange.write(events, more=False)

    def ping_due(self, now: float) -> bool:
        """Whether nothing was sent for the ping interval."""
        silent = not self._writing and self._pinging is None
        return silent and now - self._last >= self._ping_interval_s

    def stalled(self, now: float) -> bool:
        """Whether a write has waited for the caller beyond all patience."""
        return self._writing and now - self._last >= self._patience_s

    def abandon(self) -> None:
        """Give up, as after a hang-up."""
        self._exchange.abandon()

    async def ping(self) -> None:
        """Send a comment that no client sees, so that no proxy thinks the connection dead."""
        if self._pinging is not None:
            return
        self._pinging = Event()
        try:
            self._last = monotonic()
            if not self._exchange.started:
                await self._start()
            await self._exchange.write(b": ping\n\n", more=True)
        finally:
            self._pinging.set()
            self._pinging = None

    async def _start(self) -> None:
        await self._exchange.start(
            200,
            [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-cache"),
                (b"x-accel-buffering", b"no"),
                *self.headers,
            ],
        )


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
