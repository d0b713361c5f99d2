"""An event loop in a background thread, for synchronous callers."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from venice_ai._http.event_loops import CLOSING, in_child_process

T = TypeVar("T")

Errand = Callable[[], None]

_CLOSING_S = 1.0

_errands: ContextVar["SimpleQueue[Errand | None] | None"] = ContextVar("errands", default=None)
"""Queue of errands for the thread that waits for a call; None outside such a wait."""


class Portal:
    """Runs coroutines for threads; the loop lives as long as anything refers to the portal.

    It starts at the first call. A forked process gets its own loop.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._closed = False
        _portals.add(self)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return a coroutine's result; its errands run in this thread meanwhile.

        Raises:
            RuntimeError: The portal is closed, or this is the thread of its own loop.
            KeyboardInterrupt: Ctrl-C was pressed; the coroutine was cancelled, and has ended.
        """
        todo: SimpleQueue[Errand | None] = SimpleQueue()
        try:
            call = self._begin(coroutine, todo)
        except RuntimeError:
            coroutine.close()
            raise
        try:
            _do(todo)
            return call.result()
        except asyncio.CancelledError:
            if self._closed:
                raise RuntimeError("The client was closed during the call.") from None
            raise
        except BaseException:  # usually Ctrl-C: the call has no waiter any longer
            if call.cancel():
                _do(todo)  # its resources can be closed once it has ended
            raise
        finally:
            del call, coroutine  # breaks the reference cycle of error and frame

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """End the loop and its thread."""
        with self._lock:
            self._closed = True
            if self._thread is not None:
                self._thread.end()

    def disown(self) -> None:
        """Begin again in a forked process, where the thread isn't."""
        self._lock = threading.Lock()
        if self._thread is not None:
            self._thread.disown()
            _inherited.append(self._thread)
            self._thread = None

    def _begin(
        self, coroutine: Coroutine[Any, Any, T], todo: "SimpleQueue[Errand | None]"
    ) -> "_Call[T]":
        token = _errands.set(todo)
        try:
            with self._lock:  # calls submitted before the stop are started
                if self._closed:
                    raise RuntimeError("The client is closed. Make another one.")
                if self._thread is None:
                    self._thread = _LoopThread()
                self._thread.refuse_itself()
                return _Call(self._thread.loop, coroutine, ended=lambda: todo.put(None))
        finally:
            _errands.reset(token)


_inherited: "list[_LoopThread]" = []
"""The loops of the parent process, which must not be closed here."""

_portals: "weakref.WeakSet[Portal]" = weakref.WeakSet()


def _disown_all() -> None:
    for portal in list(_portals):
        portal.disown()


in_child_process(_disown_all)


class _LoopThread:
    """An event loop, and the thread that it runs in."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_run, args=(self.loop,), name="venice_ai", daemon=True
        )
        self._end = weakref.finalize(self, _stop, self.loop, self._thread)
        self._thread.start()

    def refuse_itself(self) -> None:
        """See that this is another thread.

        Raises:
            RuntimeError: It is the loop's own, which would wait for itself for ever.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "SyncVeniceClient cannot be used in its own event loop, where asynchronous tools "
                "run. Make the tool a plain function, or use VeniceClient in it."
            )

    def end(self) -> None:
        """End both; wait for that."""
        self._end()

    def disown(self) -> None:
        """Leave the loop alone for good: it is that of the parent process."""
        self._end.detach()


class _Call(Generic[T]):
    """A coroutine that runs in the loop of another thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, T],
        *,
        ended: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._ended = ended
        self._task: asyncio.Task[T] | None = None
        loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(lambda _: self._ended())

    def cancel(self) -> bool:
        """Cancel it, unless it has ended. Return whether its end is still to be reported."""
        if self._task is not None and self._task.done():
            return False
        self._loop.call_soon_threadsafe(self._cancel)
        return True

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def result(self) -> T:
        """Return its result, or raise its exception.

        Raises:
            CancelledError: It was cancelled.
        """
        if self._task is None:
            raise asyncio.CancelledError
        return self._task.result()


def _do(todo: "SimpleQueue[Errand | None]") -> None:
    """Do errands until there are no more."""
    while (errand := todo.get()) is not None:
        errand()


async def in_callers_thread(function: Callable[[], T]) -> T:
    """Return the result of a caller's function.

    It runs in the thread of the caller: there it finds what belongs to that thread, may wait
    itself, and may use the client.
    """
    todo = _errands.get()
    if todo is None:
        return function()
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def tell(set_it: Callable[[Any], None], value: object) -> None:
        if not outcome.done():  # the call may have been cancelled meanwhile
            set_it(value)

    def errand() -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            loop.call_soon_threadsafe(tell, outcome.set_exception, error)
        else:
            loop.call_soon_threadsafe(tell, outcome.set_result, result)

    todo.put(errand)
    return await outcome


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _end(pending: set[asyncio.Task[Any]]) -> None:
    """End tasks: calls at once; those that close connections get some time."""
    for task in pending:
        if task.get_name() != CLOSING:
            task.cancel()
    if pending:
        _, slow = await asyncio.wait(pending, timeout=_CLOSING_S)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if loop.is_closed():
        return
    loop.call_soon_threadsafe(loop.stop)
    if threading.current_thread() is not thread:
        thread.join()
