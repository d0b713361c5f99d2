"""`client.video`: quoted, queued, retrieved and deleted, and all of it in one call, in both clients."""

from decimal import Decimal
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from fondaco.domain.errors import EngineError
from fondaco.domain.media.mp4_file import video_header
from house import SECRET, House
from picture_house import picture
from toy_camera import ToyCamera
from venice_ai import (
    APIError,
    APITimeoutError,
    InvalidRequestError,
    NotFoundError,
    PaymentRequiredError,
    SyncVeniceClient,
    VeniceClient,
)
from venice_ai.types.api.video import VideoFile, VideoStatus
from video_house import NO_ID, scripted, world


def client_of(one: House) -> VeniceClient:
    return VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1")


async def retrieved(client: VeniceClient, queue_id: str) -> VideoFile:
    with anyio.fail_after(20):
        while True:
            found = await client.video.retrieve(model="default", queue_id=queue_id)
            if isinstance(found, VideoFile):
                return found
            await anyio.sleep(0.02)


async def test_a_video_is_quoted_queued_retrieved_and_deleted(tmp_path: Path) -> None:
    camera = ToyCamera()
    async with world(camera) as one, client_of(one) as client:
        quoted = await client.video.quote(model="default", prompt="Pan", duration="5s")
        assert quoted.quote == Decimal("0.101016665")
        queued = await client.video.queue(
            model="default",
            prompt="Pan",
            duration="10s",
            negative_prompt="people",
            aspect_ratio="1:1",
            resolution="480p",
            audio=False,
            image_url=picture(),
        )
        assert queued.model == "toy-camera"
        video = await retrieved(client, queued.queue_id)
        assert video.media_type == "video/mp4"
        assert len(repr(video)) < 200  # no file in a terminal or a log
        [job] = (await client.video.jobs()).data
        assert (job.model, job.state, job.progress) == ("toy-camera", "completed", 1.0)
        assert job.usd > 0
        assert job.ended_at is not None
        header = video_header(video.save(tmp_path / "made.mp4").read_bytes())
        assert (header.width, header.height, header.seconds, header.sound) == (480, 480, 10, False)
        [task] = camera.asked
        assert (task.negative_prompt, task.picture is not None) == ("people", True)
        deleted = await client.video.complete(model=queued.model, queue_id=queued.queue_id)
        assert deleted.success
        with pytest.raises(NotFoundError) as caught:
            await client.video.retrieve(model=queued.model, queue_id=queued.queue_id)
        assert caught.value.code == "MEDIA_NOT_FOUND"


async def test_a_status_tells_its_progress() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one, client_of(one) as client:
        queued = await client.video.queue(model="default", prompt="Pan", duration="5s")
        await camera.filming.wait()
        found = await client.video.retrieve(model="default", queue_id=queued.queue_id)
        assert isinstance(found, VideoStatus)
        assert (found.status, found.progress, found.waits) == ("PROCESSING", 0.25, False)
        assert found.meta.headers["x-fondaco-progress"] == "0.250"
        camera.released.set()
        await retrieved(client, queued.queue_id)


async def test_run_waits_tells_saves_and_deletes(tmp_path: Path) -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    seen: list[VideoStatus] = []

    def look(status: VideoStatus) -> None:
        seen.append(status)
        camera.released.set()

    async with world(camera) as one, client_of(one) as client:
        out = tmp_path / "made.mp4"
        video = await client.video.run(
            model="default", prompt="Pan", duration="5s", save_to=out, on_progress=look
        )
        assert out.read_bytes() == video.content
        assert seen
        assert await one.platform.videos.counts() == {}
        assert len(one.charges()) == 3


async def test_run_in_the_synchronous_client(tmp_path: Path) -> None:
    async with world(ToyCamera()) as one:

        def run() -> bytes:
            with SyncVeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1") as client:
                return client.video.run(
                    model="default",
                    prompt="Pan",
                    duration="5s",
                    save_to=tmp_path / "made.mp4",
                    delete=False,
                ).content

        content = await anyio.to_thread.run_sync(run)
        assert (tmp_path / "made.mp4").read_bytes() == content
        assert len(await one.platform.videos.counts()) == 1


async def test_run_gives_up_in_time_and_says_how_to_go_on() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one, client_of(one) as client:
        with pytest.raises(APITimeoutError, match=r"queue_id='[0-9a-f-]{36}'"):
            await client.video.run(model="default", prompt="Pan", duration="5s", timeout_s=0.01)
        camera.released.set()
        with anyio.fail_after(10):
            while not one.charges():  # noqa: ASYNC110 - the ledger owes nobody an event
                await anyio.sleep(0.02)


async def test_errors_are_those_of_the_api(tmp_path: Path) -> None:
    async with (
        world(scripted(*[EngineError()] * 3), usd=150_000_000) as one,
        client_of(one).with_options(max_retries=0) as client,
    ):
        with pytest.raises(APIError, match="Nothing was charged") as failed:
            await client.video.run(model="default", prompt="Pan", duration="5s")
        assert failed.value.status == 500
        with pytest.raises(InvalidRequestError) as refused:
            await client.video.quote(model="default", prompt="Pan", duration="7s")
        assert list(refused.value.faults) == ["duration"]
        with pytest.raises(PaymentRequiredError):
            await client.video.queue(
                model="default", prompt="Pan", duration="10s", resolution="1080p"
            )
        with pytest.raises(NotFoundError):
            await client.video.complete(model="default", queue_id=NO_ID)
        with pytest.raises(FileNotFoundError):
            await client.video.queue(
                model="default", prompt="Pan", duration="5s", image_url=tmp_path / "none.png"
            )
