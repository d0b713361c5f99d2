"""Videos at the edge: quoted, queued, retrieved and deleted, over a toy camera."""

import io
import math
import struct
import wave
from dataclasses import replace
from decimal import Decimal
from typing import Any

import anyio
import pytest

from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.media.video import VideoTask
from fondaco.domain.models.video_model import VideoKind
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO, Currency, Funds, decimal
from fondaco.ports import GeneratedVideo
from fondaco.sections import Video
from fondaco.serving.inputs import references
from fondaco.web.files import WebFiles
from hand_clock import HandClock
from house import ACCOUNT, PEPPER, TOY, House
from picture_house import base64, picture
from toy_camera import TOY_VIDEOS, ToyCamera, filmed, mp4_file
from video_house import (
    COMPLETE,
    NO_ID,
    QUEUE,
    QUOTE,
    RETRIEVE,
    asked,
    code,
    complete,
    ended,
    order,
    retrieve,
    scripted,
    send,
    world,
)
from web.site import http, site


def sine(seconds: float) -> bytes:
    """Return a WAV file of a tone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        tone = [round(9000 * math.sin(at / 3)) for at in range(800)]
        pcm = struct.pack("<800h", *tone) * math.ceil(seconds * 10)
        file.writeframes(pcm[: 2 * round(8000 * seconds)])
    return out.getvalue()


def lying(wav: bytes) -> bytes:
    """Return a WAV file that says of itself to be short: by a thousand times as many bytes a second."""
    return wav[:28] + (16_000_000).to_bytes(4, "little") + wav[32:]


OTHER = 11
WAV = sine(1.0)
DATA = "data:image/png;base64,"
SOUND = "data:audio/wav;base64,"


def stranger(one: House, tier: str = "paid") -> dict[str, str]:
    """Open another account with money; return the header with its key."""
    secret = "fondaco_secret_of_another"
    one.journal.add_account(OTHER)
    one.journal.enter_elsewhere(Entry(OTHER, EntryKind.GRANT, Currency.USD, 10**9, at=0.0))
    key = Key("cd" * 16, OTHER, KeyType.ADMIN, "other", secret[-6:], created_at=0.0)
    one.keys.put(Account(OTHER, "other", tier=tier), digest(PEPPER, secret), key)
    return {"Authorization": f"Bearer {secret}"}


async def test_a_video_is_made_charged_as_quoted_and_kept_until_it_is_deleted() -> None:
    camera = ToyCamera()
    async with world(camera) as one:
        quote = (await send(one, QUOTE, **asked())).text
        queue_id = await order(one)
        reply = await ended(one, queue_id)
        assert reply.headers["content-type"] == "video/mp4"
        assert reply.content == filmed(camera.asked[0]).file
        header = video_header(reply.content)
        assert (header.width, header.height, header.seconds) == (1280, 720, 5)
        charges = one.charges()
        assert {entry.sku: -entry.amount for entry in charges} == {
            "toy-camera-video-unit": 1_000_000,
            "toy-camera-video-second": 100_000_000,
            "toy-camera-video-sound-second": 16_665,
        }
        charged = -sum(entry.amount for entry in charges)
        assert quote == '{"quote":0.101016665}'
        assert decimal(charged) == Decimal("0.101016665")
        assert (await retrieve(one, queue_id)).content == reply.content
        assert (await complete(one, queue_id)).json() == {"success": True}
        for gone in (await retrieve(one, queue_id), await complete(one, queue_id)):
            assert code(gone) == (404, "MEDIA_NOT_FOUND")
        assert one.charges() == charges
        assert not one.platform.ledger.open_holds


async def test_the_documents_example_works_as_it_stands() -> None:
    """Source: POST /video/queue, the examples of its fields; the picture's own is cut short there."""
    example = {
        "model": "wan-2.5-preview-image-to-video",
        "prompt": "Commerce being conducted in the city of Venice, Italy.",
        "negative_prompt": "low resolution, error, worst quality, low quality, defects",
        "duration": "5s",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "audio": True,
        "image_url": DATA + base64(picture()),
    }
    async with world(ToyCamera()) as one:
        assert (await send(one, QUOTE, **example)).json().keys() == {"quote"}
        queued = (await send(one, QUEUE, **example)).json()
        assert queued.keys() == {"model", "queue_id"}
        name = example["model"]
        assert (await ended(one, queued["queue_id"], model=name)).headers[
            "content-type"
        ] == "video/mp4"
        body = {"model": name, "queue_id": queued["queue_id"]}
        assert (await send(one, COMPLETE, **body)).json() == {"success": True}


