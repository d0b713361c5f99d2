"""POST /api/v1/audio/speech: fields, formats, voices, streams, faults on the way, and money."""

import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any

import anyio
import httpx2
import pytest

pytest.importorskip("av", reason="the extra `speech` is not installed")

import av

from fondaco.app.platform import opened_sound_codec
from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.domain.media.speech import SpokenPiece
from fondaco.domain.media.voices import DOCUMENTED_VOICES, OPENAI_VOICES
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.sound.codec import PyAVCodec
from house import MANY, TOY, House, house
from toy_speaker import A_CHARACTER, RATE, TOY_VOICE, WORD_S, ToySpeaker, tone

SPEECH, OPENAI = "/api/v1/audio/speech", "/v1/audio/speech"
TEXT = "Hello, welcome. To Venice Voice."
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
READ_AS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}


SHARED: dict[str, Any] = {}
"""A sound codec for all houses: starting its child takes longer than most tests."""


@pytest.fixture(scope="module", autouse=True)
async def codec() -> AsyncGenerator[None]:
    async with opened_sound_codec() as SHARED["sound_codec"]:
        yield
    SHARED.clear()


def world(engine: ToySpeaker | None = None, **fields: Any) -> Any:
    options: dict[str, Any] = {
        "models": (TOY, TOY_VOICE),
        "speech_engines": {"toy-throat": engine or ToySpeaker()},
        "aliases": {"tts-kokoro": "default_speech", "tts-1": "default_speech"},
    }
    return house(**{**options, **SHARED, **fields})


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def send(one: House, path: str = SPEECH, **fields: object) -> httpx2.Response:
    return await one.client.post(path, json={"input": TEXT, **fields})


def heard(file: bytes) -> tuple[object, object]:
    """Return container and seconds of a file, as FFmpeg reads it."""
    with av.open(BytesIO(file), "r") as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, samples / stream.rate


async def spent(one: House) -> int:
    return 10 * NANO - (await one.balance()).usd


async def test_the_example_of_the_documentation_works_as_it_stands() -> None:
    engine = ToySpeaker()
    body = {
        "input": "Hello, welcome to Venice Voice.",
        "model": "tts-kokoro",
        "response_format": "mp3",
        "speed": 1,
        "streaming": False,
        "voice": "af_sky",
    }
    async with world(engine) as one:
        reply = await one.client.post(SPEECH, json=body)
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "audio/mpeg"
        assert reply.headers["x-venice-model-id"] == "toy-voice"
        assert reply.headers["x-venice-model-router"] == "toy-throat"
        assert heard(reply.content) == ("mp3", pytest.approx(0.5, abs=0.06))
        assert await spent(one) == 31 * A_CHARACTER
    assert engine.asked[0].text == body["input"]


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", MEDIA_TYPES)
async def test_each_format_is_what_its_content_type_says(
    one: House, name: str, *, streaming: bool
) -> None:
    reply = await send(one, response_format=name, streaming=streaming)
    assert reply.headers["content-type"] == MEDIA_TYPES[name]
    assert ("content-length" in reply.headers) is not streaming
    seconds = pytest.approx(5 * WORD_S, abs=0.08)
    if name == "pcm":
        assert len(reply.content) / (2 * RATE) == seconds
    else:
        assert heard(reply.content) == (READ_AS[name], seconds)
    assert await spent(one) == len(TEXT) * A_CHARACTER


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.7, 4])
async def test_a_speed_is_exact(one: House, speed: float) -> None:
    reply = await send(one, response_format="pcm", speed=speed)
    assert len(reply.content) / (2 * RATE) == pytest.approx(5 * WORD_S / speed, rel=0.01)


@pytest.mark.parametrize("name", MEDIA_TYPES)
async def test_a_stream_begins_before_the_last_sentence_is_made(name: str) -> None:
    engine = ToySpeaker(at=1)
    body = {"input": f"{'word ' * 20}. End.", "response_format": name, "streaming": True}
    async with world(engine) as one:
        async with one.client.stream("POST", SPEECH, json=body) as reply:
            assert reply.headers["x-fondaco-voice"] == "af_heart"
            first = await anext(reply.aiter_bytes())
            assert len(first) > 200
            await engine.waiting.wait()
        while engine.closed == 0:  # noqa: ASYNC110 - the server notices in its own time
            await anyio.sleep(0.01)


