"""The camera as an engine: one child process that films still after still."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict
from typing import TypeAlias

from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.camera.launch import CameraLaunch, unavailable_reason
from fondaco.engines.camera.reading import CameraReading, read
from fondaco.ports import GeneratedVideo, Progress, RemoteJob
from fondaco.workers.child_engine import ChildEngine

Paint: TypeAlias = Callable[[str, VideoTask], Awaitable[Pixels]]
"""Returns the still that a video of a prompt alone begins with: of what the text says, for the task.

It raises as engines do.
"""

_PAINTED = 0.3
"""The share of a video's work that painting its still takes."""


class Camera(ChildEngine):
    """A built-in `VideoEngine` that films stills."""

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
        """Prepare as `ChildEngine` does; `paint` makes the still of tasks without a picture."""
        super().__init__(models, launch.program, unavailable, name=name, queue=queue, idle_s=idle_s)
        self._paint = paint

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob | None = None, /
    ) -> GeneratedVideo:
        """Film a still, in turn: the task's picture, or one that is painted by the prompt.

        Raises:
            InvalidRequestError: the soundtrack cannot be read, or lasts too long; or there is a source video.
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            EngineError: it failed at this video.
        """
        if task.reference is not None:
            what = "The built-in camera accepts no source video. Leave it out."
            raise InvalidRequestError(faults={"video_url": (what,)})
        await self._expect_ready(task.model)
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
        done = await self._asked(task.model, _request(task, picture, reading), payload, advanced)
        if refused := done.fields.get("refused"):
            raise InvalidRequestError(faults={"audio_url": (str(refused),)})
        return _checked(done.payload, task)


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
        EngineError: it differs from the request.
    """
    try:
        header = video_header(file)
    except UnreadableVideoError as error:
        raise EngineError from error
    if (header.width, header.height) != (task.width, task.height):
        raise EngineError
    return GeneratedVideo(file, header.seconds, header.width, header.height)
