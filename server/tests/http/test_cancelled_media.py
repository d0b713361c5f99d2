"""Speech, transcripts and videos that are cancelled wherever they wait: sold once, or not at all."""

import asyncio
from base64 import b64encode

import pytest

pytest.importorskip("av", reason="the extra `speech` is not installed")

import house as houses
from cancelled_calls import cancelled, settled
from fondaco.domain.jobs import PaidJob, QueueLimits
from fondaco.domain.money.money import NANO
from fondaco.ports import QueueResult
from fondaco.sections import Video
from fondaco.stores.memory.jobs import MemoryJobs
from house import ACCOUNT, TOY, house
from money_world import CancellableJournal
from recordings import silence, wav
from toy_camera import ToyCamera
from toy_speaker import TOY_VOICE, ToySpeaker
from toy_transcriber import TOY_ASR, ToyTranscriber
from video_house import QUEUE, asked, world as video_world

MOST_WAITS = 120


class CommittedJobs(MemoryJobs):
    """Jobs whose transactions are committed whether or not anybody waits for them, as a thread does it."""

    async def add(
        self, job: PaidJob, request: bytes, limits: QueueLimits, closes: str | None = None
    ) -> QueueResult:
        adding = asyncio.ensure_future(super().add(job, request, limits, closes))
        result = await asyncio.shield(adding)
        await asyncio.sleep(0)
        return result


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
async def test_an_order_that_is_cancelled_anywhere_is_a_video_or_nothing(
    monkeypatch: pytest.MonkeyPatch, *, twice: bool
) -> None:
    monkeypatch.setattr(houses, "MemoryJournal", CancellableJournal)
    monkeypatch.setattr(houses, "MemoryJobs", CommittedJobs)
    camera = ToyCamera()
    camera.waits_from = 0
    limits = Video(queue=1_000, account_queue=1_000)
    async with video_world(camera, video=limits, usd=100 * NANO) as one:
        jobs = one.platform.job_runner._jobs
        body, ordered = asked(), 0
        for at in range(1, MOST_WAITS):
            waits, _ = await cancelled(one, QUEUE, body, f"key-{at}", at, twice=twice)
            for _ in range(20):
                await asyncio.sleep(0)
            await one.platform.ledger.retry()
            unfinished = {job.id: job.held for job in await jobs.unfinished()}
            held = {hold.call.id: hold.funds for hold in one.platform.ledger.open_holds}
            assert held == unfinished, f"at wait {at}"
            assert not await one.journal.open_calls()
            again = await one.client.post(
                QUEUE, json=body, headers={"Idempotency-Key": f"key-{at}"}
            )
            inserted = len(unfinished) > ordered
            assert again.status_code == (409 if inserted else 200), f"at wait {at}"
            ordered = len(await jobs.unfinished())
            if waits < at:
                break
        assert 5 < at < MOST_WAITS
        assert ordered == at
        camera.released.set()
        while one.platform.ledger.open_holds:  # noqa: ASYNC110 - the ledger owes nobody an event
            await asyncio.sleep(0.02)
        assert {len(one.charges())} == {3 * at}
        assert one.journal.balances()[ACCOUNT] == await one.balance()


TEXT = "One two. Three four. Five."
SPOKEN = {0: 0, 9_600: 9, 19_200: 21, 24_000: 26}
"""Bytes of sound -> the characters of the sentences in them."""
SPEECH, TRANSCRIBE = "/api/v1/audio/speech", "/api/v1/audio/transcriptions"
WHOLE = {SPEECH: 26, TRANSCRIBE: 3}
"""Characters, or seconds."""
RECORDING = b64encode(wav(silence(2.5))).decode()
CASES: dict[str, tuple[str, dict[str, object]]] = {
    "speech": (SPEECH, {"input": TEXT, "response_format": "pcm"}),
    "streamed speech": (SPEECH, {"input": TEXT, "response_format": "pcm", "streaming": True}),
    "transcript": (TRANSCRIBE, {"file": RECORDING}),
    "streamed transcript": (TRANSCRIBE, {"file": RECORDING, "stream": True}),
}


@pytest.mark.parametrize("case", CASES)
async def test_sound_that_is_cancelled_anywhere_is_charged_as_it_was_made(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(houses, "MemoryJournal", CancellableJournal)
    path, body = CASES[case]
    async with house(
        models=(TOY, TOY_VOICE, TOY_ASR),
        speech_engines={"toy-throat": ToySpeaker()},
        transcription_engines={"toy-ear": ToyTranscriber()},
        concurrent_calls=1,
    ) as one:
        for at in range(1, MOST_WAITS):
            before = len(one.charges())
            waits, sent = await cancelled(one, path, body, f"key-{at}", at)
            charges = await settled(one, body, path, f"key-{at}", before)
            charged = sum(entry.units or 0 for entry in charges)
            if case == "streamed speech":
                assert SPOKEN[len(sent)] <= charged, "what was delivered is charged"
            elif sent:
                assert charged == WHOLE[path]
            if waits < at:
                break
    assert 5 < at < MOST_WAITS
