"""A worker with a request queue, whose child ends after a long idle time."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc

from fondaco.ports import EngineProcess
from fondaco.serving.admission.fair_turns import FairTurns
from fondaco.workers.child import WorkerResponse
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
    """A worker for requests that each take seconds. `run` must run while they are made.

    The child starts at the first request, and ends after a while without any, as it takes memory. Accounts
    take turns.
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
        self._turns = FairTurns(1, queue)
        self._idle_s = idle_s
        self._used_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def process(self, model: str) -> EngineProcess:
        """Return the state of the child that runs a model."""
        return EngineProcess(
            model,
            self._worker.state,
            self._worker.reason,
            self.pid,
            slots=1,
            running=self._turns.running,
            waiting=self._turns.waiting,
        )

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        task_status.started()
        try:
            while True:
                await anyio.sleep(min(_LOOK_S, self._idle_s))
                await self.end_idle()
        finally:
            await self.aclose()

    async def end_idle(self) -> None:
        """End the child if it has been idle for long."""
        if anyio.current_time() - self._used_at >= self._idle_s and self._turns.idle:
            await self.aclose()

    async def aclose(self) -> None:
        """End the child."""
        await self._worker.aclose()

    @asynccontextmanager
    async def turn(self, account: str = "", *, begun: bool = False) -> AsyncGenerator["Turn"]:
        """Wait for a turn, and have it for several requests that belong together.

        Args:
            account: the account of the request; empty: none.
            begun: whether it goes on with what has had a turn, and so is never sent away.

        Raises:
            EngineBusyError: too many wait already.
        """
        async with self._turns.taken(account, begun=begun) as queued_s:
            try:
                yield Turn(self._worker, queued_s)
            finally:
                self._used_at = anyio.current_time()

    async def ask(
        self,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] | None = None,
        *,
        account: str = "",
        begun: bool = False,
    ) -> QueuedResponse:
        """Send a request in turn, and return the response; cancelling has the child stop, or ends it.

        Args:
            request: JSON values.
            payload: bytes that the child finds in the request as `payload`.
            advanced: called with the number of completed steps, and of all steps, as far as the child reports it.
            account: as for `turn`.
            begun: likewise.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: the child does not start, or ended over the request.
            EngineTimeoutError: it took too long, and was ended.
            EngineError: it failed at the request.
        """
        async with self.turn(account, begun=begun) as turn:
            fields, answer = await turn.ask(request, payload, advanced)
        return QueuedResponse(fields, answer, turn.queued_s)


@dataclass(frozen=True, slots=True)
class Turn:
    """Exclusive use of the child for one request."""

    worker: Worker
    queued_s: float
    """For how long the turn was waited."""

    async def ask(
        self,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] | None = None,
    ) -> WorkerResponse:
        """Send a request; see `Worker.ask`."""
        return await self.worker.ask(request, payload, advanced)
