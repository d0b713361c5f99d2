"""The timer of a connection: one event of the loop outlives the deadlines of many requests."""

import asyncio
from collections.abc import Callable
from math import inf


class Timer:
    """A deadline that moves often and passes seldom.

    When the event fires it looks whether the deadline has passed, and otherwise sleeps on: that
    is cheaper than to schedule and cancel an event for each request.
    """

    __slots__ = ("_callback", "_event", "_loop", "at")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        """Prepare to call `callback` once the deadline has passed."""
        self._loop = loop
        self._callback = callback
        self._event: asyncio.TimerHandle | None = None
        self.at = inf
        """The deadline, on the loop's clock; infinite: none."""

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; 0 once it has passed."""
        return max(0.0, self.at - self._loop.time())

    def set(self, within_s: float) -> None:
        """Move the deadline to so many seconds from now."""
        self.at = at = self._loop.time() + within_s
        if self._event is not None:
            if self._event.when() <= at:
                return
            self._event.cancel()
        self._event = self._loop.call_at(at, self._rang)

    def end(self) -> None:
        """Never fire again."""
        self._callback = _nothing  # breaks the reference cycle of connection and timer
        if self._event is not None:
            self._event.cancel()

    def _rang(self) -> None:
        self._event = None
        if self.at == inf:
            return
        if self._loop.time() < self.at:
            self._event = self._loop.call_at(self.at, self._rang)
        else:
            self._callback()


def _nothing() -> None:
    """Do nothing: the callback of an ended timer."""