async def test_who_hangs_up_pays_for_what_was_spoken() -> None:
    for streaming in (True, False):
        engine = ToySpeaker(at=1)
        async with world(engine) as one:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(send, one, streaming=streaming))
                await engine.waiting.wait()
                tasks.cancel_scope.cancel()
            with anyio.fail_after(5):
                while not one.charges():  # noqa: ASYNC110 - the server notices in its own time
                    await anyio.sleep(0.01)
            assert await spent(one) == len("Hello, welcome. ") * A_CHARACTER
        assert engine.closed == 1


async def test_an_engine_that_fails_at_once_costs_nothing_and_the_next_one_takes_over() -> None:
    for streaming in (True, False):
        broken, second = ToySpeaker("broken", at=0, error=EngineError()), ToySpeaker()
        model = replace(TOY_VOICE, engines=("broken", "toy-throat"))
        engines = {"broken": broken, "toy-throat": second}
        async with world(models=(TOY, model), speech_engines=engines) as one:
            reply = await send(one, streaming=streaming, response_format="wav")
            assert reply.headers["x-venice-model-router"] == "toy-throat"
            assert heard(reply.content)[1] == pytest.approx(5 * WORD_S)
            assert await spent(one) == len(TEXT) * A_CHARACTER


async def test_an_engine_that_fails_on_the_way_costs_what_was_delivered() -> None:
    for error in (EngineError(), EngineTimeoutError(), EngineUnavailableError()):
        async with world(ToySpeaker(at=1, error=error)) as one:
            reply = await send(one)
            assert reply.status_code >= 500
            assert await spent(one) == 0
            with pytest.raises(httpx2.RemoteProtocolError):
                await send(one, streaming=True)
            assert await spent(one) == len("Hello, welcome. ") * A_CHARACTER
            assert "cut off by the engine" in one.charges()[0].notes


async def test_what_cannot_be_encoded_costs_what_was_delivered() -> None:
    odd = [SpokenPiece(tone("One."), RATE, 4), SpokenPiece(tone("Two."), RATE + 1, 9)]
    async with world(ToySpeaker(pieces=odd)) as one:
        with pytest.raises(httpx2.RemoteProtocolError):
            await send(one, streaming=True)
        assert await spent(one) == 4 * A_CHARACTER


async def test_who_hangs_up_on_the_second_engine_pays_for_what_that_one_spoke() -> None:
    pieces = [SpokenPiece(tone("One."), RATE, 4), SpokenPiece(tone("Two."), RATE, 9)]
    broken = ToySpeaker("broken", at=1, error=EngineError(), pieces=pieces)
    second = ToySpeaker(at=1, pieces=pieces)
    model = replace(TOY_VOICE, engines=("broken", "toy-throat"))
    engines = {"broken": broken, "toy-throat": second}
    async with world(models=(TOY, model), speech_engines=engines) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, one)
            with anyio.fail_after(20):
                await second.waiting.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            while not one.charges():  # noqa: ASYNC110 - the server notices in its own time
                await anyio.sleep(0.01)
        assert await spent(one) == 4 * A_CHARACTER


async def test_events_tell_that_an_engine_broke_off() -> None:
    async with world(ToySpeaker(at=1, error=EngineError())) as one:
        reply = await send(one, streaming=True, stream_format="sse")
        assert "ended its response early" in reply.text
        assert await spent(one) == len("Hello, welcome. ") * A_CHARACTER


async def test_a_whole_file_is_made_by_the_next_engine_from_the_first_word() -> None:
    broken, second = ToySpeaker("broken", at=1, error=EngineError()), ToySpeaker()
    model = replace(TOY_VOICE, engines=("broken", "toy-throat"))
    engines = {"broken": broken, "toy-throat": second}
    async with world(models=(TOY, model), speech_engines=engines) as one:
        reply = await send(one, response_format="pcm")
        assert len(reply.content) / (2 * RATE) == pytest.approx(5 * WORD_S)
        assert await spent(one) == len(TEXT) * A_CHARACTER


