"""Fair turns: a scarce resource serves the account that has had least of it."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio

from fondaco.domain.errors import EngineBusyError

Account: TypeAlias = int | str | None
"""Identity of an account; None: unknown."""
_LEAST_S = 0.001
"""Minimum that a turn counts, so that accounts alternate whatever the clock says."""
_SPARE = 2
"""So many times the queue may wait, as long as each account beyond it has one request there."""


@dataclass(slots=True)
class _Queue:
    """The requests of one account."""

    used_s: float
    """The time of its turns, on a clock that starts at what the others have had when it comes."""
    waiting: deque[anyio.Event] = field(default_factory=deque)
    served: int = 0
    """Number of turns that it has now."""


class FairTurns:
    """Few turns at a time. A request waits for at most one of each other account, however many those send.

    Of one account, requests have their turns in the order of their arrival.

    Source: start-time fair queueing, Goyal, Vin and Cheng, 1996.
    """

    def __init__(
        self,
        at_once: int = 1,
        queue: int | None = None,
        *,
        now: Callable[[], float] = anyio.current_time,
    ) -> None:
        """The queue is empty.

        Args:
            at_once: turns at a time.
            queue: requests that may wait; None: any number. Where they are as many, an account without any may
                still send one, so that none fills the queue for the others.
            now: returns seconds of a clock that never turns back.
        """
        self._at_once = at_once
        self._queue = queue
        self._now = now
        self._queues: dict[Account, _Queue] = {}
        self._now_s = 0.0
        """Time that the account served last had used before its turn."""
        self._taken = 0

    @property
    def running(self) -> int:
        """Number of turns that are taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    @property
    def idle(self) -> bool:
        """Whether no caller has a turn."""
        return not self._taken

    @asynccontextmanager
    async def taken(self, account: Account = None, *, begun: bool = False) -> AsyncGenerator[float]:
        """Wait for the turn of an account, and have it; the value is for how many seconds it was waited.

        Args:
            account: whose turn it is.
            begun: whether it goes on with what has had a turn, and so is never sent away.

        Raises:
            EngineBusyError: too many wait already.
        """
        if not begun and self._is_full(account):
            raise EngineBusyError
        asked = self._now()
        queue = self._queues.setdefault(account, _Queue(self._now_s))
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
            self._forget(account, queue)
            raise
        started = self._now()
        try:
            yield started - asked
        finally:
            self._end(queue, self._now() - started)
            self._forget(account, queue)

    def _is_full(self, account: Account) -> bool:
        if self._queue is None or self._taken < self._at_once:
            return False
        waiting = self.waiting
        own = self._queues.get(account)
        most = self._queue if own is not None and own.waiting else _SPARE * self._queue
        return waiting >= most

    def _grant(self) -> None:
        """Give the turns that are free to the accounts that have fewest now, and used least."""
        while self._taken < self._at_once:
            waiting = [queue for queue in self._queues.values() if queue.waiting]
            if not waiting:
                return
            queue = min(waiting, key=lambda one: (one.served, one.used_s))
            self._now_s = max(self._now_s, queue.used_s)
            self._taken += 1
            queue.served += 1
            queue.waiting.popleft().set()

    def _end(self, queue: _Queue, used_s: float) -> None:
        queue.used_s += max(used_s, _LEAST_S)
        self._taken -= 1
        queue.served -= 1
        self._grant()

    def _forget(self, account: Account, queue: _Queue) -> None:
        """Drop the queues of accounts that neither wait nor have used more than others."""
        for known, one in [(account, queue), *self._queues.items()]:
            if not one.waiting and not one.served and one.used_s <= self._now_s:
                self._queues.pop(known, None)