async def test_while_it_is_made_its_money_is_held_and_its_progress_told() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera, usd=102_000_000) as one:
        first = await order(one)
        await camera.filming.wait()
        reply = await retrieve(one, first)
        told = reply.json()
        assert told.keys() == {"status", "average_execution_time", "execution_duration"}
        assert (told["status"], told["average_execution_time"]) == ("PROCESSING", 0)
        assert told["execution_duration"] >= 0
        assert reply.headers["x-fondaco-progress"] == "0.250"
        assert reply.headers["x-fondaco-queued"] == "false"
        refused = await send(one, QUEUE, **asked())
        assert refused.status_code == 402
        assert (await complete(one, first)).json() == {"success": False}
        camera.released.set()
        assert (await ended(one, first)).status_code == 200
        assert len(one.charges()) == 3
        # The next one knows how long this one took.
        assert (await send(one, QUEUE, **asked())).status_code == 402


async def test_a_waiting_video_says_so_and_how_long_others_took() -> None:
    camera = ToyCamera()
    camera.waits_from = 1
    async with world(camera) as one:
        await ended(one, await order(one))
        running, waiting = await order(one), await order(one)
        await camera.filming.wait()
        reply = await retrieve(one, waiting)
        assert reply.headers["x-fondaco-queued"] == "true"
        assert reply.json()["execution_duration"] == 0
        assert isinstance(reply.json()["average_execution_time"], int)
        camera.released.set()
        for queue_id in (running, waiting):
            assert (await ended(one, queue_id)).status_code == 200


async def test_nobody_else_gets_a_video() -> None:
    async with world(ToyCamera()) as one:
        queue_id = await order(one)
        await ended(one, queue_id)
        body = {"model": "toy-camera", "queue_id": queue_id}
        for path in ("retrieve", "complete"):
            reply = await one.client.post(f"/api/v1/video/{path}", json=body, headers=stranger(one))
            assert code(reply) == (404, "MEDIA_NOT_FOUND")
        assert (await retrieve(one, queue_id)).status_code == 200


@pytest.mark.parametrize(
    "queue_id", [NO_ID, "x", "x" * 36, NO_ID.upper(), "{" + NO_ID + "}", "é" * 36]
)
async def test_an_unknown_queue_id_is_not_found(queue_id: str) -> None:
    async with world(ToyCamera()) as one:
        assert code(await retrieve(one, queue_id)) == (404, "MEDIA_NOT_FOUND")
        assert code(await complete(one, queue_id)) == (404, "MEDIA_NOT_FOUND")


async def test_the_model_may_be_named_by_any_name_of_its_own_and_no_others() -> None:
    async with world(ToyCamera()) as one:
        queue_id = await order(one, model="wan-2.5-preview-image-to-video")
        await ended(one, queue_id)
        for name in ("default", "wan-2.5-preview-image-to-video", "toy-camera"):
            assert (await retrieve(one, queue_id, model=name)).status_code == 200
        for name in ("toy", "nothing"):
            assert code(await retrieve(one, queue_id, model=name)) == (404, "MEDIA_NOT_FOUND")


async def test_a_delivered_video_is_deleted_where_that_was_asked_for() -> None:
    async with world(ToyCamera()) as one:
        queue_id = await order(one)
        reply = await ended(one, queue_id, delete_media_on_completion=True)
        assert video_header(reply.content).seconds == 5
        assert code(await retrieve(one, queue_id)) == (404, "MEDIA_NOT_FOUND")


