"""Running calls at the end of a server: cut off, and awaited until they are settled."""

import asyncio
from collections.abc import Iterable

_SETTLE_S = 5.0
"""Time in which calls that were cut off are settled."""


async def cut_off(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks that make responses, and wait until their calls are settled, at most 5 seconds."""
    late = set(tasks)
    for task in late:
        if not task.cancelling():
            task.cancel()
    if late:
        await asyncio.wait(late, timeout=_SETTLE_S)
