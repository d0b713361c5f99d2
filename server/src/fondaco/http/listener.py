"""The listener: uvicorn with our connection limits, announcements and way of stopping."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from fondaco.http.cors import Application
from fondaco.http.protocol import Connection

_SETTLE_S = 5.0
"""How long calls that were cut off may take to be settled."""


class Listener(uvicorn.Server):
    """Serves the edge on a bound socket until it is told to stop.

    The first signal drains: running calls end in peace, new work is refused. A second one stops at
    once, as does the end of the time for draining: what still runs is cut off, and settled.
    """

    def __init__(
        self,
        application: Application,
        connection: type[Connection],
        *,
        idle_timeout_s: float,
        drain_timeout_s: float,
        started: Callable[[], None],
        draining: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            application: what answers.
            connection: the protocol.
            idle_timeout_s: between two requests of a connection.
            drain_timeout_s: for running calls, from the first signal on.
            started: called once requests are taken.
            draining: called at the first signal.
            stopping: called before running calls are cut off.
        """
        super().__init__(
            uvicorn.Config(
                application,
                http=connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,  # a request line may carry what is nobody's business
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=round(idle_timeout_s),
                timeout_graceful_shutdown=round(drain_timeout_s),
            )
        )
        self._announce = started
        self._drain = draining
        self._stop = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running calls end in peace; then cut off those that have not, and see them settled."""
        await super().shutdown(sockets)
        self._stop()
        late = tuple(self.server_state.tasks)
        for task in late:
            if not task.cancelling():
                task.cancel()
        if late:
            await asyncio.wait(late, timeout=_SETTLE_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, stop at the second; either way the exit code is ours."""
        self._drain()
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
