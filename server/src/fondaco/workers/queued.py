"""A worker whose requests wait for their turn, and whose child ends when it is idle for long."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc

from fondaco.workers.turns import Turns
from fondaco.workers.worker import Program, Worker

_LOOK_S = 10.0
"""Between looks at whether the child has been idle for long."""


@dataclass(frozen=True, slots=True)
class QueuedResponse:
    """A child's response, and how long its request waited."""

    fields: Mapping[str, Any]
    payload: bytes
    queued_s: float


class QueuedWorker:
    """A worker for requests that each take seconds. `run` has to run while they are made.

    The child starts at the first request, and ends after a while without any, as it takes memory.
    """

    def __init__(
        self, program: Program, *, engine: str, model: str, queue: int, idle_s: float
    ) -> None:
        """Prepare.

        Args:
            program: starts the child.
            engine: names it in the log.
            model: likewise.
            queue: requests that may wait for their turn.
            idle_s: after so long without a request the child ends.
        """
        self._worker = Worker(program, engine=engine, model=model)
        self._turns = Turns(1, queue)
        self._idle_s = idle_s
        self._used_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        task_status.started()
        try:
            while True:
                await anyio.sleep(min(_LOOK_S, self._idle_s))
                idle_s = anyio.current_time() - self._used_at
                if idle_s >= self._idle_s and self._turns.idle:
                    await self._worker.aclose()
        finally:
            await self._worker.aclose()

    async def ask(
        self,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] | None = None,
    ) -> QueuedResponse:
        """Send a request in turn, and return the response; cancelling has the child stop, or ends it.

        Args:
            request: JSON values.
            payload: bytes that the child finds in the request as `payload`.
            advanced: told how many steps of how many are done, as far as the child reports it.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: the child does not start, or ended over the request.
            EngineTimeoutError: it took too long, and was ended.
            EngineError: it failed at the request.
        """
        async with self._turns.taken() as queued_s:
            try:
                fields, answer = await self._worker.ask(request, payload, advanced)
            finally:
                self._used_at = anyio.current_time()
        return QueuedResponse(fields, answer, queued_s)
