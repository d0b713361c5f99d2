"""Work that is done to its end, although the task that waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def uncancelled(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; where the caller is cancelled meanwhile, that is raised once it has ended.

    A disconnect cancels the exchange's task itself, which anyio's shielded scopes do not hold back:
    therefore `work` gets a task of its own.
    """
    task = asyncio.get_running_loop().create_task(work)
    cancellation: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):  # otherwise anyio repeats the cancellation
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as error:
                cancellation = error
    if cancellation is not None:
        task.exception()  # marks the exception as retrieved
        raise cancellation
    return task.result()
