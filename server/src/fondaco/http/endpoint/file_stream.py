"""File streams: responses whose bytes are sent as fast as they are read, perhaps while they are made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Self

from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.heartbeat import Heartbeat

PIECE_BYTES = 64 * 2**10
"""Of a file, that are handed to the connection at a time."""


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """A response that `run` sends as the bytes of a file."""

    run: Callable[["FileStream"], Awaitable[None]]
    media_type: bytes

    @property
    def head(self) -> bytes:
        """Its headers, as they are sent."""
        lines = b"x-content-type-options: nosniff\r\ncache-control: no-cache\r\n"
        return lines + b"x-accel-buffering: no\r\ncontent-type: %b\r\n" % self.media_type


class FileStream:
    """The writer of a file, whose caller sets the pace.

    The head is sent with the first bytes, so that an error before them has its own status. After them an
    error ends the connection without the end of the body: the client then knows that it is incomplete.
    """

    __slots__ = (
        "_exchange",
        "_head",
        "_heartbeat",
        "_last",
        "_patience_s",
        "_sized",
        "_status",
        "_waiting",
        "lines",
    )

    def __init__(
        self,
        exchange: Exchange,
        heartbeat: Heartbeat,
        patience_s: float,
        head: bytes,
        *,
        status: int = 200,
        sized: bool = False,
    ) -> None:
        """Prepare the stream.

        Args:
            exchange: the request to respond to.
            heartbeat: what calls `abandon`.
            patience_s: how long a write waits for a caller who reads nothing, until it is abandoned.
            head: its headers, as they are sent.
            status: of HTTP.
            sized: whether `head` tells the length.
        """
        self._exchange = exchange
        self._heartbeat = heartbeat
        self._head = head
        self._status = status
        self._sized = sized
        self._patience_s = patience_s
        self._last = monotonic()
        self._waiting = False
        self.lines = b""
        """Further headers, as they are sent; add them before the first bytes."""

    def __enter__(self) -> Self:
        self._exchange.indivisible = True
        self._heartbeat.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._heartbeat.unwatch(self)

    async def write(self, piece: bytes) -> None:
        """Send some bytes; wait while the caller reads more slowly than they are written."""
        exchange = self._exchange
        self._last = monotonic()
        if exchange.started:
            exchange.write(piece)
        else:
            self._start(piece)
        if exchange.congested:
            self._waiting = True
            await exchange.drained()
            self._waiting = False

    def finish(self, piece: bytes = b"") -> None:
        """Send the last bytes, and the end of the file."""
        self._heartbeat.unwatch(self)
        if not self._exchange.started:
            self._start(b"")
        self._exchange.finish(piece)

    async def send(self, file: bytes) -> None:
        """Send all of a file, and its end."""
        last = max(0, len(file) - 1) // PIECE_BYTES * PIECE_BYTES
        for start in range(0, last, PIECE_BYTES):
            await self.write(file[start : start + PIECE_BYTES])
        self.finish(file[last:])

    def ping_due(self, now: float) -> bool:
        """Return False: there is nothing that a reader of a file would skip."""
        return False

    def ping(self) -> None:
        """Do nothing."""

    def stalled(self, now: float) -> bool:
        """Whether a write has waited longer than the caller's time-out."""
        return self._waiting and now - self._last >= self._patience_s

    def abandon(self) -> None:
        """Cancel the response, as after a disconnect."""
        self._exchange.abandon()

    def _start(self, piece: bytes) -> None:
        lines = self._head + self.lines
        self._exchange.start(self._status, lines, piece, sized=self._sized)