async def test_while_it_is_made_asking_for_deletion_deletes_nothing() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one:
        queue_id = await order(one)
        await camera.filming.wait()
        reply = await retrieve(one, queue_id, delete_media_on_completion=True)
        assert reply.json()["status"] == "PROCESSING"
        camera.released.set()
        assert (await ended(one, queue_id)).headers["content-type"] == "video/mp4"


async def test_a_video_that_was_not_received_whole_is_kept() -> None:
    camera = ToyCamera()
    async with world(camera) as one:
        big = mp4_file(5, 1280, 720, sound=True, content=bytes(24 * 2**20))
        camera.next = [GeneratedVideo(big, 5, 1280, 720)]
        queue_id = await order(one)
        body = {"model": "toy-camera", "queue_id": queue_id, "delete_media_on_completion": True}
        with anyio.fail_after(20):
            while True:
                async with one.client.stream("POST", "/api/v1/video/retrieve", json=body) as reply:
                    if reply.headers["content-type"] == "video/mp4":
                        async for _ in reply.aiter_raw():
                            break
                        break
                await anyio.sleep(0.02)
            while not one.platform.metrics.hangups:  # noqa: ASYNC110 - it owes nobody an event
                await anyio.sleep(0.02)
        again = await retrieve(one, queue_id, delete_media_on_completion=True)
        assert again.content == big
        assert code(await retrieve(one, queue_id)) == (404, "MEDIA_NOT_FOUND")


async def test_of_retrievals_that_race_with_a_deleting_one_each_gets_all_or_404() -> None:
    async with world(ToyCamera()) as one:
        queue_id = await order(one)
        whole = (await ended(one, queue_id)).content
        seen: list[tuple[int, bytes]] = []

        async def ask(delete: int) -> None:
            reply = await retrieve(one, queue_id, delete_media_on_completion=bool(delete))
            seen.append((reply.status_code, reply.content))

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(ask, number % 2)
        assert {status for status, _ in seen} <= {200, 404}
        assert all(content == whole for status, content in seen if status == 200)
        assert any(status == 200 for status, _ in seen)
        assert code(await retrieve(one, queue_id)) == (404, "MEDIA_NOT_FOUND")
        assert len(one.charges()) == 3


FAILURES: list[tuple[FondacoError, int, str]] = [
    (EngineError("secret words"), 500, "INFERENCE_FAILED"),
    (EngineTimeoutError(), 500, "INFERENCE_FAILED"),
    (EngineBusyError(), 503, "ENGINE_UNAVAILABLE"),
    (InvalidRequestError(faults={"audio_url": ("words",)}), 400, "INVALID_REQUEST"),
    (InvalidRequestError(faults={"prompt": ("words",)}), 400, "INVALID_REQUEST"),
]


@pytest.mark.parametrize(("error", "status", "named"), FAILURES, ids=lambda one: str(one)[:20])
async def test_a_failed_video_costs_nothing_and_says_so(
    error: FondacoError, status: int, named: str
) -> None:
    async with world(scripted(error, error, error)) as one:
        queue_id = await order(one)
        for _ in range(2):
            reply = await ended(one, queue_id)
            assert reply.status_code == status, reply.text
            assert "words" not in reply.text
            assert "charged" in reply.text
        assert one.charges() == []
        assert not one.platform.ledger.open_holds
        assert await one.balance() == Funds(usd=10 * NANO)
        assert (await complete(one, queue_id)).json() == {"success": True}
        assert code(await retrieve(one, queue_id)) == (404, "MEDIA_NOT_FOUND")


async def test_an_engine_that_fails_once_or_twice_is_asked_again() -> None:
    camera = scripted(EngineError(), EngineError())
    async with world(camera) as one:
        assert (await ended(one, await order(one))).status_code == 200
        assert len(camera.asked) == 3
        assert len(one.charges()) == 3


