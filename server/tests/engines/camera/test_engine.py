"""The camera as an engine: the contract, its child, its queue, and what it says without its libraries."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import anyio
import av
import numpy as np
import pytest

from contracts.video_engine import Bench, VideoEngineContract, picture
from fondaco.domain.errors import (
    EngineBusyError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.camera.engine import Camera
from fondaco.engines.camera.launch import CameraLaunch
from program import model_file

from .conftest import frames, shift, textured, tone

MODEL = "fondaco-camera"
TASK = VideoTask(model=MODEL, prompt="Pan left", seconds=1, width=64, height=48)
NOWHERE = CameraLaunch(Path("/nonexistent/u2netp.onnx"))
STILL = Pixels(160, 120, textured().tobytes())


async def painted(_scene: str, _task: VideoTask) -> Pixels:
    return STILL


@asynccontextmanager
async def running(
    launch: CameraLaunch = NOWHERE, *, queue: int = 16, idle_s: float = 300.0
) -> AsyncGenerator[Camera]:
    engine = Camera({MODEL}, launch, name="camera", paint=painted, queue=queue, idle_s=idle_s)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


@pytest.fixture(scope="module")
async def camera() -> AsyncGenerator[Camera]:
    async with running() as engine:
        yield engine


class TestCamera(VideoEngineContract):
    @pytest.fixture
    def bench(self, camera: Camera) -> Bench:
        return Bench(camera, TASK)


async def test_the_tasks_picture_is_filmed_as_its_prompt_says(camera: Camera) -> None:
    task = replace(TASK, picture=STILL, width=128, height=96)
    made = await camera.generate(task, lambda _: None)
    seen = frames(made.file)
    assert shift(seen[4], seen[16])[0] > 1.5


async def test_without_a_picture_one_is_painted_of_what_the_prompt_shows(camera: Camera) -> None:
    asked: list[str] = []

    async def paint(scene: str, task: VideoTask) -> Pixels:
        asked.append(scene)
        return await painted(scene, task)

    engine = Camera({MODEL}, NOWHERE, name="camera", paint=paint)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        for prompt in ("A harbour at dawn, the camera pans left", "zoom in"):
            await engine.generate(replace(TASK, prompt=prompt), lambda _: None)
        tasks.cancel_scope.cancel()
    assert asked == ["A harbour at dawn", "zoom in"]


async def test_what_is_transparent_is_filmed_on_white(camera: Camera) -> None:
    clear = Pixels(2, 2, b"\0\0\0\0" * 4, 4)
    made = await camera.generate(replace(TASK, picture=clear), lambda _: None)
    assert frames(made.file)[0].min() > 200


async def test_a_subject_is_found_by_the_network() -> None:
    launch = CameraLaunch(model_file("u2netp.onnx"))
    if not launch.subject.is_file():
        pytest.skip(f"{launch.subject} is missing: run `fondaco models pull fondaco-editor`")
    rows, columns = np.ogrid[:120, :160]
    disc = np.where(((rows - 60) ** 2 + (columns - 80) ** 2 < 900)[..., None], (224, 48, 32), 200)
    picture = Pixels(160, 120, disc.astype(np.uint8).tobytes())
    task = replace(TASK, prompt="orbit", picture=picture)
    async with running(launch) as found, running() as flat:
        files = [(await one.generate(task, lambda _: None)).file for one in (found, flat)]
    assert files[0] != files[1]


async def test_a_soundtrack_is_in_the_video(camera: Camera) -> None:
    task = replace(TASK, picture=picture(), audio=True, soundtrack=tone(2.0))
    made = await camera.generate(task, lambda _: None)
    with av.open(BytesIO(made.file), "r") as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
        assert container.duration == 1_000_000


async def test_a_soundtrack_of_a_video_without_sound_is_not_even_read(camera: Camera) -> None:
    made = await camera.generate(replace(TASK, soundtrack=b"none"), lambda _: None)
    assert made.seconds == 1


async def test_a_video_to_go_by_is_refused(camera: Camera) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await camera.generate(replace(TASK, reference=b"ftyp"), lambda _: None)
    assert list(caught.value.faults) == ["video_url"]


async def test_a_refused_soundtrack_says_why(camera: Camera) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await camera.generate(replace(TASK, audio=True, soundtrack=b"none"), lambda _: None)
    assert caught.value.faults == {
        "audio_url": ("The soundtrack is neither a WAV nor an MP3 file.",)
    }


async def test_a_cancelled_video_leaves_the_child_ready_for_the_next_one(camera: Camera) -> None:
    await camera.generate(TASK, lambda _: None)
    before = camera.pid
    long = replace(TASK, seconds=10, width=640, height=480, picture=STILL)
    begun = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(camera.generate, long, lambda _: begun.set())
        await begun.wait()
        tasks.cancel_scope.cancel()
    await camera.generate(TASK, lambda _: None)
    assert camera.pid == before


async def test_beyond_its_queue_it_is_busy() -> None:
    async with running(queue=0) as engine:
        begun = anyio.Event()

        def advanced(share: float) -> None:
            if share > 0.3:
                begun.set()

        long = replace(TASK, seconds=10, width=640, height=480)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.generate, long, advanced)
            await begun.wait()
            with pytest.raises(EngineBusyError):
                await engine.generate(TASK, lambda _: None)
            tasks.cancel_scope.cancel()


async def test_an_idle_child_ends() -> None:
    async with running(idle_s=0.05) as engine:
        await engine.generate(TASK, lambda _: None)
        assert engine.pid is not None
        with anyio.fail_after(30):
            while engine.pid is not None:  # noqa: ASYNC110 - a process has no event for it
                await anyio.sleep(0.02)


async def test_a_video_that_takes_too_long_ends_the_child() -> None:
    async with running(replace(NOWHERE, timeout_s=0.001)) as engine:
        with pytest.raises(EngineTimeoutError):
            await engine.generate(TASK, lambda _: None)


async def test_without_its_libraries_it_names_the_command_that_installs_them() -> None:
    reason = f"The libraries are missing. {how_to_install('video')}"
    engine = Camera({MODEL}, NOWHERE, name="camera", paint=painted, unavailable=lambda: reason)
    with pytest.raises(EngineUnavailableError, match="install"):
        await engine.generate(TASK, lambda _: None)
