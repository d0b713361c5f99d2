"""The video engine for ComfyUI: each video is a job of its model's workflow, filled in."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.domain.media.video import VideoTask
from fondaco.engines.comfyui.api import ComfyApi, OpenSocket
from fondaco.engines.comfyui.job import Job
from fondaco.engines.comfyui.listing import checkpoints_listed
from fondaco.engines.comfyui.sampling import sampling_of
from fondaco.engines.comfyui.uploads import uploaded
from fondaco.engines.comfyui.workflow import Placeholder, Workflow
from fondaco.engines.common.images.files import png_of
from fondaco.engines.common.images.options import ImageOptions, rounded_up, unsigned
from fondaco.engines.common.prompt_commands import Command, PromptRules, unicode_of
from fondaco.ports import GeneratedVideo, Progress, RemoteJob
from fondaco.serving.admission.fair_turns import FairTurns

_COMMANDS = frozenset(Command)
_MULTIPLE = 16
"""Of sides: what models of videos draw, and codecs write."""
_MOST_LEFT = 256
_BY_NODES = 0.95
"""The highest reported progress of a sampling node: other nodes decode and write after it."""


@dataclass(frozen=True, slots=True)
class ComfyVideoModel:
    """A model of videos of one ComfyUI."""

    name: str
    """The engine's, for the placeholder `{{model}}`."""
    workflow: Workflow


class ComfyVideos:
    """A `VideoEngine` behind ComfyUI's API."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        open_socket: OpenSocket,
        models: Mapping[str, ComfyVideoModel],
        options: ImageOptions,
        *,
        fps: int = 16,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address.
            open_socket: opens a websocket at the same address.
            models: our model id -> what it runs.
            options: options of its requests.
            fps: frames a second of its videos.
        """
        self._name = name
        self._client = client
        self._api = ComfyApi(client, open_socket)
        self._models = models
        self._options = options
        self._fps = fps
        self._rules = PromptRules(_COMMANDS, options.strip_commands)
        self._turns = FairTurns(options.at_once, options.queue)
        self._left: deque[str] = deque(maxlen=_MOST_LEFT)

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob | None = None, /
    ) -> GeneratedVideo:
        """Return the video that the model's workflow makes, as the file that it wrote.

        Raises:
            InvalidRequestError: a prompt holds a command to the engine.
            EngineError: the engine fails, or writes no MP4 file.
        """
        model = self._models.get(task.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        values = self._values(task, model)
        done = 0.0
        progress(done)

        def advanced(share: float) -> None:
            nonlocal done
            done = max(done, min(share, _BY_NODES))
            progress(done)

        async with self._turns.taken():
            files = await to_thread.run_sync(_files, task, model.workflow)
            async with uploaded(self._api, files) as names:
                job = Job(self._api, model.workflow, self._options, self._left, progress=advanced)
                file = await job.file(model.workflow.filled(values | names))
        try:
            header = video_header(file)
        except UnreadableVideoError as error:
            raise EngineError("The model's engine sent a file that is not an MP4 file.") from error
        return GeneratedVideo(file, header.seconds, header.width, header.height)

    async def probe(self) -> None:
        """Return if the engine lists its checkpoints: a video as a probe would take long.

        Raises:
            EngineError: it does not.
        """
        await checkpoints_listed(self._client)

    def _values(self, task: VideoTask, model: ComfyVideoModel) -> dict[Placeholder, object]:
        texts = self._rules.apply({"prompt": task.prompt, "negative_prompt": task.negative_prompt})
        return {
            **sampling_of(self._options),
            Placeholder.MODEL: model.name,
            Placeholder.PROMPT: unicode_of(texts["prompt"]),
            Placeholder.NEGATIVE_PROMPT: unicode_of(texts["negative_prompt"]),
            Placeholder.WIDTH: rounded_up(task.width, _MULTIPLE),
            Placeholder.HEIGHT: rounded_up(task.height, _MULTIPLE),
            Placeholder.SEED: unsigned(task.seed),
            Placeholder.SECONDS: task.seconds,
            Placeholder.FPS: self._fps,
            Placeholder.FRAMES: task.seconds * self._fps + 1,
        }


def _files(task: VideoTask, workflow: Workflow) -> dict[Placeholder, bytes]:
    """Return the files that a workflow loads; blocking.

    Raises:
        EngineError: it loads one, and the task has none.
    """
    files: dict[Placeholder, bytes] = {}
    if Placeholder.IMAGE in workflow.used:
        if task.picture is None:
            raise EngineError("The workflow of the model's engine needs a source image.")
        files[Placeholder.IMAGE] = png_of(task.picture)
    if Placeholder.VIDEO in workflow.used:
        if task.reference is None:
            raise EngineError("The workflow of the model's engine needs a source video.")
        files[Placeholder.VIDEO] = task.reference
    return files
