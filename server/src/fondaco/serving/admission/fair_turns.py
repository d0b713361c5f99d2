"""Fair turns: what can do one thing at a time does it for the account that has had least of it."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

_LEAST_S = 0.001
"""What a turn counts as at least, so that accounts alternate whatever the clock says."""


@dataclass(slots=True)
class _Queue:
    """The requests of one account."""

    used_s: float
    """The time of its turns, on a clock that starts at what the others have had when it comes."""
    waiting: deque[anyio.Event] = field(default_factory=deque)
    served: bool = False
    """Whether it has the turn."""


class FairTurns:
    """One turn at a time. A request waits for at most one of each other account, however many those send.

    Source: start-time fair queueing, Goyal, Vin and Cheng, 1996.
    """

    def __init__(self, now: Callable[[], float] = anyio.current_time) -> None:
        """Nobody waits yet; `now` returns seconds of a clock that never turns back."""
        self._now = now
        self._queues: dict[int | None, _Queue] = {}
        self._now_s = 0.0
        """What the account served last had used before its turn."""
        self._taken = False

    @asynccontextmanager
    async def taken(self, account_id: int | None) -> AsyncGenerator[None]:
        """Wait for the turn of an account, and have it."""
        queue = self._queues.setdefault(account_id, _Queue(self._now_s))
        turn = anyio.Event()
        queue.waiting.append(turn)
        self._grant()
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._end(queue, 0.0)
            else:
                queue.waiting.remove(turn)
            self._forget(account_id, queue)
            raise
        started = self._now()
        try:
            yield
        finally:
            self._end(queue, self._now() - started)
            self._forget(account_id, queue)

    def _grant(self) -> None:
        """Give the turn, if it is free, to the account that has used least."""
        if self._taken:
            return
        waiting = [queue for queue in self._queues.values() if queue.waiting]
        if not waiting:
            return
        queue = min(waiting, key=lambda one: one.used_s)
        self._now_s = max(self._now_s, queue.used_s)
        self._taken = queue.served = True
        queue.waiting.popleft().set()

    def _end(self, queue: _Queue, used_s: float) -> None:
        queue.used_s += max(used_s, _LEAST_S)
        self._taken = queue.served = False
        self._grant()

    def _forget(self, account_id: int | None, queue: _Queue) -> None:
        """Drop the queues of accounts that neither wait nor have used more than others."""
        for known, one in [(account_id, queue), *self._queues.items()]:
            if not one.waiting and not one.served and one.used_s <= self._now_s:
                self._queues.pop(known, None)
