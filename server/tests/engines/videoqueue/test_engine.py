"""Queues of videos elsewhere: the contract, what is asked, how long, and upstreams that lie."""

import base64
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO

import anyio
import pytest
from PIL import Image

from contracts.video_engine import Bench, VideoEngineContract
from engines.videoqueue.conftest import MODEL
from fake_upstream import Script, hanging, raw, refusing, replying
from fake_video_queue import (
    COMPLETE,
    MODELS,
    PROCESSING,
    QUEUE,
    RETRIEVE,
    FakeVideoQueue,
    body_of,
    refused,
)
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.videoqueue import jobs
from fondaco.engines.videoqueue.engine import VideoQueue
from fondaco.engines.videoqueue.listing import names_listed
from kept_job import Kept
from toy_camera import mp4_file

TASK = VideoTask(model="ours", prompt="A heron", seconds=5, width=64, height=48)
WAV = b"RIFF\x24\0\0\0WAVEfmt "


def no_progress(_: float) -> None:
    return


class TestVideoQueue(VideoEngineContract):
    @pytest.fixture
    def bench(self, engine: VideoQueue) -> Bench:
        return Bench(engine, TASK)


async def test_an_order_says_what_the_task_does(engine: VideoQueue, fake: FakeVideoQueue) -> None:
    task = replace(
        TASK,
        negative_prompt="people",
        width=1280,
        height=720,
        audio=True,
        picture=Pixels(512, 512, bytes(range(256)) * 6 * 512),
        soundtrack=WAV,
    )
    await engine.generate(task, no_progress)
    [asked] = fake.asked_at(QUEUE)
    head, picture = asked.body.pop("image_url").split(",")
    assert asked.body == {
        "model": "wan-2.5",
        "prompt": "A heron",
        "negative_prompt": "people",
        "duration": "5s",
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "audio": True,
        "audio_url": f"data:audio/wav;base64,{base64.b64encode(WAV).decode()}",
    }
    assert head == "data:image/png;base64"
    with Image.open(BytesIO(base64.b64decode(picture))) as image:
        assert image.size == (512, 288), "the middle, in the shape of the video"
        assert image.convert("RGB").tobytes() == bytes(range(256)) * 6 * 288
    assert [one.body for one in fake.asked_at(RETRIEVE)] == [
        {"model": "wan-2.5", "queue_id": "q-0"}
    ] * 2


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (b"\0\0\0\x18ftypmp42", "mp4"),
        (b"\0\0\0\x18ftypqt  ", "quicktime"),
        (b"\x1aE\xdf\xa3", "webm"),
    ],
)
async def test_a_video_to_go_by_is_sent(
    engine: VideoQueue, fake: FakeVideoQueue, file: bytes, kind: str
) -> None:
    await engine.generate(replace(TASK, reference=file), no_progress)
    sent = fake.asked_at(QUEUE)[0].body["video_url"]
    assert sent == f"data:video/{kind};base64,{base64.b64encode(file).decode()}"


