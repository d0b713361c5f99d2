"""An engine whose models run in one child process, one request at a time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import anyio
import anyio.abc

from fondaco.domain.errors import EngineUnavailableError
from fondaco.ports import EngineProcess
from fondaco.workers.queued import QueuedResponse, QueuedWorker
from fondaco.workers.worker import Program


class ChildEngine:
    """All of such an engine but what it makes, which is a subclass's. `run` must run while calls are made."""

    def __init__(
        self,
        models: Collection[str],
        program: Program,
        unavailable: Callable[[], str] = str,
        *,
        name: str,
        queue: int,
        idle_s: float,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            program: starts the child.
            unavailable: returns why it cannot run here; empty if it can, or if the subclass has a `probe` of its own.
            name: in the configuration.
            queue: requests that may wait for their turn.
            idle_s: after so long without a request the child ends.
        """
        self._models = frozenset(models)
        self._name = name
        self._unavailable = unavailable
        self._worker = QueuedWorker(
            program, engine=name, model=next(iter(models), name), queue=queue, idle_s=idle_s
        )

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def models(self) -> frozenset[str]:
        """The ids of the models that it runs."""
        return self._models

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """Its one process, by the first of its models."""
        first = min(self._models, default=None)
        return () if first is None else (self._worker.process(first),)

    def follow(self, models: Collection[str]) -> None:
        """Be these models from now on."""
        self._models = frozenset(models)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        await self._worker.run(task_status=task_status)

    async def probe(self) -> None:
        """Return if it could do its work; it does none, as that takes seconds.

        Raises:
            EngineUnavailableError: its libraries are missing.
        """
        if self.pid is None and (reason := self._unavailable()):
            raise EngineUnavailableError(reason)

    async def _expect_ready(self, model: str) -> None:
        """Return if it runs a model, and could do its work.

        Raises:
            EngineUnavailableError: it does not run this model; or as `probe` says.
        """
        if model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model!r}.")
        await self.probe()

    async def _asked(
        self,
        model: str,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] | None = None,
    ) -> QueuedResponse:
        """Return what the child answers to a request for one of the models, in turn.

        Raises:
            EngineUnavailableError: it does not run this model; or as `probe` says.
            EngineError: as from `QueuedWorker.ask`.
        """
        await self._expect_ready(model)
        return await self._worker.ask(request, payload, advanced)
