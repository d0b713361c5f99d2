"""A cache of responses with a time to live."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from venice_ai._http.event_loops import PerLoop

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A cache of awaitable results by key; concurrent callers of one key share a request."""

    def __init__(
        self, ask: Callable[[K], Awaitable[V]], good_for_s: float, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._good_for_s = good_for_s
        self._clock = clock
        self._answers: dict[K, tuple[float, V]] = {}
        self._turns = PerLoop(asyncio.Lock)

    async def get(self, key: K) -> V:
        """Return the result for a key. Errors are not cached."""
        async with self._turns.get():
            entry = self._answers.get(key)
            if entry is None or self._clock() - entry[0] >= self._good_for_s:
                entry = self._clock(), await self._ask(key)
                self._answers[key] = entry
            return entry[1]
