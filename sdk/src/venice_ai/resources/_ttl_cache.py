"""What was asked for a moment ago, and need not be asked for again."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from venice_ai._http.event_loops import PerLoop

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Answers by key, each good for a while; of several callers at a time, one asks."""

    def __init__(
        self, ask: Callable[[K], Awaitable[V]], good_for_s: float, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._good_for_s = good_for_s
        self._clock = clock
        self._answers: dict[K, tuple[float, V]] = {}
        self._turns = PerLoop(asyncio.Lock)

    async def get(self, key: K) -> V:
        """Return the answer to a key; what goes wrong is asked anew by the next caller."""
        async with self._turns.get():
            kept = self._answers.get(key)
            if kept is None or self._clock() - kept[0] >= self._good_for_s:
                kept = self._clock(), await self._ask(key)
                self._answers[key] = kept
            return kept[1]