async def test_a_video_whose_tries_all_ended_with_the_server_fails_and_costs_nothing() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one:
        queue_id, jobs = await order(one), one.platform.videos._jobs
        with anyio.fail_after(20):
            await camera.filming.wait()
        for _ in range(2):  # by servers that end at once
            claimed = await jobs.claim(FAR, FAR - 1)
        assert claimed is not None
        await jobs.give_back(claimed.job.id, claimed.job.lease, counted=True)
        reply = await ended(one, queue_id)
        assert reply.status_code == 500
        assert "stopped during each attempt" in reply.text
        assert len(camera.asked) == 1
        assert one.charges() == []
        assert await one.balance() == Funds(usd=10 * NANO)


async def test_a_defect_ends_no_video_and_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    camera, defects = ToyCamera(), iter([KeyError("ours")])

    async def film(task: VideoTask, *others: Any) -> GeneratedVideo:
        for defect in defects:
            raise defect
        return filmed(task)

    monkeypatch.setattr(camera, "generate", film)
    async with world(camera) as one:
        assert (await ended(one, await order(one))).status_code == 200
        assert len(one.charges()) == 3


async def test_a_video_whose_accounts_pictures_take_the_memory_is_tried_again_and_costs_nothing() -> (
    None
):
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one:
        await order(one)
        queue_id = await order(one, image_url=DATA + base64(picture()))
        budget = one.platform.videos.work.reader._memory
        with budget.share(ACCOUNT) as memory:
            memory.hold(budget.account_bytes)
            camera.released.set()
            reply = await ended(one, queue_id)
        assert code(reply) == (503, "MODEL_AT_CAPACITY"), "not the engine's failure"
        assert len(camera.asked) == 1
        assert len(one.charges()) == 3, "of the first"


FAR = 1e11
"""Seconds after which every lease has run out."""
LIES = [
    GeneratedVideo(b"", 5, 1280, 720),
    GeneratedVideo(b"<html>", 5, 1280, 720),
    GeneratedVideo(mp4_file(5, 640, 360, sound=True), 5, 1280, 720),
    GeneratedVideo(mp4_file(4, 1280, 720, sound=True), 5, 1280, 720),
    GeneratedVideo(mp4_file(5, 1280, 720), 5, 1280, 720),
]


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
async def test_a_video_that_is_not_what_was_asked_for_is_not_sold(lie: GeneratedVideo) -> None:
    async with world(scripted(lie, lie, lie)) as one:
        assert (await ended(one, await order(one))).status_code == 500
        assert one.charges() == []


async def test_a_picture_and_a_soundtrack_reach_the_engine() -> None:
    camera = ToyCamera()
    async with world(camera) as one:
        image = DATA + base64(picture(300, 400))
        sound = SOUND + base64(WAV)
        queue_id = await order(
            one, image_url=image, audio_url=sound, resolution="480p", duration="10s"
        )
        assert (await ended(one, queue_id)).status_code == 200
        [task] = camera.asked
        assert (task.width, task.height, task.seconds) == (480, 854, 10)
        assert task.soundtrack == WAV
        assert task.picture is not None
        assert (task.picture.width, task.picture.height, task.picture.channels) == (300, 400, 3)


BAD: list[tuple[dict[str, object], int, str]] = [
    ({"prompt": ""}, 400, "prompt"),
    ({"prompt": "x" * 2501}, 400, "prompt"),
    ({"negative_prompt": "x" * 2501}, 400, "negative_prompt"),
    ({"duration": "7s"}, 400, "duration"),
    ({"duration": 5}, 400, "duration"),
    ({"duration": "5"}, 400, "duration"),
    ({"resolution": "4k"}, 400, "resolution"),
    ({"aspect_ratio": "5:4"}, 400, "aspect_ratio"),
    ({"aspect_ratio": 1.5}, 400, "aspect_ratio"),
    ({"audio": "yes"}, 400, "audio"),
    ({"image_url": "file:///etc/passwd"}, 400, "image_url"),
    ({"image_url": f"{DATA}AAAA"}, 400, "image_url"),
    ({"image_url": f"{DATA}???"}, 400, "image_url"),
    ({"image_url": "http://127.0.0.1/x.png"}, 400, "image_url"),
    ({"audio_url": "http://127.0.0.1/x.wav"}, 400, "audio_url"),
    ({"audio_url": "data:audio/wav;base64,AAAA"}, 400, "audio_url"),
    ({"audio_url": "data:audio/wav,AAAA"}, 400, "audio_url"),
    ({"audio_url": SOUND + base64(b"RIFF" + bytes(4) + b"WAVEfmt " + bytes(60))}, 400, "audio_url"),
    ({"audio_url": SOUND + base64(b"ID3" + bytes(200))}, 400, "audio_url"),
    ({"audio_url": SOUND + base64(sine(30.5))}, 400, "audio_url"),
    ({"audio_url": SOUND + base64(lying(sine(31.0)))}, 400, "audio_url"),
    ({"audio_url": SOUND + base64(WAV), "audio": False}, 400, "audio_url"),
    ({"video_url": "https://example.com/x.mp4"}, 400, "video_url"),
    ({"seed": 3}, 400, "seed"),
]


