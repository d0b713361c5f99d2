"""The camera as an engine: one child process that films still after still."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict
from typing import TypeAlias

import anyio.abc

from fondaco.domain.errors import EngineError, EngineUnavailableError, InvalidRequestError
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.camera.launch import CameraLaunch, unavailable_reason
from fondaco.engines.camera.reading import CameraReading, read
from fondaco.ports import GeneratedVideo, Progress
from fondaco.workers.queued import QueuedWorker

Paint: TypeAlias = Callable[[str, VideoTask], Awaitable[Pixels]]
"""Returns the still that a video of a prompt alone begins with: of what the text says, for the task."""

_PAINTED = 0.3
"""The share of a video's work that painting its still takes."""


class Camera:
    """A `VideoEngine` that films stills here. `run` has to run while calls are made."""

    def __init__(
        self,
        models: Collection[str],
        launch: CameraLaunch,
        *,
        name: str,
        paint: Paint,
        queue: int = 16,
        idle_s: float = 300.0,
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            launch: how its child starts.
            name: in the configuration.
            paint: makes the still of tasks without a picture; it raises as engines do.
            queue: videos that may wait for their turn.
            idle_s: after so long without a video the child ends.
            unavailable: returns why it cannot run here; empty if it can.
        """
        self._models = frozenset(models)
        self._name = name
        self._paint = paint
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

    async def generate(self, task: VideoTask, progress: Progress) -> GeneratedVideo:
        """Film a still, in turn: the task's picture, or one that is painted by the prompt.

        Raises:
            InvalidRequestError: the soundtrack cannot be read, or lasts too long.
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            EngineError: it failed at this video.
        """
        if task.model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {task.model!r}.")
        await self.probe()
        reading = read(task.prompt)
        before = 0.0
        picture = task.picture
        if picture is None:
            progress(0.0)
            before = _PAINTED
            picture = await self._paint(reading.scene or task.prompt, task)

        def advanced(done: int, total: int) -> None:
            progress(before + (1 - before) * min(1.0, done / max(1, total)))

        payload = picture.data + (task.soundtrack or b"")
        done = await self._worker.ask(_request(task, picture, reading), payload, advanced)
        if refused := done.fields.get("refused"):
            raise InvalidRequestError(faults={"audio_url": (str(refused),)})
        return _checked(done.payload, task)

    async def probe(self) -> None:
        """Return if it could film; it does not, as that takes seconds.

        Raises:
            EngineUnavailableError: its libraries are missing.
        """
        if reason := self._unavailable():
            raise EngineUnavailableError(reason)


def _request(task: VideoTask, picture: Pixels, reading: CameraReading) -> dict[str, object]:
    return {
        "shot": asdict(reading.shot),
        "width": task.width,
        "height": task.height,
        "seconds": task.seconds,
        "audio": task.audio,
        "soundtrack": task.audio and task.soundtrack is not None,
        "rows": picture.height,
        "columns": picture.width,
        "channels": picture.channels,
    }


def _checked(file: bytes, task: VideoTask) -> GeneratedVideo:
    """Return the video that a child made.

    Raises:
        EngineError: it is not what was asked for.
    """
    try:
        header = video_header(file)
    except UnreadableVideoError as error:
        raise EngineError from error
    if (header.width, header.height) != (task.width, task.height):
        raise EngineError
    return GeneratedVideo(file, header.seconds, header.width, header.height)
