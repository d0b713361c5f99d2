"""Concurrent tool calls: when one fails, the others are cancelled."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the results of all calls, in order; the first failure cancels the others.

    None of them runs any more when it returns. `asyncio.TaskGroup` would do, but before Python 3.13
    it leaves its caller marked as cancelled after a failure, which time-outs then trip over.
    """
    running = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*running)
    except BaseException:  # also at a cancellation, so that no task is left
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise
