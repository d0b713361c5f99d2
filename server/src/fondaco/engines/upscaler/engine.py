"""The upscaler as an engine: one child process that enlarges picture after picture."""

from collections.abc import Callable, Collection
from dataclasses import asdict

import anyio
import anyio.abc

from fondaco.domain.errors import EngineError, EngineUnavailableError, ModelNotInstalledError
from fondaco.domain.media.image_upscale import UpscaleTask
from fondaco.domain.media.picture import Pixels
from fondaco.engines.upscaler.launch import UpscalerLaunch, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.queued import QueuedWorker


class Upscaler:
    """An `ImageUpscaler` that computes here. `run` has to run while calls are made."""

    def __init__(
        self,
        models: Collection[str],
        launch: UpscalerLaunch,
        *,
        name: str,
        queue: int = 16,
        idle_s: float = 300.0,
        source: str = "fondaco-upscaler",
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            launch: the network's files, and how it is computed.
            name: in the configuration.
            queue: pictures that may wait for their turn.
            idle_s: after so long without a picture the child ends.
            source: what `fondaco models pull` takes to bring the files.
            unavailable: returns why it cannot run here; empty if it can.
        """
        self._models = frozenset(models)
        self._launch = launch
        self._name = name
        self._source = source
        self._unavailable = unavailable
        self._worker = QueuedWorker(
            launch.program,
            engine=name,
            model=next(iter(models), name),
            queue=queue,
            idle_s=idle_s,
        )

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def follow(self, models: Collection[str]) -> None:
        """Be these models from now on."""
        self._models = frozenset(models)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        await self._worker.run(task_status=task_status)

    async def upscale(self, task: UpscaleTask) -> GeneratedImage:
        """Enlarge a picture, in turn.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            ModelNotInstalledError: its files are missing.
            EngineError: it failed at this picture.
        """
        if task.model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {task.model!r}.")
        await self.probe()
        response = await self._worker.ask(_request(task), task.picture.data)
        picture = Pixels(task.width, task.height, response.payload, task.picture.channels)
        if len(response.payload) != task.width * task.height * picture.channels:
            raise EngineError
        return GeneratedImage(
            picture, response.queued_s, understood=bool(response.fields["understood"])
        )

    async def probe(self) -> None:
        """Return if it could enlarge a picture; it does not, as that takes seconds.

        Raises:
            EngineUnavailableError: its libraries are missing.
            ModelNotInstalledError: its files are missing.
        """
        if self._worker.pid is not None:
            return
        if reason := self._unavailable():
            raise EngineUnavailableError(reason)
        for file in self._launch.files:
            if not await anyio.Path(file).is_file():
                raise ModelNotInstalledError(next(iter(self._models), self._name), self._source)


def _request(task: UpscaleTask) -> dict[str, object]:
    return {
        "rows": task.picture.height,
        "columns": task.picture.width,
        "bands": task.picture.channels,
        "width": task.width,
        "height": task.height,
        "enhancement": None if task.enhancement is None else asdict(task.enhancement),
    }
