"""The engine for videos by sd-server: each is a job in its queue, whose frames are encoded as an MP4 file.

Source: stable-diffusion.cpp, `examples/server/api.md`, `POST /sdcpp/v1/vid_gen`.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.video import VideoTask
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.images.files import base64_of, of_shape, png_of
from fondaco.engines.common.images.options import ImageOptions, rounded_up, unsigned
from fondaco.engines.common.prompt_commands import PromptRules, unicode_of
from fondaco.engines.common.videos.remaking import WantedVideo, expect_libraries, remade
from fondaco.engines.sdserver.capabilities import capabilities_of
from fondaco.engines.sdserver.jobs import EndedJob, JobRules, Jobs
from fondaco.engines.sdserver.sampling import AbilityCheck, sampling_of
from fondaco.ports import GeneratedVideo, Progress, RemoteJob, UnkeptJob
from fondaco.serving.admission.fair_turns import FairTurns

_MULTIPLE = 32
"""Of sides: Wan and LTX draw multiples of 16 or 32, and what is over is cropped."""
_STEP = 8
"""Models make one frame more than a multiple of 4 (Wan) or 8 (LTX); the server rounds others down."""
_JPEG_QUALITY = 90
"""The most that the server uses for AVI."""
_LIMIT_BYTES = 256 * 2**20
"""Of a job with its video: 10 seconds of 1080p have some 150 MB of JPEG pictures, and base64 a third more."""
_MOST_MISSES = 6
"""Looks in a row that may fail: the video is being made meanwhile."""
_MOST_FPS = 120
_UNKEPT = UnkeptJob()
_DRAWN = 0.95
"""The share of a video's work that the server does; and the most that is concluded from times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdVideoOptions:
    """Video options of a table, beside those of pictures."""

    fps: int = 16
    """Frames a second."""
    steps: int | None = None
    """None: the server's default."""


class SdVideos:
    """A `VideoEngine` behind sd-server's API of jobs; one server runs one model. Its videos have no sound."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        models: Mapping[str, str],
        options: ImageOptions,
        videos: SdVideoOptions,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address without `/sdcpp`.
            models: our model id -> the engine's name of its one model.
            options: options of its requests.
            videos: likewise, for videos.
        """
        self._name = name
        self._client = client
        self._models = models
        self._options = options
        self._videos = videos
        self._rules = PromptRules(strip=options.strip_commands)
        self._turns = FairTurns(options.at_once, options.queue)
        self._abilities = AbilityCheck(client, options)
        rules = JobRules(
            "vid_gen", options.poll_s, options.total_timeout_s, _LIMIT_BYTES, _MOST_MISSES
        )
        self._jobs = Jobs(client, rules)
        self._s_a_pixel: float | None = None
        """Time that the last video took, for each pixel of each frame."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob = _UNKEPT, /
    ) -> GeneratedVideo:
        """Return the engine's video of a task, in exactly the requested size and length.

        One that `remote` knows is not drawn again, unless the server has lost it or failed at it.
        Progress is concluded from how long the last video took: the server does not tell any.

        Raises:
            InvalidRequestError: a prompt holds a command to the engine.
            EngineUnavailableError: the server does not answer, or the libraries that encode are missing.
            EngineTimeoutError: it took too long.
            EngineError: the engine fails, or sends no video of the task's size and duration.
        """
        name = self._models.get(task.model)
        if name is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        texts = self._rules.apply({"prompt": task.prompt, "negative_prompt": task.negative_prompt})
        expect_libraries()
        progress(0.0)
        async with self._turns.taken():
            await self._expect_videos(name)
            request = await to_thread.run_sync(self._request, task, texts)
            job = await self._drawn(task, request, progress, remote)
        progress(_DRAWN)
        file, fps = await to_thread.run_sync(_video_in, job.result)

        def advanced(done: int, total: int) -> None:
            progress(_DRAWN + (1 - _DRAWN) * min(1.0, done / max(1, total)))

        wanted = WantedVideo(task.width, task.height, task.seconds, fps)
        return await remade(file, wanted, advanced, engine=self._name, model=task.model)

    async def probe(self) -> None:
        """Return if the engine says what it can do: a video as a probe would take long.

        Raises:
            EngineError: it does not.
        """
        await capabilities_of(self._client)

    async def _expect_videos(self, name: str) -> None:
        able = await self._abilities.expect(name)
        if not able.makes_videos:
            raise EngineError(f"The model {name!r} of the model's engine makes no videos.")

    async def _drawn(
        self,
        task: VideoTask,
        request: Mapping[str, object],
        progress: Progress,
        remote: RemoteJob,
    ) -> EndedJob:
        """Return a job that is complete, and remember how long it took, if that was seen."""
        pixels = task.width * task.height * task.seconds * self._videos.fps
        usual_s = None if self._s_a_pixel is None else self._s_a_pixel * pixels
        is_new, told = remote.id is None, 0.0

        def working(worked_s: float) -> None:
            nonlocal told
            if usual_s:
                told = max(told, _DRAWN * min(1.0, worked_s / usual_s))
            progress(told)

        job = await self._jobs.ended(request, working, remote)
        if is_new:
            self._s_a_pixel = job.worked_s / pixels
        return job

    def _request(self, task: VideoTask, texts: Mapping[str, str]) -> dict[str, object]:
        """Return the body of a job; blocking, as its picture becomes a PNG."""
        width, height = rounded_up(task.width, _MULTIPLE), rounded_up(task.height, _MULTIPLE)
        request: dict[str, object] = {
            "prompt": unicode_of(texts["prompt"]),
            "negative_prompt": unicode_of(texts["negative_prompt"]),
            "width": width,
            "height": height,
            "seed": unsigned(task.seed),
            "video_frames": frames_for(task.seconds * self._videos.fps),
            "fps": self._videos.fps,
            "output_format": "avi",
            "output_compression": _JPEG_QUALITY,
            "embed_image_metadata": False,
            "sample_params": sampling_of(self._options, self._videos.steps, None),
        }
        if task.picture is not None:
            request["init_image"] = base64_of(png_of(of_shape(task.picture, width, height)))
        return request


def frames_for(count: int) -> int:
    """Return how many frames are asked for, so that there are at least so many.

    >>> frames_for(80), frames_for(81), frames_for(82)
    (81, 81, 89)
    """
    return -(-(count - 1) // _STEP) * _STEP + 1


def _video_in(result: Mapping[str, Any]) -> tuple[bytes, int]:
    """Return the file of a complete job, and its frames a second.

    Raises:
        EngineError: it has none.
    """
    fps = whole(result.get("fps"), _MOST_FPS)
    text = result.get("b64_json")
    if result.get("output_format") != "avi" or not fps or not isinstance(text, str) or not text:
        raise EngineError("The model's engine sent no video.")
    try:
        return b64decode(text, validate=True), fps
    except (binascii.Error, ValueError) as error:
        raise EngineError("The model's engine sent a video that is not base64.") from error
