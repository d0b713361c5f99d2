"""Reading on: an engine's whole reply is read to its end although the caller has disconnected.

Nobody knows how much an engine has produced of a reply that it sends in one piece. Stopping it would be free
for the caller, whatever the work; so the reply is read to its end, within a time limit, and charged as the
engine counts.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from fondaco.domain.chat.events import EventBatch

T = TypeVar("T")


class ReadOn:
    """Reads replies of engines, one after the other, for one caller who may disconnect meanwhile.

    Leave it as a context once the replies are counted: it raises the cancellation that was held back here,
    in place of any error, as nobody is there who could be told of one or go on with another step.
    """

    __slots__ = ("_cancellation", "_stopping")

    def __init__(self, stopping: Callable[[], bool]) -> None:
        """Do not read on once `stopping` says that the server stops."""
        self._stopping = stopping
        self._cancellation: asyncio.CancelledError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    async def read(self, reply: Coroutine[Any, Any, T], limit_s: float) -> T:
        """Return the reply; after a disconnect, at most `limit_s` later.

        Raises:
            CancelledError: the reply took longer, or the server stops. The engine is stopped.
        """
        # A task of its own, since cancelling the caller's ends everything that it awaits.
        reading = asyncio.get_running_loop().create_task(reply)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError as error:
            self._cancellation = error
            if (task := asyncio.current_task()) is not None:
                task.uncancel()  # so that a server that stops cancels it again
            try:
                if not self._stopping():
                    await asyncio.wait((reading,), timeout=limit_s)
            finally:
                if not reading.done():
                    reading.cancel()
                    await asyncio.wait((reading,))
            if reading.cancelled():
                raise
            return reading.result()

    async def each(
        self, parts: AsyncGenerator[EventBatch], limit_s: float
    ) -> AsyncGenerator[EventBatch]:
        """Yield the parts of a reply, each of which the engine works on only once it is asked for.

        Raises:
            CancelledError: the caller has disconnected. The engine begins no further part.
        """
        while True:
            self.leave()
            part = await self.read(next_batch(parts), limit_s)
            if not part:
                return
            yield part

    def leave(self) -> None:
        """Return if the caller is still there.

        Raises:
            CancelledError: the caller has disconnected.
        """
        if self._cancellation is not None:
            raise self._cancellation


async def next_batch(batches: AsyncGenerator[EventBatch]) -> EventBatch:
    """Return the next batch; empty at the end.

    Python 3.11.2, which Debian has, raises a SystemError for `anext` with a tuple as its default.
    """
    try:
        return await anext(batches)
    except StopAsyncIteration:
        return ()
