"""The heartbeat: one timer for all streams, which pings silent ones and ends stalled ones.

A watcher task for every stream would cost more than the call's own work.
"""

from time import monotonic
from typing import Protocol

from anyio import sleep

BEAT_S = 0.25
"""Interval of the timer, and so its precision."""


class PingedStream(Protocol):
    """A stream that sends a ping after a silence, and is abandoned if its client stops reading."""

    def ping_due(self, now: float) -> bool:
        """Whether nothing was sent for the ping interval at `now` (monotonic seconds)."""
        ...

    def stalled(self, now: float) -> bool:
        """Whether the client has not read for the write time-out at `now`."""
        ...

    def abandon(self) -> None:
        """Abandon the exchange."""
        ...

    def ping(self) -> None:
        """Send a ping."""
        ...


class Heartbeat:
    """Watches the running streams."""

    def __init__(self) -> None:
        self._streams: set[PingedStream] = set()

    def watch(self, stream: PingedStream) -> None:
        """Watch a stream from now on."""
        self._streams.add(stream)

    def unwatch(self, stream: PingedStream) -> None:
        """Forget a stream that has ended."""
        self._streams.discard(stream)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await sleep(BEAT_S)
            now = monotonic()
            for stream in tuple(self._streams):
                if stream.stalled(now):
                    stream.abandon()
                elif stream.ping_due(now):
                    stream.ping()
