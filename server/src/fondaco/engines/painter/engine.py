"""The painter as an image engine: one child process that paints picture after picture."""

from collections.abc import Callable, Collection

import anyio
import anyio.abc

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGB, Pixels
from fondaco.engines.painter.launch import painter_program, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.queued import QueuedWorker

_USUAL_CFG_SCALE = 7.0


class Painter:
    """An `ImageEngine` that paints here. `run` has to run while calls are made."""

    def __init__(
        self,
        models: Collection[str],
        *,
        name: str,
        queue: int = 16,
        timeout_s: float = 120.0,
        idle_s: float = 300.0,
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            name: in the configuration.
            queue: pictures that may wait for their turn.
            timeout_s: for one picture.
            idle_s: after so long without a picture the child ends.
            unavailable: returns why it cannot run here; empty if it can.
        """
        self._models = frozenset(models)
        self._name = name
        self._unavailable = unavailable
        self._worker = QueuedWorker(
            painter_program(answer_timeout_s=timeout_s),
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
    def models(self) -> frozenset[str]:
        """The ids of the models that it runs."""
        return self._models

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

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Paint a picture, in turn.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            EngineError: it failed at this picture.
        """
        if task.model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {task.model!r}.")
        await self.probe()
        painted = await self._worker.ask(_request(task))
        if len(painted.payload) != RGB * task.width * task.height:
            raise EngineError
        return GeneratedImage(
            Pixels(task.width, task.height, painted.payload),
            painted.queued_s,
            understood=bool(painted.fields["understood"]),
        )

    async def probe(self) -> None:
        """Return if it could paint; it does not, as that takes seconds.

        Raises:
            EngineUnavailableError: its libraries are missing.
        """
        if reason := self._unavailable():
            raise EngineUnavailableError(reason)


def _request(task: ImageTask) -> dict[str, object]:
    return {
        "prompt": task.prompt,
        "negative_prompt": task.negative_prompt,
        "width": task.width,
        "height": task.height,
        "steps": task.steps,
        "cfg_scale": _USUAL_CFG_SCALE if task.cfg_scale is None else task.cfg_scale,
        "seed": task.seed,
        "style": task.style.name if task.style else None,
    }
