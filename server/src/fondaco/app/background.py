"""Background tasks: each goes on after an error of ours, which is reported."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio

from fondaco.ports.incidents import Incident, report_error

_AGAIN_AFTER_S = 1.0
T = TypeVar("T")


async def supervised(run: Callable[[], Awaitable[None]]) -> None:
    """Run what goes on until it is cancelled; where it fails, begin anew after a second.

    In a task group its failure would end every call that is under way.
    """
    while True:
        try:
            await run()
        except Exception as error:  # noqa: BLE001  # the edge of a task: nobody else would hear of it
            report_error(Incident.TASK_FAILED, error)
            await anyio.sleep(_AGAIN_AFTER_S)
        else:
            return


async def beside(work: Callable[[], T]) -> T:
    """Do long blocking work in a thread that keeps nobody from ending the process meanwhile."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            errors.append(error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, daemon=True).start()
    await done.wait()
    if errors:
        raise errors[0]
    return results[0]