@pytest.mark.parametrize("error", [None, EngineError(), EngineUnavailableError()])
async def test_without_any_sound_nothing_is_charged(error: EngineError | None) -> None:
    engine = ToySpeaker(pieces=[]) if error is None else ToySpeaker(at=0, error=error)
    async with world(engine) as one:
        for streaming in (True, False):
            reply = await send(one, streaming=streaming)
            assert reply.status_code == (500 if error is None else error.status)
            assert reply.headers["content-type"] == "application/json"
        assert await spent(one) == 0


async def test_an_engine_that_counts_too_much_is_paid_the_text_at_most() -> None:
    piece = SpokenPiece(tone("one two"), RATE, 1_000_000)
    async with world(ToySpeaker(pieces=[piece, piece])) as one:
        assert (await send(one)).status_code == 200
        assert await spent(one) == len(TEXT) * A_CHARACTER


async def test_sound_of_an_odd_rate_is_an_error() -> None:
    pieces = [SpokenPiece(tone("one"), RATE, 3), SpokenPiece(tone("one"), RATE + 1, 3)]
    async with world(ToySpeaker(pieces=pieces)) as one:
        assert (await send(one)).status_code == 500
        assert await spent(one) == 0


async def test_openais_path_sends_the_sound_while_it_is_made() -> None:
    async with world() as one:
        assert "content-length" not in (await send(one, OPENAI)).headers
        assert "content-length" in (await send(one, OPENAI, streaming=False)).headers
        assert "content-length" in (await send(one)).headers
        assert "content-length" not in (await send(one, stream_format="audio")).headers
        assert await spent(one) == 4 * len(TEXT) * A_CHARACTER


async def test_server_sent_events_carry_the_file_and_what_it_counted(one: House) -> None:
    reply = await send(one, stream_format="sse", response_format="wav")
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in reply.text.split("\n\n") if line]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    file = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert heard(file)[1] == pytest.approx(5 * WORD_S)
    counted = {"input_tokens": len(TEXT), "output_tokens": 0, "total_tokens": len(TEXT)}
    assert events[-1] == {"type": "speech.audio.done", "usage": counted}


async def test_an_error_among_events_is_the_last_of_them() -> None:
    async with world(ToySpeaker(at=1, error=EngineError())) as one:
        reply = await send(one, stream_format="sse", response_format="pcm")
        last = reply.text.strip().split("\n\n")[-1]
        assert "error" in json.loads(last.removeprefix("data: "))


async def test_every_voice_of_the_documents_is_answered_in_its_language_and_named(
    one: House,
) -> None:
    for name in [*DOCUMENTED_VOICES, *OPENAI_VOICES]:
        reply = await send(one, voice=name, response_format="pcm")
        if name in DOCUMENTED_VOICES and name[0] not in "ab":
            assert reply.status_code == 400
            assert f"the language of {name!r}" in reply.text
            continue
        assert reply.headers["x-fondaco-voice"] in TOY_VOICE.voices
        if name in TOY_VOICE.voices:
            assert reply.headers["x-fondaco-voice"] == name


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"input": ""}, 400, "input"),
        ({"input": "x" * 4_097}, 400, "input"),
        ({"input": None}, 400, "input"),
        ({"input": ["a"]}, 400, "input"),
        ({"voice": "darth"}, 400, "voice"),
        ({"voice": {"id": "voice_1"}}, 400, "voice"),
        ({"speed": 0.2}, 400, "speed"),
        ({"speed": 4.1}, 400, "speed"),
        ({"speed": True}, 400, "speed"),
        ({"response_format": "ogg"}, 400, "response_format"),
        ({"stream_format": "json"}, 400, "stream_format"),
        ({"streaming": "yes"}, 400, "streaming"),
        ({"sped": 1}, 400, "sped"),
        ({"input": "..."}, 400, "input"),
        ({"model": "toy"}, 404, ""),
        ({"model": "no-such-model"}, 404, ""),
    ],
)
async def test_what_cannot_be_read_is_refused_and_costs_nothing(
    one: House, fields: dict[str, Any], status: int, named: str
) -> None:
    for streaming in (True, False):
        reply = await send(one, **{"streaming": streaming, **fields})
        assert reply.status_code == status, reply.text
        assert not named or named in reply.json()["details"]
    assert await spent(one) == 0


