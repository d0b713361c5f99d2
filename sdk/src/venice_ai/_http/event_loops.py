"""Resources bound to one event loop, never shared with another loop or a forked process."""

import asyncio
import os
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """A value for each event loop, created at its first use."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, T]
        self._values = weakref.WeakKeyDictionary()
        _all.add(self)

    def get(self) -> T:
        """Return the running loop's value."""
        loop = asyncio.get_running_loop()
        value = self._values.get(loop)
        if value is None:
            forget_ended()
            value = self._values[loop] = self._make()
        return value

    def clear(self) -> T | None:
        """Forget all values; return the running loop's, where there is one."""
        mine = self._values.get(asyncio.get_running_loop())
        self._values = weakref.WeakKeyDictionary()
        return mine

    def disown(self) -> None:
        """Begin again in a forked process."""
        self._values = weakref.WeakKeyDictionary()


_all: "weakref.WeakSet[PerLoop[Any]]" = weakref.WeakSet()


def in_child_process(act: Callable[[], None]) -> None:
    """Have something done in each process that is forked from this one."""
    if hasattr(os, "register_at_fork"):  # missing on Windows, which does not fork
        os.register_at_fork(after_in_child=act)


def _disown_all() -> None:
    for values in list(_all):
        values.disown()


in_child_process(_disown_all)


class Guard:
    """Closes a resource on request, or at the end of its owner or event loop.

    In a forked process it does nothing: what belongs to the parent's loop must not even be garbage
    there, since closing it would tell the operating system to stop watching the parent's sockets.
    """

    def __init__(self, owner: object, close: Callable[[], Awaitable[None]]) -> None:
        """Guard something.

        Args:
            owner: Its user, to which it has no reference.
            close: How it is closed.
        """
        self._close = close
        self._loop = _running_loop()
        self._process = os.getpid()
        self._closing = False
        self._at_end = self._wait_for_the_end()
        with suppress(StopIteration):
            self._at_end.asend(None).send(
                None
            )  # runs to the `yield`, so that the loop registers the generator
        self._abandoned = weakref.finalize(owner, self._close_soon)
        self._abandoned.atexit = False
        _open.add(self)

    @property
    def inherited(self) -> bool:
        """Whether this process was forked since."""
        return self._process != os.getpid()

    async def aclose(self) -> None:
        """Close it now, unless that has started."""
        await self._close_once()
        with suppress(RuntimeError):  # the event loop closes it
            await self._at_end.aclose()

    async def _wait_for_the_end(self) -> AsyncGenerator[None]:
        """Wait to be closed: at its end, a loop closes all asynchronous generators."""
        try:
            yield
        finally:
            await self._close_once()

    async def _close_once(self) -> None:
        if self._closing or self.inherited:
            return
        self._closing = True
        self._abandoned.detach()
        try:
            await self._close()
        finally:
            _open.discard(self)

    def _close_soon(self) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            _open.discard(self)
        elif not self.inherited:
            with suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(self._start_closing, loop)

    def _start_closing(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.create_task(self._close_quietly(), name=CLOSING)

    async def _close_quietly(self) -> None:
        with suppress(Exception):  # no caller can receive the error
            await self.aclose()


CLOSING = "venice_ai closes connections"
"""Name of the tasks that close connections."""

_open: set[Guard] = set()
"""Guards that are not closed yet; referenced here, lest they become garbage before."""


def forget_ended() -> None:
    """Drop resources of loops that ended without closing them."""
    for guard in list(_open):
        if guard._loop is not None and guard._loop.is_closed():  # noqa: SLF001 - of this module
            _open.discard(guard)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Unwatched(Generic[T]):
    """Awaits a coroutine; the loop does not learn of the asynchronous generators that begin in it.

    At its end, a loop closes all generators that it knows at the same time. Where one iterates over
    another, they get into each other's way, and it prints their errors. Hence of such a chain only
    a guard around it is for the loop to close.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        resume: Callable[[], Any] = partial(self._coroutine.send, None)
        while True:
            watching = sys.get_asyncgen_hooks()
            sys.set_asyncgen_hooks(firstiter=None, finalizer=_leave)
            try:
                step = resume()
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                sys.set_asyncgen_hooks(*watching)
            resume = yield from _passed_on(step, self._coroutine)


def _passed_on(
    step: object, coroutine: Coroutine[Any, Any, object]
) -> Generator[Any, Any, Callable[[], Any]]:
    """Hand a step to the loop; return how the coroutine goes on from there."""
    try:
        sent = yield step
    except BaseException as error:  # noqa: BLE001 - a cancellation, as a rule: the coroutine's own
        thrown = error
        return lambda: coroutine.throw(thrown)
    return lambda: coroutine.send(sent)


def _leave(generator: object) -> None:
    """Do nothing: the guard closes it."""
