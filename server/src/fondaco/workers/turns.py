"""Turns at what works on few requests at a time: a queue with an end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from fondaco.domain.errors import EngineBusyError


class Turns:
    """Lets so many in at a time, and so many wait, in the order in which they came."""

    def __init__(self, at_once: int, queue: int) -> None:
        """Start with nobody in."""
        self._at_once = at_once
        self._limiter = anyio.Semaphore(at_once)
        self._queue = queue

    @property
    def idle(self) -> bool:
        """Whether nobody is in."""
        return self._limiter.value == self._at_once

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[float]:
        """Wait for a turn and hold it; the value is for how many seconds it was waited.

        Raises:
            EngineBusyError: too many wait already.
        """
        waiting = self._limiter.statistics().tasks_waiting
        if not self._limiter.value and waiting >= self._queue:
            raise EngineBusyError
        asked_at = anyio.current_time()
        async with self._limiter:
            yield anyio.current_time() - asked_at