BY_VIDEO = replace(TOY_VIDEOS, kind=VideoKind.VIDEO, takes_soundtrack=False)
VIDEO_TYPE = "data:video/mp4;base64,"


async def test_a_video_goes_by_the_one_that_was_sent() -> None:
    camera, file = ToyCamera(), mp4_file(2, 64, 48)
    async with world(camera, models=(TOY, BY_VIDEO)) as one:
        queue_id = await order(one, video_url=VIDEO_TYPE + base64(file))
        assert (await ended(one, queue_id)).status_code == 200
    assert camera.asked[0].reference == file


@pytest.mark.parametrize(
    "url",
    [
        None,
        "http://127.0.0.1/x.mp4",
        "http://169.254.169.254/x.mp4",
        "data:video/mp4,AAAA",
        f"{VIDEO_TYPE}???",
        VIDEO_TYPE + base64(picture()),
        VIDEO_TYPE + base64(b"#EXTM3U\nhttp://127.0.0.1/secret"),
    ],
)
async def test_what_is_no_video_to_go_by_is_refused_at_once(url: str | None) -> None:
    async with world(ToyCamera(), models=(TOY, BY_VIDEO)) as one:
        reply = await send(one, QUEUE, **asked(video_url=url))
        assert reply.status_code == 400
        assert "video_url" in reply.json()["details"], reply.text
        assert not one.platform.ledger.open_holds


async def test_a_video_to_go_by_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = replace(references._FILES, most_bytes=99)
    monkeypatch.setattr(references, "_FILES", small)
    async with world(ToyCamera(), models=(TOY, BY_VIDEO)) as one:
        reply = await send(one, QUEUE, **asked(video_url=VIDEO_TYPE + base64(mp4_file(2, 64, 48))))
    assert code(reply) == (413, "INVALID_FILE_SIZE"), reply.text


async def test_what_is_no_address_is_told_by_what_one_looks_like() -> None:
    async with world(ToyCamera()) as one:
        reply = await send(one, QUEUE, **asked(image_url="still.png"))
    expected = (
        "image_url: must look like 'https://example.com/still.png' or 'data:image/png;base64,...'"
    )
    assert (reply.status_code, reply.json()["error"]) == (400, expected)


@pytest.mark.parametrize(("fields", "status", "path"), BAD, ids=lambda one: str(one)[:30])
async def test_what_cannot_be_made_is_refused_at_once_by_its_field(
    fields: dict[str, object], status: int, path: str
) -> None:
    async with world(ToyCamera()) as one:
        reply = await send(one, QUEUE, **asked(**fields))
        assert reply.status_code == status
        assert path in reply.json()["details"], reply.text
        assert not one.platform.ledger.open_holds
        assert await one.platform.videos.counts() == {}


async def test_a_damaged_soundtrack_is_told_what_soundtracks_are() -> None:
    async with world(ToyCamera()) as one:
        reply = await send(one, QUEUE, **asked(audio_url=SOUND + base64(b"ID3" + bytes(200))))
    assert code(reply) == (400, "INVALID_AUDIO_FORMAT"), reply.text
    assert "WAV or MP3" in reply.text
    assert "flac" not in reply.text


