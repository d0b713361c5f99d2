"""The upscaler as an engine: one child process that enlarges picture after picture."""

from collections.abc import Callable, Collection
from dataclasses import asdict

import anyio

from fondaco.domain.errors import EngineError, ModelNotInstalledError
from fondaco.domain.media.image_upscale import UpscaleTask
from fondaco.domain.media.picture import Pixels
from fondaco.engines.upscaler.launch import UpscalerLaunch, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.child_engine import ChildEngine


class Upscaler(ChildEngine):
    """An `ImageUpscaler` that runs on this machine."""

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
        """Prepare as `ChildEngine` does; `fondaco models pull` takes `source` to bring the launch's files."""
        super().__init__(models, launch.program, unavailable, name=name, queue=queue, idle_s=idle_s)
        self._launch = launch
        self._source = source

    async def upscale(self, task: UpscaleTask) -> GeneratedImage:
        """Enlarge a picture, in turn.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            ModelNotInstalledError: its files are missing.
            EngineError: it failed at this picture.
        """
        response = await self._asked(task.model, _request(task), task.picture.data)
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
        if self.pid is not None:
            return
        await super().probe()
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
