"""Background tasks: restarted after an error, which is reported."""

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
    """Run a background task until it is cancelled; restart it a second after an error.

    In a task group its failure would end every running call.
    """
    while True:
        try:
            await run()
        except Exception as error:  # noqa: BLE001  # the edge of a task: nothing else would report it
            report_error(Incident.TASK_FAILED, error)
            await anyio.sleep(_AGAIN_AFTER_S)
        else:
            return


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Run long blocking work in a daemon thread, which does not delay the end of the process."""
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