async def test_a_damaged_picture_is_refused_before_it_is_queued() -> None:
    async with world(ToyCamera()) as one:
        damaged = bytearray(picture())
        damaged[60:120] = bytes(60)
        reply = await send(one, QUEUE, **asked(image_url=DATA + base64(bytes(damaged))))
        assert code(reply) == (400, "CORRUPTED_IMAGE")
        assert not one.platform.ledger.open_holds


async def test_the_queue_is_bounded_and_fair() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera, video=Video(queue=4, account_queue=3)) as one:
        mine = [await order(one) for _ in range(3)]
        assert code(await send(one, QUEUE, **asked())) == (429, "RATE_LIMIT_EXCEEDED")
        headers = stranger(one)
        theirs = await one.client.post(QUEUE, json=asked(prompt="Theirs"), headers=headers)
        assert theirs.status_code == 200
        full = await one.client.post(QUEUE, json=asked(), headers=headers)
        assert full.status_code == 503
        assert int(full.headers["retry-after"]) > 0
        camera.released.set()
        for queue_id in mine:
            assert (await ended(one, queue_id)).status_code == 200
        assert [task.prompt for task in camera.asked].index("Theirs") == 1


async def test_an_account_that_pays_nothing_is_quoted_and_charged_nothing() -> None:
    async with world(ToyCamera()) as one:
        headers = stranger(one, "free")
        quote = await one.client.post(QUOTE, json=asked(), headers=headers)
        assert quote.json() == {"quote": 0.0}
        queued = await one.client.post(QUEUE, json=asked(), headers=headers)
        body = {"model": "toy-camera", "queue_id": queued.json()["queue_id"]}
        with anyio.fail_after(10):
            while not one.charges():  # noqa: ASYNC110 - the ledger owes nobody an event
                await anyio.sleep(0.02)
        reply = await one.client.post("/api/v1/video/retrieve", json=body, headers=headers)
        assert reply.headers["content-type"] == "video/mp4"
        assert {entry.amount for entry in one.charges()} == {0}


async def test_a_repeat_under_one_idempotency_key_queues_nothing() -> None:
    camera = ToyCamera()
    async with world(camera) as one:
        headers = {"Idempotency-Key": "one"}
        first = await one.client.post(QUEUE, json=asked(), headers=headers)
        again = await one.client.post(QUEUE, json=asked(), headers=headers)
        assert (first.status_code, again.status_code) == (200, 409)
        await ended(one, first.json()["queue_id"])
        assert (await one.client.post(QUEUE, json=asked(), headers=headers)).status_code == 409
        assert len(camera.asked) == 1


async def test_a_key_of_a_video_that_failed_can_be_used_again() -> None:
    async with world(scripted(*[EngineError()] * 3)) as one:
        headers = {"Idempotency-Key": "one"}
        first = await one.client.post(QUEUE, json=asked(), headers=headers)
        assert (await ended(one, first.json()["queue_id"])).status_code == 500
        again = await one.client.post(QUEUE, json=asked(), headers=headers)
        assert again.status_code == 200
        assert (await ended(one, again.json()["queue_id"])).status_code == 200


async def test_prices_and_limits_are_listed() -> None:
    async with world(ToyCamera()) as one:
        [model] = (await one.client.get("/api/v1/models", params={"type": "video"})).json()["data"]
        assert model["type"] == "video"
        assert "pricing" not in model["model_spec"]
        assert model["model_spec"]["constraints"] == {
            "aspect_ratios": ["16:9", "9:16", "1:1"],
            "resolutions": ["1080p", "720p", "480p"],
            "durations": ["5s", "10s"],
            "model_type": "image-to-video",
            "audio": True,
            "audio_configurable": True,
        }
        assert model["model_spec"]["videoPricing"]["second"]["720p"] == {"usd": 0.02, "diem": 0.02}
        traits = await one.client.get("/api/v1/models/traits", params={"type": "video"})
        assert traits.json()["data"] == {"default": "toy-camera"}


