"""The painter as an image engine: one child process that paints picture after picture."""

from collections.abc import Callable, Collection

import anyio
import anyio.abc

from fondaco.domain.errors import EngineBusyError, EngineError, EngineUnavailableError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import Pixels
from fondaco.engines.painter.launch import painter_program, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.worker import Worker

_LOOK_S = 10.0
"""Between looks at whether the child has been idle for long."""
_USUAL_CFG_SCALE = 7.0


class Painter:
    """An `ImageEngine` that paints here. `run` has to run while calls are made.

    The child starts at the first picture, and ends after a while without any, as it takes memory.
    """

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
        self._queue = queue
        self._idle_s = idle_s
        self._unavailable = unavailable
        self._turn = anyio.Lock()
        self._used_at = 0.0
        self._worker = Worker(
            painter_program(answer_timeout_s=timeout_s),
            engine=name,
            model=next(iter(models), name),
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
        task_status.started()
        try:
            while True:
                await anyio.sleep(min(_LOOK_S, self._idle_s))
                idle_s = anyio.current_time() - self._used_at
                if idle_s >= self._idle_s and not self._turn.locked():
                    await self._worker.aclose()
        finally:
            await self._worker.aclose()

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
        if self._turn.statistics().tasks_waiting >= self._queue:
            raise EngineBusyError
        asked_at = anyio.current_time()
        async with self._turn:
            queued_s = anyio.current_time() - asked_at
            try:
                fields, rgb = await self._worker.ask(_request(task))
            finally:
                self._used_at = anyio.current_time()
        if len(rgb) != 3 * task.width * task.height:
            raise EngineError
        return GeneratedImage(
            Pixels(task.width, task.height, rgb), queued_s, understood=bool(fields["understood"])
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
