"""An event loop in a thread of its own, for callers that have none."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

Errand = Callable[[], None]

_errands: ContextVar["SimpleQueue[Errand | None] | None"] = ContextVar("errands", default=None)
"""Where the thread that waits for a call looks for things to do meanwhile."""


class Portal:
    """Runs coroutines for threads; the loop lives as long as anything refers to the portal."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(self._loop,), name="venice_ai", daemon=True)
        self._end = weakref.finalize(self, _stop, self._loop, thread)
        thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine gives, doing its errands in this thread meanwhile."""
        if self.closed:
            coroutine.close()
            raise RuntimeError("The client is closed. Make another one.")
        todo: SimpleQueue[Errand | None] = SimpleQueue()
        token = _errands.set(todo)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        finally:
            _errands.reset(token)
        future.add_done_callback(lambda _: todo.put(None))
        try:
            while (errand := todo.get()) is not None:
                errand()
        except BaseException:  # Ctrl-C, as a rule: then nobody waits for the call any more
            future.cancel()
            raise
        return future.result()

    @property
    def closed(self) -> bool:
        """Whether the loop has ended."""
        return self._loop.is_closed()

    def close(self) -> None:
        """End the loop and its thread."""
        self._end()


async def in_callers_thread(function: Callable[[], T]) -> T:
    """Return what a function of the caller gives.

    It runs in the thread of whoever waits: there it finds what belongs to that thread, may wait
    itself, and may use the client.
    """
    todo = _errands.get()
    if todo is None:
        return function()
    loop = asyncio.get_running_loop()
    told: asyncio.Future[T] = loop.create_future()

    def tell(set_it: Callable[[Any], None], value: object) -> None:
        if not told.done():  # the call may have been cancelled meanwhile
            set_it(value)

    def errand() -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            loop.call_soon_threadsafe(tell, told.set_exception, error)
        else:
            loop.call_soon_threadsafe(tell, told.set_result, result)

    todo.put(errand)
    return await told


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if loop.is_closed():
        return
    loop.call_soon_threadsafe(loop.stop)
    if threading.current_thread() is not thread:
        thread.join()
