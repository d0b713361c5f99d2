"""The engine for upstreams that queue videos by Venice's API: Venice itself, and other servers of this kind."""

from collections.abc import Mapping

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.domain.media.video import VideoTask
from fondaco.engines.videoqueue.jobs import VideoJobs
from fondaco.engines.videoqueue.listing import names_listed
from fondaco.engines.videoqueue.order import QueuedModel, fields_of
from fondaco.ports import GeneratedVideo, Progress, RemoteJob, UnkeptJob

_UNKEPT = UnkeptJob()


class VideoQueue:
    """A `VideoEngine` behind a queue API for videos, which does not support seeds."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        models: Mapping[str, QueuedModel],
        *,
        poll_s: float = 10.0,
        total_timeout_s: float = 1_800.0,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including its version.
            models: our model id -> the engine's model.
            poll_s: between two looks at a video, at most.
            total_timeout_s: from a video's order to its end.
        """
        self._name = name
        self._client = client
        self._models = models
        self._jobs = VideoJobs(client, poll_s=poll_s, total_timeout_s=total_timeout_s)

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob = _UNKEPT, /
    ) -> GeneratedVideo:
        """Return the engine's video of a task, as the file that it sent.

        One that `remote` knows is not ordered again, unless the engine has lost it or failed at it.

        Raises:
            InvalidRequestError: the engine refuses what the request says, or cannot read its soundtrack.
            EngineTimeoutError: it took too long.
            EngineError: it fails, refuses, or sends no video.
        """
        model = self._models.get(task.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        done = 0.0
        progress(done)

        def advanced(share: float) -> None:
            nonlocal done
            done = max(done, share)
            progress(done)

        fields = await to_thread.run_sync(fields_of, task, model)
        file = await self._jobs.video(fields, advanced, remote)
        try:
            header = video_header(file)
        except UnreadableVideoError as error:
            raise EngineError("The model's engine sent a file that is not an MP4 file.") from error
        return GeneratedVideo(file, header.seconds, header.width, header.height)

    async def probe(self) -> None:
        """Return if the engine answers a request for its models: a video as a probe would cost money.

        Raises:
            EngineError: it does not.
        """
        await names_listed(self._client)
