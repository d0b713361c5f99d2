"""A server whose videos another one of its kind makes: made, refused, failed and left through both."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import anyio
import pytest

from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineRefusedError, EngineTimeoutError, InvalidRequestError
from fondaco.domain.jobs import JobState
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.media.video import VideoTask
from fondaco.engines.videoqueue.engine import VideoQueue
from fondaco.engines.videoqueue.listing import names_listed
from fondaco.engines.videoqueue.order import QueuedModel
from fondaco.stores.memory.jobs import MemoryJobs
from house import SECRET, House
from picture_house import base64, picture
from toy_camera import TOY_VIDEOS, ToyCamera
from video_house import code, ended, order, retrieve, scripted, world

TASK = VideoTask(model="toy-camera", prompt="x", seconds=5, width=854, height=480)
FAR = 1e11
"""Seconds after which every lease has run out."""
MODEL = QueuedModel("toy-camera", TOY_VIDEOS.aspect_ratios, audio_configurable=True)


@asynccontextmanager
async def queue_at(house: House, key: str = SECRET) -> AsyncGenerator[VideoQueue]:
    async with aclosing(connect(f"{house.url}/api/v1", key=key)) as client:
        yield VideoQueue("films", client, {"toy-camera": MODEL}, poll_s=0.02)


@asynccontextmanager
async def two_houses(camera: ToyCamera) -> AsyncGenerator[tuple[House, House]]:
    """Yield the house that callers ask, and the one behind it, which has the camera."""
    models = (replace(TOY_VIDEOS, engines=("films",)),)
    async with (
        world(camera) as behind,
        queue_at(behind) as engine,
        world(camera, models=models, video_engines={"films": engine}) as front,
    ):
        yield front, behind


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(20):
        while not await holds():  # noqa: ASYNC110 - neither server tells
            await anyio.sleep(0.02)


async def test_a_video_is_made_behind_and_deleted_there() -> None:
    camera = ToyCamera()
    async with two_houses(camera) as (front, behind):
        queue_id = await order(
            front,
            prompt="A heron",
            aspect_ratio="9:16",
            resolution="480p",
            audio=False,
            image_url=f"data:image/png;base64,{base64(picture(640, 360))}",
        )
        reply = await ended(front, queue_id)
        header = video_header(reply.content)
        assert (header.width, header.height, header.seconds) == (480, 854, 5)
        assert not header.sound
        [task] = camera.asked
        assert (task.prompt, task.width, task.height) == ("A heron", 480, 854)
        assert task.picture is not None
        assert task.picture.width / task.picture.height == pytest.approx(9 / 16, abs=0.01)
        assert len(front.charges()) == len(behind.charges()) > 0
        left = await behind.platform.videos.counts()
        assert not sum(left.values()), "the server behind keeps nothing"


async def test_a_video_that_fails_behind_costs_nothing() -> None:
    camera = scripted(*[EngineTimeoutError()] * 3)
    async with two_houses(camera) as (front, behind):
        reply = await ended(front, await order(front))
        assert code(reply) == (500, "INFERENCE_FAILED")
        assert len(camera.asked) == 3, "each try is an order of its own"
        assert not any(entry.amount for entry in (*front.charges(), *behind.charges()))


async def test_a_video_that_is_made_behind_is_ordered_once_whatever_happens_in_front() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with two_houses(camera) as (front, behind):
        queue_id = await order(front)
        jobs = front.platform.videos._jobs
        assert isinstance(jobs, MemoryJobs)

        async def is_noted() -> bool:
            return bool(jobs.remotes)

        await until(is_noted)
        claimed = await jobs.claim(FAR, FAR)  # as another worker does after a restart
        assert claimed is not None
        await jobs.give_back(claimed.job.id, claimed.job.lease, counted=False)

        async def begins_again() -> bool:
            return (await jobs.unfinished())[0].lease > claimed.job.lease

        await until(begins_again)
        camera.released.set()
        assert (await ended(front, queue_id)).headers["content-type"] == "video/mp4"
        assert len(camera.asked) == 1
        assert len(front.charges()) == len(behind.charges()) > 0


async def test_progress_comes_through() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with two_houses(camera) as (front, _):
        queue_id = await order(front)

        async def shows_a_quarter() -> bool:
            return (await retrieve(front, queue_id)).headers["x-fondaco-progress"] == "0.250"

        await until(shows_a_quarter)
        camera.released.set()
        assert (await ended(front, queue_id)).headers["content-type"] == "video/mp4"


async def test_a_soundtrack_that_the_server_behind_cannot_read_is_the_callers_fault() -> None:
    task = replace(TASK, audio=True, soundtrack=b"?")
    async with world(ToyCamera()) as behind, queue_at(behind) as engine:
        with pytest.raises(InvalidRequestError) as caught:
            await engine.generate(task, lambda _: None)
    assert list(caught.value.faults) == ["audio_url"]


async def test_a_call_that_is_left_ends_though_the_server_behind_completes_its_video() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as behind, queue_at(behind) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.generate, TASK, lambda _: None)
            await camera.filming.wait()
            tasks.cancel_scope.cancel()
        camera.released.set()

        async def is_done() -> bool:
            counts = await behind.platform.videos.counts()
            return counts.get(("toy-camera", JobState.DONE)) == 1

        await until(is_done)


async def test_the_server_behind_lists_its_video_models_and_refuses_a_wrong_key() -> None:
    async with world(ToyCamera()) as behind:
        async with queue_at(behind) as engine:
            await engine.probe()
        async with aclosing(connect(f"{behind.url}/api/v1", key=SECRET)) as client:
            assert await names_listed(client) == {"toy-camera"}
        async with queue_at(behind, key="wrong") as engine:
            with pytest.raises(EngineRefusedError):
                await engine.generate(TASK, lambda _: None)