async def test_a_picture_of_which_too_little_would_be_left_is_sent_whole(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    small = Pixels(320, 320, bytes(3 * 320 * 320))
    await engine.generate(replace(TASK, width=720, height=1280, picture=small), no_progress)
    picture = fake.asked_at(QUEUE)[0].body["image_url"].partition(",")[2]
    with Image.open(BytesIO(base64.b64decode(picture))) as image:
        assert image.size == (320, 320)


async def test_what_the_engine_refuses_is_omitted(fake: FakeVideoQueue) -> None:
    client = connect(fake.base_url)
    omitted = frozenset({"negative_prompt", "audio"})
    model = replace(MODEL, omitted=omitted)
    engine = VideoQueue("films", client, {"ours": model}, poll_s=0.002)
    await engine.generate(replace(TASK, negative_prompt="people"), no_progress)
    await client.aclose()
    assert not omitted & fake.asked_at(QUEUE)[0].body.keys()
    assert not {"image_url", "audio_url"} & fake.asked_at(QUEUE)[0].body.keys()


async def test_a_video_that_has_arrived_is_deleted_there(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    await engine.generate(TASK, no_progress)
    assert not fake.left
    fake.script(COMPLETE, refusing(500))
    await engine.generate(TASK, no_progress)


async def test_progress_is_what_the_engine_tells_or_the_time_suggests(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    told: list[float] = []
    body = b'{"status": "PROCESSING", "average_execution_time": 0, "execution_duration": 5}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(
        body
    )
    fake.script(
        RETRIEVE,
        replying(PROCESSING),
        raw(head + b"x-fondaco-progress: 0.5\r\n\r\n" + body),
        raw(head + b"x-fondaco-progress: nan\r\n\r\n" + body),
        replying({**PROCESSING, "execution_duration": 1e300}),
        replying({"status": "QUEUED", "average_execution_time": "x", "execution_duration": None}),
    )
    await engine.generate(TASK, told.append)
    first = 53_200 / 145_000
    assert told == pytest.approx([0, first, 0.5, 0.5, 0.95, 0.95, 0.95])


async def test_a_call_that_is_left_deletes_its_video(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    fake.holds, looked = True, anyio.Event()

    def told(share: float) -> None:
        if share:
            looked.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, told)
        await looked.wait()
        tasks.cancel_scope.cancel()
    assert [one.body["queue_id"] for one in fake.asked_at(COMPLETE)] == ["q-0"]


async def test_a_call_that_is_left_while_it_orders_deletes_its_video(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    ordered = anyio.Event()

    async def slow(wire, asked) -> bool:  # type: ignore[no-untyped-def]
        ordered.set()
        await anyio.sleep(0.05)
        await wire.whole(200, {"model": "wan-2.5", "queue_id": "late"})
        return True

    fake.script(QUEUE, slow)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, no_progress)
        await ordered.wait()
        tasks.cancel_scope.cancel()
    assert [one.body["queue_id"] for one in fake.asked_at(COMPLETE)] == ["late"]


async def left(engine: VideoQueue, kept: Kept) -> None:
    """Begin a video, and leave it once it was looked at."""
    looked = anyio.Event()

    def told(share: float) -> None:
        if share:
            looked.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, told, kept)
        with anyio.fail_after(20):
            await looked.wait()
        tasks.cancel_scope.cancel()


async def test_a_video_that_was_ordered_before_a_restart_is_not_ordered_again(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    fake.holds, kept = True, Kept()
    await left(engine, kept)
    assert not fake.asked_at(COMPLETE), "it is made on"
    fake.holds = False
    assert (await engine.generate(TASK, no_progress, Kept(kept.id))).seconds == 5
    assert len(fake.asked_at(QUEUE)) == 1
    assert [one.body["queue_id"] for one in fake.asked_at(COMPLETE)] == ["q-0"]


async def test_a_video_that_nobody_asks_for_again_is_deleted(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    fake.holds = True
    await left(engine, Kept(lasts=False))
    assert [one.body["queue_id"] for one in fake.asked_at(COMPLETE)] == ["q-0"]


async def test_a_video_that_is_looked_at_in_vain_is_asked_for_again_and_not_ordered(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    kept = Kept()
    fake.script(RETRIEVE, *[refusing(503)] * 6)
    with pytest.raises(EngineUnavailableError):
        await engine.generate(TASK, no_progress, kept)
    await engine.generate(TASK, no_progress, kept)
    assert len(fake.asked_at(QUEUE)) == len(fake.asked_at(COMPLETE)) == 1


@pytest.mark.parametrize("kept", ['["wan-2.5","lost"]', "", "[", "[1]", "7", '{"a":1,"b":2}'])
async def test_a_video_that_the_engine_has_lost_is_ordered_anew(
    engine: VideoQueue, fake: FakeVideoQueue, kept: str
) -> None:
    remote = Kept(kept)
    assert (await engine.generate(TASK, no_progress, remote)).seconds == 5
    assert len(fake.asked_at(QUEUE)) == 1
    assert remote.id == '["wan-2.5","q-0"]'


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_looks_that_fail_for_a_while_lose_no_video(
    engine: VideoQueue, fake: FakeVideoQueue, status: int
) -> None:
    cut = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 99\r\n\r\n", then="close"
    )
    fake.script(RETRIEVE, refusing(status), refusing(status), cut, replying(PROCESSING))
    fake.script(RETRIEVE, *[refusing(status)] * 5)
    assert (await engine.generate(TASK, no_progress)).seconds == 5
    fake.script(RETRIEVE, *[refusing(status)] * 6)
    with pytest.raises(EngineUnavailableError):
        await engine.generate(TASK, no_progress)
    assert len(fake.asked_at(COMPLETE)) == 2


async def test_a_video_that_is_never_complete_ends_with_its_time(fake: FakeVideoQueue) -> None:
    fake.holds = True
    client = connect(fake.base_url)
    engine = VideoQueue("films", client, {"ours": MODEL}, poll_s=0.01, total_timeout_s=0.1)
    with pytest.raises(EngineTimeoutError):
        await engine.generate(TASK, no_progress)
    await client.aclose()
    assert len(fake.asked_at(COMPLETE)) == 1


@pytest.fixture
async def impatient(fake: FakeVideoQueue) -> AsyncGenerator[VideoQueue]:
    client = connect(fake.base_url, first_byte_timeout_s=0.1, chunk_timeout_s=0.1)
    yield VideoQueue("films", client, {"ours": MODEL}, poll_s=0.002)
    await client.aclose()


async def test_an_engine_that_says_nothing_is_given_up(
    impatient: VideoQueue, fake: FakeVideoQueue
) -> None:
    fake.script(QUEUE, hanging())
    with pytest.raises(EngineTimeoutError):
        await impatient.generate(TASK, no_progress)
    silent = raw(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n\0\0\0\x18ftyp", then="hang")
    fake.script(RETRIEVE, *[silent] * 6)
    with pytest.raises(EngineTimeoutError):
        await impatient.generate(TASK, no_progress)


PAGE = body_of("text/html", b"<html>A heron</html>")
FLOOD = raw(
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b'{"a":[' + b"1," * 99_999
)
MOVED = raw(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n")
ANYWHERE: dict[str, tuple[Script, type[FondacoError]]] = {
    "a page": (PAGE, EngineError),
    "no type": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), EngineError),
    "no JSON": (body_of("application/json", b"A heron"), EngineError),
    "a list": (replying([1]), EngineError),
    "nothing": (replying({}), EngineError),
    "a redirect": (MOVED, EngineError),
    "a wrong key": (refusing(401), EngineRefusedError),
    "no money": (refusing(402), EngineRefusedError),
    "not found": (refusing(404, "A heron"), EngineError),
    "broken": (refusing(500, "A heron"), EngineError),
    "refused content": (refused(422), InvalidRequestError),
    "a soundtrack": (refused(400, audio_url="no"), InvalidRequestError),
    "a fault": (refused(400, duration="A heron", other="A heron"), EngineError),
}
WHEN_QUEUED: dict[str, tuple[Script, type[FondacoError]]] = {
    "busy": (refusing(429), EngineBusyError),
    "down": (refusing(503), EngineUnavailableError),
    "a flood": (FLOOD, EngineUnavailableError),
    "a file": (body_of("video/mp4", mp4_file(5, 64, 48)), EngineError),
    "an odd id": (replying({"model": "wan-2.5", "queue_id": 7}), EngineError),
    "an id of lines": (replying({"model": "wan-2.5", "queue_id": "a\r\nb"}), EngineError),
    "a long id": (replying({"model": "wan-2.5", "queue_id": "a" * 1_001}), EngineError),
}
WHEN_RETRIEVED: dict[str, tuple[Script, type[FondacoError]]] = {
    "failed": (replying({"status": "FAILED", "error": "A heron"}), EngineError),
    "an odd status": (replying({"status": {}}), EngineError),
    "a page as video": (body_of("video/mp4", b"<html>A heron</html>"), EngineError),
    "an empty file": (body_of("video/mp4", b""), EngineError),
    "half a file": (body_of("video/mp4", mp4_file(5, 64, 48)[:90]), EngineError),
    "another video": (body_of("video/webm", b"\x1aE\xdf\xa3 A heron"), EngineError),
}
LIES = {
    (path, case): row
    for path, cases in ((QUEUE, WHEN_QUEUED), (RETRIEVE, WHEN_RETRIEVED))
    for case, row in (ANYWHERE | cases).items()
}


@pytest.mark.parametrize(("path", "case"), LIES)
async def test_an_engine_that_breaks_its_word_ends_the_call(
    engine: VideoQueue,
    fake: FakeVideoQueue,
    caplog: pytest.LogCaptureFixture,
    path: str,
    case: str,
) -> None:
    script, kind = LIES[path, case]
    caplog.set_level(logging.DEBUG)
    fake.script(path, script)
    with pytest.raises(kind) as caught:
        await engine.generate(TASK, no_progress)
    assert "heron" not in f"{caught.value!r} {caught.value} {caplog.text}"
    assert len(fake.asked_at(COMPLETE)) == (path == RETRIEVE), "what was queued is deleted"


async def test_a_refusal_names_the_fields(engine: VideoQueue, fake: FakeVideoQueue) -> None:
    fake.script(QUEUE, refused(400, aspect_ratio="no", duration="no"))
    with pytest.raises(EngineError, match="for its duration, aspect_ratio"):
        await engine.generate(TASK, no_progress)


async def test_a_file_that_begins_as_no_video_is_not_read_on(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
    fake.script(RETRIEVE, raw(head, b"<html>", b"A heron", then="hang"))
    with pytest.raises(EngineError, match="not an MP4"):
        await engine.generate(TASK, no_progress)
    assert len(fake.asked_at(RETRIEVE)) == 1


async def test_a_file_has_an_end(
    engine: VideoQueue, fake: FakeVideoQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FILE_LIMIT_BYTES", 2**17)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
    fake.script(RETRIEVE, raw(head, b"\0\0\0\x18ftypisom", *[bytes(2**15)] * 8, then="hang"))
    with pytest.raises(EngineError, match="too large"):
        await engine.generate(TASK, no_progress)


async def test_the_list_of_models_is_what_it_can_be(
    engine: VideoQueue, fake: FakeVideoQueue
) -> None:
    client = connect(fake.base_url)
    assert await names_listed(client) == {"wan-2.5"}
    fake.script(MODELS, refusing(404), replying([1]), replying({"data": {}}))
    for _ in range(3):
        assert not await names_listed(client)
    fake.script(MODELS, refusing(401), refusing(503))
    with pytest.raises(EngineRefusedError):
        await names_listed(client)
    await client.aclose()
    with pytest.raises(EngineUnavailableError):
        await engine.probe()
