"""The pulse: one timer for all streams, which notices those that are silent or stalled.

A watcher task for every stream would cost more than the call's own work.
"""

from time import monotonic
from typing import Protocol

from anyio import sleep

BEAT_S = 0.25
"""How exactly it keeps time."""


class Silent(Protocol):
    """A stream that wants a sign of life once it has been silent for long.

    It is let go with its exchange, if the caller takes nothing of it any more.
    """

    def ping_due(self, now: float) -> bool:
        """Whether the silence has lasted too long at `now` (monotonic seconds)."""
        ...

    def stalled(self, now: float) -> bool:
        """Whether the caller has not taken what was written, for too long at `now`."""
        ...

    def abandon(self) -> None:
        """Give up the exchange."""
        ...

    def ping(self) -> None:
        """Send a ping."""
        ...


class Heartbeat:
    """Watches over the streams under way."""

    def __init__(self) -> None:
        self._streams: set[Silent] = set()

    def keep_alive(self, stream: Silent) -> None:
        """Ping the stream whenever it is silent for long."""
        self._streams.add(stream)

    def let_go(self, stream: Silent) -> None:
        """Stop pinging: the stream is over."""
        self._streams.discard(stream)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await sleep(BEAT_S)
            now = monotonic()
            for stream in tuple(self._streams):
                if stream.stalled(now):
                    stream.abandon()
                elif stream.ping_due(now):
                    stream.ping()