async def test_the_metrics_count_jobs() -> None:
    camera = ToyCamera()
    camera.waits_from = 1
    async with world(camera) as one:
        await ended(one, await order(one))
        queue_id = await order(one)
        await camera.filming.wait()
        text = (await one.client.get("/metrics")).text
        assert 'fondaco_jobs{model="toy-camera",state="running"} 1.0' in text
        assert 'fondaco_jobs{model="toy-camera",state="done"} 1.0' in text
        assert 'fondaco_jobs_ended_total{model="toy-camera",outcome="done"} 1.0' in text
        assert 'fondaco_job_progress{model="toy-camera"} 0.25' in text
        camera.released.set()
        await ended(one, queue_id)


async def test_media_are_fetched_by_the_guarded_client_alone() -> None:
    camera = ToyCamera()
    async with site() as web, world(camera, files=WebFiles(lambda: web.egress)) as one:
        web.server.answer(http(picture(300, 400), media_type="image/png"), close=True)
        assert (await ended(one, await order(one, image_url=web.url()))).status_code == 200
        web.server.answer(http(WAV, media_type="audio/wav"), close=True)
        assert (await ended(one, await order(one, audio_url=web.url()))).status_code == 200
        assert camera.asked[0].picture is not None
        assert camera.asked[1].soundtrack == WAV
        for path in ("image_url", "audio_url"):
            for address in (web.url(), "http://169.254.169.254/latest", "http://[::1]/x"):
                if address == web.url():
                    web.server.answer(http(b"<html>"), close=True)
                reply = await send(one, QUEUE, **asked(**{path: address}))
                assert reply.status_code == 400, reply.text
                assert path in reply.json()["details"]


async def test_a_video_is_kept_for_24_hours_by_the_clock() -> None:
    clock = HandClock()
    async with world(ToyCamera(), clock=clock) as one:
        made = await order(one)
        await ended(one, made)
        clock.at += 86_340
        await anyio.sleep(0.2)
        assert (await retrieve(one, made)).status_code == 200
        later = await order(one)
        await ended(one, later)
        clock.at += 121
        with anyio.fail_after(10):
            while (await retrieve(one, made)).status_code != 404:  # noqa: ASYNC110 - no event
                await anyio.sleep(0.02)
        assert (await retrieve(one, later)).status_code == 200
        assert len(one.charges()) == 6


async def test_a_video_that_takes_too_long_fails_and_costs_nothing() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera, video=Video(timeout_s=0.1)) as one:
        reply = await ended(one, await order(one))
        assert (reply.status_code, "too long" in reply.text) == (500, True)
        assert camera.cancelled == 1
        assert one.charges() == []


async def test_videos_count_against_the_limits_of_their_class() -> None:
    tiers = {"paid": Tier("paid", {"small": RateLimits(9, 9), "image": RateLimits(1, 9)})}
    async with world(ToyCamera(), tiers=tiers) as one:
        queue_id = await order(one)
        limited = await send(one, QUEUE, **asked())
        assert code(limited) == (429, "RATE_LIMIT_EXCEEDED")
        assert limited.headers["x-ratelimit-remaining-requests"] == "0"
        assert (await send(one, QUOTE, **asked())).status_code == 200
        assert (await ended(one, queue_id)).status_code == 200


async def test_those_who_take_videos_slowly_fill_no_memory() -> None:
    large = mp4_file(5, 1280, 720, sound=True, content=bytes(8 * 2**20))
    camera = scripted(GeneratedVideo(large, 5, 1280, 720))
    async with world(camera, video_memory_bytes=20 * 2**20) as one:
        queue_id = await order(one)
        assert len((await ended(one, queue_id)).content) == len(large)
        body = {"model": "toy-camera", "queue_id": queue_id}
        async with one.client.stream("POST", RETRIEVE, json=body) as slow:
            assert slow.status_code == 200
            refused = await retrieve(one, queue_id)
            assert (refused.status_code, "have videos of" in refused.text) == (429, True)
        with anyio.fail_after(10):
            while (await retrieve(one, queue_id)).status_code != 200:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.02)
