"""Recordings in a chat with a model that takes none: written down by another one, where the operator says so."""

import base64
import struct
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import pytest

pytest.importorskip("av", reason="the extra `transcription` is not installed")

from fondaco.domain.errors import EngineError
from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.money import NANO
from fondaco.domain.money.price import HearingPrice
from house import TOY, House, house
from picture_house import charged
from pictures import said
from recordings import encoded, silence, tone, wav
from toy_transcriber import A_SECOND, TOY_ASR, ToyTranscriber

HEARING = HearingPrice("toy-ears", A_SECOND)
DEAF = replace(TOY, price=replace(TOY.price, hearing=HEARING))
THREE = wav(silence(2.5))


def world(
    engine: ToyTranscriber | None = None, **fields: Any
) -> AbstractAsyncContextManager[House]:
    options: dict[str, Any] = {
        "models": (DEAF, TOY_ASR),
        "transcription_engines": {"toy-ear": engine or ToyTranscriber()},
        "hear_with": "toy-ears",
    }
    return house(**{**options, **fields})


def sound(file: bytes = THREE, kind: str = "wav") -> dict[str, object]:
    data = base64.b64encode(file).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


async def ask(one: House, *parts: object, **fields: object) -> httpx2.Response:
    messages = [{"role": "user", "content": list(parts)}]
    return await one.chat(messages=messages, max_tokens=2, **fields)


@pytest.mark.parametrize("fields", [{}, {"stream": True}], ids=["whole", "stream"])
async def test_the_model_reads_what_was_said_and_both_are_charged(
    fields: dict[str, object],
) -> None:
    async with world() as one:
        reply = await ask(one, said("What is said?"), sound(), sound(), **fields)
        assert reply.status_code == 200
        (message,) = one.fake.asked[0].body["messages"]
        texts = [part["text"] for part in message["content"]]
        assert texts == ["What is said?", "one two", "one two"]
        heard, *tokens = one.charges()
        assert (heard.sku, heard.units, heard.amount) == (
            "toy-ears-heard-second",
            6,
            -6 * A_SECOND,
        )
        assert [row.sku for row in tokens] == ["toy-llm-input-mtoken", "toy-llm-output-mtoken"]
        rows = (await one.client.get("/api/v1/billing/usage")).json()["data"]
        details = [row["inferenceDetails"] for row in rows]
        assert len({one["requestId"] for one in details if one}) == 1


async def test_without_the_setting_it_is_refused_as_ever() -> None:
    async with world(hear_with="") as one:
        reply = await ask(one, sound())
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
        assert not one.charges()


async def test_a_model_with_ears_hears_for_itself() -> None:
    able = replace(TOY, capabilities=Capabilities(audio_input=True))
    engine = ToyTranscriber()
    async with world(engine, models=(able, TOY_ASR), dialects=("vllm", "vllm")) as one:
        assert (await ask(one, sound())).status_code == 200
        assert not engine.asked
        (part,) = one.fake.asked[0].body["messages"][0]["content"]
        assert part["type"] == "input_audio"


async def test_silence_is_said_to_be_silence() -> None:
    engine = ToyTranscriber()
    async with world(engine) as one:
        assert (await ask(one, sound(wav(silence(0.5))))).status_code == 200
        (message,) = one.fake.asked[0].body["messages"]
        assert "nobody speaks" in str(message["content"])


def aiff() -> bytes:
    """Return half a second of a tone as AIFF."""
    return encoded(tone(1.5), "aiff", "pcm_s16be", 44_100)


@pytest.mark.parametrize(
    ("file", "kind", "seconds"),
    [
        (encoded(tone(1.5), "mp3", "libmp3lame", 44_100), "mp3", 1.5),
        (aiff(), "aiff", 1.5),
        (bytes(2 * 24_000), "pcm16", 1.0),
        (bytes(3 * 24_000 * 2), "pcm24", 2.0),
        (struct.pack("<h", 5) * 24_000, "pcm16", 1.0),
    ],
    ids=["mp3", "aiff", "pcm16", "pcm24", "more pcm16"],
)
async def test_formats_of_chats_are_heard_too(file: bytes, kind: str, seconds: float) -> None:
    engine = ToyTranscriber()
    async with world(engine) as one:
        assert (await ask(one, sound(file, kind))).status_code == 200
        assert engine.asked[0].sound.seconds == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"no recording", "INVALID_AUDIO_FORMAT"),
        (THREE[:44], "CORRUPTED_AUDIO"),
        (wav(silence(61)), "AUDIO_TOO_LONG"),
    ],
)
async def test_what_is_no_recording_is_a_fault_of_its_part(file: bytes, code: str) -> None:
    async with world() as one:
        reply = await ask(one, said("Hear!"), sound(file))
        assert (reply.status_code, reply.json()["code"]) == (400, code)
        part = reply.json()["details"]["messages"]["0"]["content"]["1"]
        assert part["input_audio"]["data"]["_errors"]
        assert not one.charges()
        assert one.fake.asked == []


async def test_who_cannot_pay_for_the_recording_gets_402_before_it_is_heard() -> None:
    engine = ToyTranscriber()
    async with world(engine, usd=2 * A_SECOND) as one:
        assert (await ask(one, sound())).status_code == 402
        assert not engine.asked
        assert (await one.balance()).usd == 2 * A_SECOND


async def test_ears_that_fail_end_the_chat_and_cost_nothing() -> None:
    engine = ToyTranscriber()
    engine.fails_at, engine.failure = 1, EngineError()
    async with world(engine) as one:
        assert (await ask(one, sound())).status_code == 500
        assert not one.charges()
        assert one.fake.asked == []


async def test_who_hangs_up_while_it_is_heard_pays_for_what_was() -> None:
    engine = ToyTranscriber()
    engine.waits_at = 1
    async with world(engine) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: ask(one, sound()))
            with anyio.fail_after(20):
                await engine.working.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        await charged(one)
        assert [(row.sku, row.units) for row in one.charges()] == [("toy-ears-heard-second", 1)]
        assert one.fake.asked == []
        assert (await one.balance()).usd == 10 * NANO - A_SECOND
