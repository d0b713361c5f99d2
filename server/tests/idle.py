"""Waiting for the tasks of an event loop, in tests."""

import asyncio


async def all_tasks_blocked() -> None:
    """Return once every other task waits for something.

    As `anyio.wait_all_tasks_blocked` does, which looks again only each 0.1 s.
    """
    this = asyncio.current_task()
    await asyncio.sleep(0)
    while any(_can_run(task) for task in asyncio.all_tasks() if task is not this):  # noqa: ASYNC110 - of any tasks
        await asyncio.sleep(0)


def _can_run(task: asyncio.Task[object]) -> bool:
    waits_for = task._fut_waiter  # type: ignore[attr-defined]
    return waits_for is None or waits_for.done()
