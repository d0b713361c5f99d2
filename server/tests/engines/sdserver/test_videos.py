"""Videos by sd-server: the contract, what is asked, recorded answers, progress, and servers that lie."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import Any

import anyio
import av
import numpy as np
import pytest
from PIL import Image

import toy_videos
from contracts.video_engine import Bench, VideoEngineContract, picture
from engines.sdserver.conftest import OPTIONS
from fake_sd_server import CAPABILITIES, SUBMIT_VIDEO, FakeSdServer, answering, recorded
from fake_upstream import raw, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.common.videos import remaking
from fondaco.engines.sdserver.discover import discover
from fondaco.engines.sdserver.videos import SdVideoOptions, SdVideos
from kept_job import Kept

TASK = VideoTask(model="ours", prompt="A heron", seconds=1, width=64, height=48, seed=-1)
JOB = "job_6b088016_00000000"


def no_progress(_: float) -> None:
    return


@pytest.fixture
async def fake() -> AsyncGenerator[FakeSdServer]:
    async with FakeSdServer(videos=True) as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeSdServer) -> AsyncGenerator[SdVideos]:
    client = connect(fake.url, first_byte_timeout_s=5, total_timeout_s=20)
    videos = SdVideoOptions(fps=16, steps=9)
    yield SdVideos("sd", client, {"ours": "tiny-wan"}, OPTIONS, videos)
    await client.aclose()


class TestSdVideos(VideoEngineContract):
    @pytest.fixture
    def bench(self, engine: SdVideos) -> Bench:
        return Bench(engine, TASK, sound=False)


async def test_a_job_has_all_that_the_task_and_the_row_say(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    task = replace(TASK, negative_prompt="people", width=854, height=480)
    made = await engine.generate(task, no_progress)
    [asked] = fake.asked_at(SUBMIT_VIDEO)
    assert asked.body == {
        "prompt": "A heron",
        "negative_prompt": "people",
        "width": 864,
        "height": 480,
        "seed": 2**31 - 1,
        "video_frames": 17,
        "fps": 16,
        "output_format": "avi",
        "output_compression": 90,
        "embed_image_metadata": False,
        "sample_params": {
            "sample_steps": 9,
            "sample_method": "euler_a",
            "scheduler": "karras",
        },
    }
    assert (made.width, made.height, made.seconds) == (854, 480, 1)


async def test_what_the_row_does_not_say_is_left_to_the_server(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    options = ImageOptions(poll_s=0.005)
    engine = SdVideos("sd", client, {"ours": "tiny-wan"}, options, SdVideoOptions(fps=10))
    made = await engine.generate(TASK, no_progress)
    await client.aclose()
    body = fake.asked_at(SUBMIT_VIDEO)[0].body
    assert body["sample_params"] == {}
    assert (body["video_frames"], body["fps"]) == (17, 10), "one more than a multiple of 8"
    assert made.seconds == 1


async def test_frames_keep_their_colours_and_their_middle(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    made = await engine.generate(replace(TASK, width=86, height=50), no_progress)
    with av.open(BytesIO(made.file), "r") as film:
        stream = film.streams.video[0]
        assert stream.codec.canonical_name == "h264"
        assert (stream.average_rate, stream.frames) == (Fraction(16), 16)
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    right = [float(np.mean(frame[:, 60:])) for frame in frames]
    assert right == sorted(right)
    assert right[0] < 5
    assert right[-1] == pytest.approx(255 * 15 / 16, abs=5)
    request = fake.asked_at(SUBMIT_VIDEO)[0].body
    sent = base64.b64decode(toy_videos.result(request)["b64_json"])
    with av.open(BytesIO(sent), "r") as film:
        first = next(film.decode(video=0)).to_ndarray(format="rgb24")
    assert first.shape == (64, 96, 3)
    assert np.mean(frames[0][:, 10:30, 0]) == pytest.approx(np.mean(first[:, 10:30, 0]), abs=6)
    border = np.argmax(np.abs(np.diff(frames[0][25, :, 0].astype(int))))
    assert border == pytest.approx(43, abs=2), "the middle stays the middle"


async def test_a_picture_is_cropped_to_the_videos_shape(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    wide = Pixels(800, 400, bytes(range(240)) * 10 * 400)
    await engine.generate(replace(TASK, width=96, height=96, picture=wide), no_progress)
    body = fake.asked_at(SUBMIT_VIDEO)[0].body
    with Image.open(BytesIO(base64.b64decode(body["init_image"]))) as image:
        assert image.size == (400, 400)


async def test_progress_goes_by_the_time_of_the_last_video(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    engine = SdVideos("sd", client, {"ours": "tiny-wan"}, OPTIONS, SdVideoOptions())
    first: list[float] = []
    await engine.generate(TASK, first.append)
    assert [share for share in first if share < 0.95] == [0.0] * first.index(0.95)
    fake.holds = True
    told: list[float] = []
    enough = anyio.Event()

    def note(share: float) -> None:
        told.append(share)
        if share == 0.95:
            enough.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, note)
        with anyio.fail_after(20):
            while len(fake.jobs) < 2:
                await anyio.lowlevel.checkpoint()
            fake.jobs["job_6b088016_00000001"] = "generating"
            await enough.wait()
        fake.holds = False
    await client.aclose()
    assert told == sorted(told)


async def test_a_prompt_commands_nothing(engine: SdVideos, fake: FakeSdServer) -> None:
    with pytest.raises(InvalidRequestError, match="instructions to the engine"):
        await engine.generate(replace(TASK, prompt="x <lora:y:1>"), no_progress)
    assert not fake.jobs


async def test_a_model_of_pictures_makes_no_videos(fake: FakeSdServer) -> None:
    async with FakeSdServer() as painter:
        client = connect(painter.url)
        engine = SdVideos("sd", client, {"ours": "flux"}, OPTIONS, SdVideoOptions())
        with pytest.raises(EngineError, match="'flux' of the model's engine makes no videos"):
            await engine.generate(TASK, no_progress)
        assert not painter.asked_at(SUBMIT_VIDEO)
        await client.aclose()
    client = connect(fake.url)
    with pytest.raises(EngineError, match="makes videos, not images"):
        await discover(client)
    await client.aclose()


async def test_the_recorded_video_is_made_into_one(engine: SdVideos, fake: FakeSdServer) -> None:
    fake.job_scripts = [replying({**recorded("video job, completed"), "id": JOB})]
    made = await engine.generate(replace(TASK, width=64, height=64), no_progress)
    header = video_header(made.file)
    assert (header.width, header.height, header.seconds, header.sound) == (64, 64, 1, False)


def completed(**changed: Any) -> Any:
    request = {"width": 64, "height": 64, "video_frames": 17, "fps": 16, "output_format": "avi"}
    sent = toy_videos.result(request) | changed
    return replying({"id": JOB, "status": "completed", "result": sent})


def film_of(*args: Any, **kwargs: Any) -> Any:
    return completed(b64_json=base64.b64encode(toy_videos.avi(*args, **kwargs)).decode())


GOOD = toy_videos.avi(17, 64, 64)
LIES: dict[str, tuple[Any, str]] = {
    "another's job": (replying({**recorded("video job, completed"), "id": "job_7"}), "another job"),
    "no result": (replying({"id": JOB, "status": "completed"}), "no video"),
    "a list of results": (replying({"id": JOB, "status": "completed", "result": [1]}), "no video"),
    "failed": (replying({"id": JOB, "status": "failed"}), "failed to run the job"),
    "no base64": (completed(b64_json="?"), "not base64"),
    "no text": (completed(b64_json=7), "no video"),
    "another format": (completed(output_format="webm"), "no video"),
    "no frames a second": (completed(fps=0), "no video"),
    "too many a second": (completed(fps=10**9), "no video"),
    "half a frame a second": (completed(fps=0.5), "no video"),
    "slower than asked": (completed(fps=32), "17 frames instead of 32"),
    "a page": (completed(b64_json="PGh0bWw+"), "damaged"),
    "nothing": (completed(b64_json=""), "no video"),
    "cut in half": (
        completed(b64_json=base64.b64encode(GOOD[: len(GOOD) // 2]).decode()),
        "frames instead of 16|damaged",
    ),
    "a single frame": (film_of(1, 64, 64), "1 frames instead of 16"),
    "another codec": (film_of(17, 64, 64, codec="mpeg4"), "codec is mpeg4, not JPEG"),
    "too small": (film_of(17, 48, 48), "48 x 48 pixels instead of 64 x 48"),
    "too large": (film_of(17, 192, 64), "192 x 64 pixels instead of 64 x 48"),
    "larger than it says": (
        completed(
            b64_json=base64.b64encode(
                GOOD.replace(
                    b"\xff\xc0\x00\x11\x08\x00\x40\x00\x40", b"\xff\xc0\x00\x11\x08\xff\xf0\xff\xf0"
                )
            ).decode()
        ),
        "damaged|several kinds",
    ),
    "an MP4": (
        completed(b64_json=base64.b64encode(b"\0\0\0\x18ftypmp42" + bytes(400)).decode()),
        "damaged",
    ),
}


@pytest.mark.parametrize("case", LIES)
async def test_a_job_that_breaks_its_word_ends_the_call(
    engine: SdVideos, fake: FakeSdServer, case: str
) -> None:
    script, words = LIES[case]
    fake.job_scripts = [script]
    with pytest.raises(EngineError, match=words):
        await engine.generate(TASK, no_progress)


async def test_frames_that_are_missing_at_the_end_are_the_last_one(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    fake.job_scripts = [film_of(13, 64, 48)]
    made = await engine.generate(TASK, no_progress)
    with av.open(BytesIO(made.file), "r") as film:
        assert len(list(film.decode(video=0))) == 16
    assert made.seconds == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("vid_gen, no JSON", "invalid json"),
        ("vid_gen, no body", "empty body"),
        ("vid_gen, 0 frames", "invalid generation parameters"),
        ("vid_gen, another format", "invalid output_format"),
        ("vid_gen by Flux", "not support"),
        ("job, unknown", "job not found"),
    ],
)
async def test_recorded_refusals_say_why(
    engine: SdVideos, fake: FakeSdServer, answer: str, words: str
) -> None:
    fake.script(SUBMIT_VIDEO, answering(answer))
    with pytest.raises(EngineError, match=words):
        await engine.generate(TASK, no_progress)


async def test_a_full_queue_is_a_busy_engine(engine: SdVideos, fake: FakeSdServer) -> None:
    fake.script(SUBMIT_VIDEO, raw(b"HTTP/1.1 429 x\r\nContent-Length: 2\r\n\r\n{}"))
    with pytest.raises(EngineBusyError):
        await engine.generate(TASK, no_progress)


BROKEN = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", then="close")


async def test_looks_that_fail_are_repeated_the_sixth_in_a_row_ends_the_call(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    fake.job_scripts = [BROKEN] * 5
    assert (await engine.generate(TASK, no_progress)).seconds == 1
    fake.job_scripts = [BROKEN] * 6
    with pytest.raises(EngineUnavailableError):
        await engine.generate(TASK, no_progress)
    assert not fake.job_scripts


@pytest.mark.parametrize("status", ["queued", "generating"])
async def test_a_call_that_is_left_has_its_job_cancelled(
    engine: SdVideos, fake: FakeSdServer, status: str
) -> None:
    fake.holds = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, no_progress)
        with anyio.fail_after(20):
            while not fake.looks:
                await anyio.lowlevel.checkpoint()
        fake.jobs[JOB] = status
        tasks.cancel_scope.cancel()
    assert fake.cancelled == [JOB]


async def test_a_video_that_a_restart_left_is_not_drawn_again(
    engine: SdVideos, fake: FakeSdServer
) -> None:
    fake.holds, kept = True, Kept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, no_progress, kept)
        with anyio.fail_after(20):
            while not fake.looks:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert not fake.cancelled
    fake.holds = False
    made = await engine.generate(TASK, no_progress, kept)
    assert (made.seconds, kept.id, list(fake.jobs)) == (1, JOB, [JOB])


@pytest.mark.parametrize("lost", ["job, unknown", "job, cancelled", "no id"])
async def test_a_video_that_the_server_has_lost_is_drawn_again(
    engine: SdVideos, fake: FakeSdServer, lost: str
) -> None:
    kept = Kept("../../v1/models" if lost == "no id" else "job_7")
    if lost == "job, unknown":
        fake.job_scripts = [answering(lost)]
    if lost == "job, cancelled":
        fake.job_scripts = [replying(recorded(lost) | {"id": "job_7"})]
    assert (await engine.generate(TASK, no_progress, kept)).seconds == 1
    assert kept.id == JOB


async def test_a_job_that_takes_too_long_is_given_up(fake: FakeSdServer) -> None:
    fake.holds = True
    client = connect(fake.url)
    options = replace(OPTIONS, total_timeout_s=0.1)
    engine = SdVideos("sd", client, {"ours": "tiny-wan"}, options, SdVideoOptions())
    with pytest.raises(EngineTimeoutError):
        await engine.generate(TASK, no_progress)
    await client.aclose()
    assert fake.cancelled == [JOB]


async def test_without_the_libraries_that_encode_nobody_is_asked(
    engine: SdVideos, fake: FakeSdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remaking, "_LIBRARIES", ("no_such_library",))
    with pytest.raises(EngineUnavailableError, match="encode videos are not installed"):
        await engine.generate(TASK, no_progress)
    assert not fake.asked_at(CAPABILITIES)


async def test_a_picture_of_any_shape_is_sent(engine: SdVideos, fake: FakeSdServer) -> None:
    await engine.generate(replace(TASK, picture=picture(31, 77)), no_progress)
    assert "init_image" in fake.asked_at(SUBMIT_VIDEO)[0].body
