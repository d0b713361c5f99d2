"""The listener: takes connections on a bound socket, and ends in peace when it is told to."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from fondaco.http.exchange.exchange import Answer
from fondaco.http.exchange.running import cut_off
from fondaco.http.wire.connection_limits import ConnectionLimits, Register
from fondaco.http.wire.protocol import Connection

BACKLOG = 65_535
"""Connections that wait to be taken; the system allows what `net.core.somaxconn` says."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Listener:
    """Has requests answered until it is told to stop.

    The first signal says that the server leaves, so that load balancers look for another one. After
    a delay it drains: running calls end in peace, new work is refused. A second signal stops at once,
    as does the end of the time for draining: what still runs is cut off, and settled. Ctrl-C drains
    without a delay.
    """

    def __init__(
        self,
        answer: Answer,
        terms: ConnectionLimits,
        register: Register | None = None,
        *,
        drain_delay_s: float,
        drain_timeout_s: float,
        started: Callable[[], None],
        leaving: Callable[[], None],
        draining: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            answer: what answers an exchange.
            terms: what connections are held to.
            register: counts the connections; left out: any number is taken.
            drain_delay_s: from the first signal on, in which everything goes on.
            drain_timeout_s: for running calls, after that.
            started: called once requests are taken.
            leaving: called at the first signal.
            draining: called when the delay is over.
            stopping: called before running calls are cut off.
        """
        self._answer = answer
        self._terms = terms
        self._drain_delay_s = drain_delay_s
        self._drain_timeout_s = drain_timeout_s
        self._announce = started
        self._leave = leaving
        self._drain = draining
        self._stop = stopping
        self._register = register or Register()
        self._told = asyncio.Event()
        self._told_twice = asyncio.Event()

    async def serve(self, bound: socket.socket) -> None:
        """Take connections of a listening socket until told to stop, then see every call ended."""
        loop = asyncio.get_running_loop()
        with _signals(partial(loop.call_soon_threadsafe, self.tell)):
            server = await loop.create_server(self._connection, sock=bound, backlog=BACKLOG)
            self._announce()
            await self._told.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._drain_delay_s):
                    await self._told_twice.wait()
            self._drain()
            server.close()
            await self._shut_down()

    def tell(self, number: int = signal.SIGTERM) -> None:
        """Drain at the first signal, after the delay unless it is Ctrl-C; stop at the second."""
        self._leave()
        self._register.leaving_soon = True
        if number == signal.SIGINT:
            self._drain_delay_s = 0.0
        if self._told.is_set():
            self._told_twice.set()
        self._told.set()

    def under_way(self) -> set[asyncio.Task[None]]:
        """Return what works on replies at present."""
        register = self._register
        tasks = {connection.task for connection in register.connections}
        return {task for task in (*tasks, *register.leaving) if task is not None}

    def _connection(self) -> Connection:
        return Connection(self._answer, self._terms, self._register)

    async def _shut_down(self) -> None:
        """Let running calls end in peace; then cut off those that have not, and see them settled."""
        register = self._register
        for connection in tuple(register.connections):
            connection.shut_down()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_timeout_s):
                await self._quiet()
        self._stop()
        await cut_off(self.under_way())
        for connection in tuple(register.connections):
            connection.close()

    async def _quiet(self) -> None:
        """Return once nothing is under way any more, or somebody is impatient."""
        register = self._register
        while (register.connections or register.leaving) and not self._told_twice.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._told_twice.wait()


_LOOK_S = 0.05
"""How often a listener that ends looks whether everybody has left."""


@contextmanager
def _signals(told: Callable[[int], object]) -> Generator[None]:
    """Have signals call `told` instead of ending the process; only the main thread hears any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        told(number)

    before = {one: signal.signal(one, hear) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
