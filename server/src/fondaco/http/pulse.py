"""The pulse: one timer for all calls, which notices callers who went away and silent streams.

A watcher task for every call would cost more than the call's own work; most calls end within one beat
and never meet it.
"""

from time import monotonic
from typing import Protocol

from anyio import create_task_group, sleep
from anyio.abc import TaskGroup

from fondaco.http.exchange import Exchange
from fondaco.serving.meters import Meters

BEAT_S = 0.25
"""A caller's hang-up stops the engine within about two beats."""


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

    async def ping(self) -> None:
        """Send a ping."""
        ...


class Pulse:
    """Watches over the exchanges under way."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._fresh: set[Exchange] = set()
        self._watched: set[Exchange] = set()
        self._streams: set[Silent] = set()

    def watch(self, exchange: Exchange) -> None:
        """Abandon the exchange if its caller goes away; its body must have been read."""
        self._fresh.add(exchange)

    def forget(self, exchange: Exchange) -> None:
        """Stop watching: the exchange is over."""
        self._fresh.discard(exchange)
        self._watched.discard(exchange)

    def keep_alive(self, stream: Silent) -> None:
        """Ping the stream whenever it is silent for long."""
        self._streams.add(stream)

    def let_go(self, stream: Silent) -> None:
        """Stop pinging: the stream is over."""
        self._streams.discard(stream)

    async def run(self) -> None:
        """Beat until cancelled."""
        async with create_task_group() as watchers:
            while True:
                await sleep(BEAT_S)
                self._watch_the_lasting(watchers)
                now = monotonic()
                for stream in tuple(self._streams):
                    if stream.stalled(now):
                        self._meters.hangups += 1
                        stream.abandon()
                    elif stream.ping_due(now):
                        watchers.start_soon(stream.ping)

    def _watch_the_lasting(self, watchers: TaskGroup) -> None:
        lasting, self._fresh = self._fresh, set()
        for exchange in lasting:
            self._watched.add(exchange)
            watchers.start_soon(self._listen, exchange)

    async def _listen(self, exchange: Exchange) -> None:
        """Wait for the end of the exchange, which ASGI reports as a disconnect in either case."""
        message = await exchange.receive()
        while message["type"] != "http.disconnect":
            message = await exchange.receive()
        if exchange in self._watched:
            self.forget(exchange)
            self._meters.hangups += 1
            exchange.abandon()
