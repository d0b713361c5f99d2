"""The listener: accepts connections on a bound socket, until a graceful shutdown."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from types import FrameType

from fondaco.http.exchange.exchange import FastResponder, Responder
from fondaco.http.exchange.running import cut_off
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.protocol import ServerConnection

BACKLOG = 65_535
"""Connections that wait to be accepted; the system caps it at `net.core.somaxconn`."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _nothing() -> None:
    """Do nothing, for a server that has nothing to do then."""


class Listener:
    """Serves connections until a signal requests a graceful shutdown.

    From the first signal on the server is not ready, so that load balancers choose another one. After
    a delay it drains: running calls complete, new ones are refused. A second signal, or the end of the
    drain time-out, cuts off and settles the calls that still run. Ctrl-C drains without a delay.
    """

    def __init__(
        self,
        answer: Responder,
        limits: ConnectionLimits,
        registry: ConnectionRegistry | None = None,
        *,
        fast_path: FastResponder | None = None,
        drain_delay_s: float,
        drain_timeout_s: float,
        started: Callable[[], None],
        leaving: Callable[[], None] = _nothing,
        draining: Callable[[], None] = _nothing,
        stopping: Callable[[], None] = _nothing,
        signals: bool = True,
    ) -> None:
        """Prepare.

        Args:
            answer: makes the response to an exchange.
            limits: of each connection.
            registry: counts the connections; left out: any number is accepted.
            fast_path: makes the response to an exchange without a task, where it can.
            drain_delay_s: from the first signal to draining.
            drain_timeout_s: for running calls, after that.
            started: called once connections are accepted.
            leaving: called at the first signal.
            draining: called when the delay is over.
            stopping: called before running calls are cut off.
            signals: whether SIGINT and SIGTERM request the shutdown.
        """
        self._answer = answer
        self._fast_path = fast_path
        self._limits = limits
        self._drain_delay_s = drain_delay_s
        self._drain_timeout_s = drain_timeout_s
        self._announce = started
        self._leave = leaving
        self._drain = draining
        self._stop = stopping
        self._signals = signals
        self._registry = registry or ConnectionRegistry()
        self._requested = asyncio.Event()
        self._forced = asyncio.Event()

    async def serve(self, bound: socket.socket) -> None:
        """Accept connections until a shutdown is requested; return when every call has ended."""
        loop = asyncio.get_running_loop()
        shut_down = partial(loop.call_soon_threadsafe, self.request_shutdown)
        with _signals(shut_down) if self._signals else nullcontext():
            server = await loop.create_server(self._connection, sock=bound, backlog=BACKLOG)
            try:
                self._announce()
                await self._requested.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._drain_delay_s):
                        await self._forced.wait()
                self._drain()
            finally:  # if cancelled, too: the loop would go on watching a socket that others close
                server.close()
            await self._shut_down()

    def request_shutdown(self, number: int = signal.SIGTERM) -> None:
        """Drain after the delay (at once on Ctrl-C); called again, cut off running calls."""
        self._leave()
        self._registry.closes_soon = True
        if number == signal.SIGINT:
            self._drain_delay_s = 0.0
        if self._requested.is_set():
            self._forced.set()
        self._requested.set()

    def running_tasks(self) -> set[asyncio.Task[None]]:
        """Return the tasks of current responses."""
        registry = self._registry
        tasks = {connection.task for connection in registry.connections}
        return {task for task in (*tasks, *registry.leaving) if task is not None}

    def _connection(self) -> ServerConnection:
        return ServerConnection(self._answer, self._limits, self._registry, self._fast_path)

    async def _shut_down(self) -> None:
        """Let running calls complete within the drain time-out; then cut off and settle the rest."""
        registry = self._registry
        for connection in tuple(registry.connections):
            connection.shut_down()
        await asyncio.sleep(0)  # tasks that take over a response have begun, so they can be cut off
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_timeout_s):
                await self._quiet()
        self._stop()
        await cut_off(self.running_tasks())
        for connection in tuple(registry.connections):
            connection.close()

    async def _quiet(self) -> None:
        """Return once all connections and tasks have ended, or at a second signal."""
        registry = self._registry
        while (registry.connections or registry.leaving) and not self._forced.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._forced.wait()


_LOOK_S = 0.05
"""Interval in which shutdown looks whether connections are left."""


@contextmanager
def _signals(received: Callable[[int], object]) -> Generator[None]:
    """Have signals call `received` instead of ending the process; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle_signal(number: int, frame: FrameType | None) -> None:
        received(number)

    before = {number: signal.signal(number, handle_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