@pytest.mark.parametrize(
    "text", ["a\0b", "\N{FAMILY} hi", "<speak>hi</speak>", "x" * 4_096, "\u00e9"]
)
async def test_odd_texts_reach_the_engine_as_they_are(text: str) -> None:
    engine = ToySpeaker()
    async with world(engine) as one:
        reply = await one.client.post(
            SPEECH,
            content=json.dumps({"input": text}),
            headers={"content-type": "application/json"},
        )
        assert reply.status_code == 200, reply.text
        assert await spent(one) == len(text) * A_CHARACTER
    assert engine.asked[0].text == text


async def test_instructions_are_named_where_the_model_ignores_them() -> None:
    for heeds, told in ((True, None), (False, "instructions")):
        engine = ToySpeaker()
        async with world(engine, models=(TOY, replace(TOY_VOICE, instructions=heeds))) as one:
            reply = await send(one, instructions="Whisper.")
            assert reply.headers.get("x-fondaco-ignored-params") == told
        assert engine.asked[0].instructions == ("Whisper." if heeds else "")


async def test_a_file_that_would_be_too_long_is_to_be_streamed() -> None:
    long = SpokenPiece(bytes(2 * 8_000 * 301), 8_000, 16)
    async with world(ToySpeaker(pieces=[long])) as one:
        reply = await send(one, speed=0.25)
        assert reply.status_code == 400
        assert "streaming" in reply.json()["details"]["input"]["_errors"][0]
        assert await spent(one) == 0


async def test_the_whole_text_is_held_for_before_the_first_word() -> None:
    engine = ToySpeaker()
    async with world(engine, usd=len(TEXT) * A_CHARACTER - 1) as one:
        for streaming in (True, False):
            assert (await send(one, streaming=streaming)).status_code == 402
    assert engine.asked == []


async def test_a_repeat_under_one_idempotency_key_is_not_spoken_again(one: House) -> None:
    for status in (200, 409):
        reply = await one.client.post(
            SPEECH, json={"input": TEXT}, headers={"idempotency-key": "once"}
        )
        assert reply.status_code == status
    assert await spent(one) == len(TEXT) * A_CHARACTER


async def test_calls_count_in_the_limits_of_audio() -> None:
    limits = {"small": RateLimits(MANY, MANY, MANY), "audio": RateLimits(1, MANY)}
    async with world(tiers={"paid": Tier("paid", limits)}) as one:
        assert (await send(one)).headers["x-ratelimit-remaining-requests"] == "0"
        assert (await send(one)).status_code == 429


async def test_a_charge_is_listed_with_its_characters(one: House) -> None:
    await send(one)
    reply = await one.client.get("/api/v1/billing/usage")
    (row,) = reply.json()["data"]
    assert row["sku"] == "toy-voice-tts-mchar"
    assert row["units"] == pytest.approx(len(TEXT) / 1_000_000)
    assert row["pricePerUnitUsd"] == 3.5


async def test_a_model_lists_its_voices_and_its_price(one: House) -> None:
    reply = await one.client.get("/api/v1/models", params={"type": "tts"})
    (model,) = reply.json()["data"]
    assert (model["id"], model["type"]) == ("toy-voice", "tts")
    assert model["model_spec"]["voices"] == ["af_heart", "am_puck", "bf_emma"]
    assert model["model_spec"]["pricing"] == {"input": {"usd": 3.5, "diem": 3.5}}


async def test_a_model_that_ends_is_warned_of() -> None:
    end = Deprecation(date(2025, 1, 1), date(2100, 1, 1))
    async with world(models=(TOY, replace(TOY_VOICE, deprecation=end))) as one:
        for streaming in (True, False):
            reply = await send(one, streaming=streaming)
            assert "toy-voice" in reply.headers["x-venice-model-deprecation-warning"]


async def test_without_its_packages_the_command_is_named() -> None:
    async with world(sound_codec=PyAVCodec(installed=lambda: False)) as one:
        reply = await send(one)
        assert reply.status_code == 503
        assert "server[speech]" in reply.json()["error"]
        assert await spent(one) == 0
