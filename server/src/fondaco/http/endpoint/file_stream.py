"""File streams: responses whose file is sent while it is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Self

from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.heartbeat import Heartbeat


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """A response that `run` sends as the bytes of a file."""

    run: Callable[["FileStream"], Awaitable[None]]
    media_type: bytes


class FileStream:
    """The writer of a file that is sent while it is made.

    The head is sent with the first bytes, so that an error before them has its own status. After them an
    error ends the connection without the end of the body: whoever reads it knows that it is not complete.
    """

    __slots__ = (
        "_exchange",
        "_heartbeat",
        "_last",
        "_media_type",
        "_patience_s",
        "_waiting",
        "lines",
    )

    def __init__(
        self, exchange: Exchange, heartbeat: Heartbeat, media_type: bytes, patience_s: float
    ) -> None:
        """Prepare the stream.

        Args:
            exchange: the request to respond to.
            heartbeat: what calls `abandon`.
            media_type: of the file.
            patience_s: how long a write waits for a caller who reads nothing, until it is abandoned.
        """
        self._exchange = exchange
        self._heartbeat = heartbeat
        self._media_type = media_type
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

    def finish(self) -> None:
        """Send the end of the file."""
        self._heartbeat.unwatch(self)
        if not self._exchange.started:
            self._start(b"")
        self._exchange.finish(b"")

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
        head = b"x-content-type-options: nosniff\r\ncache-control: no-cache\r\n"
        head += b"x-accel-buffering: no\r\ncontent-type: %b\r\n" % self._media_type
        self._exchange.start(200, head + self.lines, piece)
