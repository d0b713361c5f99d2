"""POST /audio/transcriptions and /audio/translations: formats, fields, streams, money, limits and faults."""

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date
from typing import Any

import anyio
import httpx2
import pytest

pytest.importorskip("av", reason="the extra `transcription` is not installed")

from fondaco.domain.errors import EngineBusyError, EngineError, InvalidRequestError
from fondaco.domain.media.transcription import TranscriptionKind, TranscriptPart
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.sound.reader import PyAVReader
from house import MANY, TOY, House, house
from picture_house import charged
from recordings import silence, wav
from toy_transcriber import A_SECOND, TOY_ASR, ToyTranscriber, segment

TRANSCRIBE, TRANSLATE = "/api/v1/audio/transcriptions", "/api/v1/audio/translations"
THREE = wav(silence(2.5))
"""Sold as three seconds, in which the toy hears two words."""
FUNDS = 10 * NANO
Json = dict[str, Any]


def world(
    engine: ToyTranscriber | None = None, **fields: Any
) -> AbstractAsyncContextManager[House]:
    engine = engine or ToyTranscriber()
    options: dict[str, Any] = {
        "models": (TOY, TOY_ASR),
        "transcription_engines": {engine.name: engine},
        "aliases": {"whisper-1": "toy-ears"},
        "body_limit_bytes": 40 * 2**20,
    }
    return house(**{**options, **fields})


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def send(
    one: House, file: bytes = THREE, path: str = TRANSCRIBE, **fields: Any
) -> httpx2.Response:
    """Send a form, as clients do."""
    return await one.client.post(path, files={"file": ("canary.wav", file)}, data=fields)


def code(reply: httpx2.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def events(reply: httpx2.Response) -> list[Json]:
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def test_json_has_the_text_and_what_is_charged(one: House) -> None:
    reply = await send(one, model="toy-ears")
    assert reply.json() == {"text": "one two", "usage": {"type": "duration", "seconds": 3}}
    [charge] = one.charges()
    assert (charge.sku, charge.units, charge.amount) == ("toy-ears-asr-second", 3, -3 * A_SECOND)
    assert reply.headers["x-venice-model-id"] == "toy-ears"
    assert reply.headers["x-venice-model-router"] == "toy-ear"


@pytest.mark.parametrize(
    ("shown_as", "media_type", "body"),
    [
        ("text", "text/plain; charset=utf-8", "one two\n"),
        (
            "srt",
            "application/x-subrip; charset=utf-8",
            "1\n00:00:00,000 --> 00:00:00,500\none\n\n2\n00:00:01,000 --> 00:00:01,500\ntwo\n\n",
        ),
        (
            "vtt",
            "text/vtt; charset=utf-8",
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\none\n\n00:00:01.000 --> 00:00:01.500\ntwo\n\n",
        ),
    ],
)
async def test_text_and_subtitles(one: House, shown_as: str, media_type: str, body: str) -> None:
    reply = await send(one, response_format=shown_as)
    assert (reply.headers["content-type"], reply.text) == (media_type, body)


@pytest.mark.parametrize(
    ("granularities", "fields"),
    [
        ([], {"segments"}),
        (["segment"], {"segments"}),
        (["word"], {"words"}),
        (["word", "segment"], {"segments", "words"}),
    ],
)
async def test_verbose_json_has_the_times_that_are_asked_for(
    granularities: list[str], fields: set[str]
) -> None:
    engine = ToyTranscriber()
    async with world(engine) as one:
        form: Json = {"response_format": "verbose_json", "timestamp_granularities[]": granularities}
        shown = (await send(one, **form)).json()
        assert shown["task"] == "transcribe"
        assert (shown["language"], shown["duration"]) == ("english", 2.5)
        assert {"segments", "words"} & shown.keys() == fields
        if "segments" in fields:
            assert shown["segments"][1] == {
                "id": 1,
                "seek": 100,
                "start": 1.0,
                "end": 1.5,
                "text": " two",
                "tokens": [1],
                "temperature": 0.0,
                "avg_logprob": -0.25,
                "compression_ratio": 1.0,
                "no_speech_prob": 0.0,
            }
        if "words" in fields:
            assert shown["words"][1] == {"word": "two", "start": 1.0, "end": 1.5}
        assert engine.asked[0].words is ("words" in fields)


async def test_json_has_times_too_where_timestamps_is_set(one: House) -> None:
    shown = (await send(one, timestamps="true")).json()
    assert [one["text"] for one in shown["segments"]] == [" one", " two"]
    assert [one["word"] for one in shown["words"]] == ["one", "two"]
    assert shown["duration"] == 2.5


async def test_fields_reach_the_engine_as_they_were_meant() -> None:
    engine = ToyTranscriber()
    async with world(engine) as one:
        fields: Mapping[str, Any] = {
            "model": "whisper-1",
            "language": "de",
            "prompt": "Elbe, Alster",
            "keywords[]": ["Fondaco", "Rialto"],
            "temperature": "0.4",
            "chunking_strategy": "auto",
        }
        assert (await send(one, **fields)).status_code == 200
        [task] = engine.asked
        assert (task.model, task.language, task.temperature) == ("toy-ears", "de", 0.4)
        assert task.prompt == "Fondaco, Rialto Elbe, Alster"
        assert task.kind is TranscriptionKind.TRANSCRIBE
        assert task.sound.seconds == 2.5


async def test_a_translation_is_in_english(one: House) -> None:
    reply = await send(one, path=TRANSLATE, response_format="verbose_json")
    shown = reply.json()
    assert (shown["task"], shown["language"], shown["text"]) == ("translate", "english", "one two")
    assert [charge.units for charge in one.charges()] == [3]


async def test_a_model_that_does_not_translate_says_so() -> None:
    async with world(models=(TOY, replace(TOY_ASR, translates=False))) as one:
        reply = await send(one, path=TRANSLATE)
        assert code(reply) == (400, "INVALID_MODEL")
        assert "does not translate" in reply.json()["error"]
        assert not one.charges()


async def test_a_stream_has_the_text_as_it_is_made_and_ends_with_all_of_it(one: House) -> None:
    reply = await send(one, stream="true")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert events(reply) == [
        {"type": "transcript.text.delta", "delta": "one"},
        {"type": "transcript.text.delta", "delta": " two"},
        {
            "type": "transcript.text.done",
            "text": "one two",
            "usage": {"type": "duration", "seconds": 3},
        },
    ]
    assert [charge.units for charge in one.charges()] == [3]
    assert reply.headers["x-venice-model-id"] == "toy-ears"


async def test_the_first_words_arrive_before_the_last_ones_are_heard() -> None:
    engine = ToyTranscriber()
    engine.waits_at = 1
    async with world(engine) as one:
        with anyio.fail_after(20):
            async with one.client.stream(
                "POST", TRANSCRIBE, files={"file": THREE}, data={"stream": "true"}
            ) as reply:
                first = await anext(reply.aiter_text())
        assert '"one"' in first
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        await charged(one)
        assert [charge.units for charge in one.charges()] == [1]


async def test_who_hangs_up_pays_for_what_was_heard() -> None:
    engine = ToyTranscriber()
    engine.waits_at = 2
    async with world(engine) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: send(one, wav(silence(3.5))))
            with anyio.fail_after(20):
                await engine.working.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        await charged(one)
        [charge] = one.charges()
        assert (charge.units, charge.notes) == (
            2,
            "cut off by the caller; charged what was produced",
        )


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_an_engine_that_fails_costs_nothing(stream: str) -> None:
    engine = ToyTranscriber()
    engine.fails_at = 1
    async with world(engine) as one:
        reply = await send(one, stream=stream)
        if stream == "true":
            assert "Nothing was charged" in reply.text
            assert "transcript.text.done" not in reply.text
        else:
            assert code(reply) == (500, "INFERENCE_FAILED")
        assert not one.charges()
        assert (await one.balance()).usd == FUNDS


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_another_engine_takes_over_before_anything_was_delivered(stream: str) -> None:
    first, spare = ToyTranscriber(), ToyTranscriber("spare")
    first.fails_at = 0 if stream == "true" else 1
    models = (TOY, replace(TOY_ASR, engines=("toy-ear", "spare")))
    engines = {engine.name: engine for engine in (first, spare)}
    async with world(models=models, transcription_engines=engines) as one:
        reply = await send(one, stream=stream)
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "spare")
        assert "one two" in reply.text
        assert [charge.units for charge in one.charges()] == [3]


async def test_an_engine_that_lies_about_times_changes_no_charge() -> None:
    engine = ToyTranscriber()
    late = replace(segment(0), start_s=500.0, end_s=9_000.0)
    engine.parts = [TranscriptPart(9_000.0, (late,)), TranscriptPart(0.1)]
    async with world(engine) as one:
        shown = (await send(one, response_format="verbose_json")).json()
        assert shown["segments"][0]["end"] == 2.5
        assert [charge.units for charge in one.charges()] == [3]
    engine.parts = [TranscriptPart(0.1, (segment(0),))]
    async with world(engine) as one:
        for stream in ("false", "true"):
            assert (await send(one, stream=stream)).status_code == 200
        assert [charge.units for charge in one.charges()] == [3, 3]


async def test_an_engine_without_a_single_part_failed() -> None:
    engine = ToyTranscriber()
    engine.parts = []
    async with world(engine) as one:
        assert (await send(one, stream="true")).status_code == 500
        assert not one.charges()


async def test_silence_is_an_empty_text_in_each_format() -> None:
    engine = ToyTranscriber()
    engine.parts = [TranscriptPart(2.5)]
    async with world(engine) as one:
        assert (await send(one)).json()["text"] == ""
        assert (await send(one, response_format="text")).text == "\n"
        assert (await send(one, response_format="srt")).text == ""
        assert (await send(one, response_format="vtt")).text == "WEBVTT\n\n"
        verbose = (await send(one, response_format="verbose_json")).json()
        assert (verbose["language"], verbose["segments"]) == ("unknown", [])
        assert [event["type"] for event in events(await send(one, stream="true"))] == [
            "transcript.text.done"
        ]


async def test_what_a_text_says_breaks_no_subtitles() -> None:
    engine = ToyTranscriber()
    odd = replace(segment(0), text=" a --> b\n\n<c> & d")
    engine.parts = [TranscriptPart(2.5, (odd,))]
    async with world(engine) as one:
        assert "a -> b &lt;c> &amp; d\n" in (await send(one, response_format="vtt")).text
        assert "a -> b <c> & d\n" in (await send(one, response_format="srt")).text


async def test_who_cannot_pay_gets_402_before_any_work() -> None:
    engine = ToyTranscriber()
    async with world(engine, usd=3 * A_SECOND - 1) as one:
        reply = await send(one)
        assert code(reply) == (402, "INSUFFICIENT_BALANCE")
        assert not engine.asked
        assert (await send(one, wav(silence(2)))).status_code == 200
        assert (await one.balance()).usd == A_SECOND - 1
        reply = await send(one, b"no recording at all")
        assert code(reply) == (402, "INSUFFICIENT_BALANCE")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (b"", (400, "CORRUPTED_AUDIO")),
        (b"no recording at all", (400, "INVALID_AUDIO_FORMAT")),
        (b"#EXTM3U\nhttp://127.0.0.1/secret", (400, "INVALID_AUDIO_FORMAT")),
        (THREE[:44], (400, "CORRUPTED_AUDIO")),
        (wav(silence(61)), (400, "AUDIO_TOO_LONG")),
        (bytes(25 * 2**20 + 1), (413, "INVALID_FILE_SIZE")),
    ],
    ids=["empty", "text", "playlist", "no samples", "long", "large"],
)
async def test_what_is_no_recording_is_refused_and_costs_nothing(
    one: House, file: bytes, expected: tuple[int, str]
) -> None:
    reply = await one.client.post(TRANSCRIBE, files={"file": ("a.mp3", file)})
    assert code(reply) == expected
    assert "file" in reply.json()["error"]
    assert not one.charges()
    assert (await one.balance()).usd == FUNDS


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"response_format": "diarized_json"}, "response_format"),
        ({"temperature": "1.5"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"language": "English"}, "language"),
        ({"language": "fr"}, "language"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"response_format": "verbose_json", "timestamp_granularities[]": "letter"}, "timestamp"),
        ({"stream": "true", "response_format": "srt"}, "stream"),
        ({"include[]": "logprobs"}, "include"),
        ({"prompt": "a" * 16_001}, "prompt"),
        ({"unheard_of": "1"}, "unheard_of"),
    ],
    ids=str,
)
async def test_fields_that_cannot_be_honoured_are_refused(
    one: House, fields: Json, path: str
) -> None:
    reply = await send(one, **fields)
    assert reply.status_code == 400
    assert path in reply.json()["error"]
    assert not one.charges()


async def test_a_form_without_a_file_says_what_is_missing(one: House) -> None:
    reply = await one.client.post(TRANSCRIBE, data={"model": "toy-ears"}, files={"a": b""})
    assert code(reply) == (400, "INVALID_REQUEST")
    assert "file" in reply.json()["error"]


async def test_several_languages_are_left_to_the_model_and_one_is_taken() -> None:
    engine = ToyTranscriber()
    async with world(engine) as one:
        several: Json = {"languages[]": ["de", "en"]}
        reply = await send(one, **several)
        assert reply.headers["x-fondaco-ignored-params"] == "languages"
        alone: Json = {"languages[]": ["de"]}
        reply = await send(one, **alone)
        assert "x-fondaco-ignored-params" not in reply.headers
        assert [task.language for task in engine.asked] == [None, "de"]


async def test_json_with_base64_is_taken_too(one: House) -> None:
    text = b64encode(THREE).decode()
    for file in (text, f"data:audio/wav;base64,{text}"):
        reply = await one.client.post(TRANSCRIBE, json={"file": file, "model": "toy-ears"})
        assert reply.json()["text"] == "one two"
    reply = await one.client.post(TRANSCRIBE, json={"file": "http://127.0.0.1/secret.wav"})
    assert code(reply) == (400, "INVALID_AUDIO_FORMAT")


async def test_below_v1_errors_are_as_openai_has_them(one: House) -> None:
    for path in ("/v1/audio/transcriptions", "/v1/audio/translations"):
        assert (await send(one, path=path)).json()["text"] == "one two"
        reply = await send(one, b"no recording", path=path)
        assert reply.json()["error"]["code"] == "invalid_audio_format"


async def test_an_idempotency_key_runs_once(one: House) -> None:
    headers = {"Idempotency-Key": "mine"}
    replies = [
        await one.client.post(TRANSCRIBE, files={"file": THREE}, headers=headers) for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [200, 409]
    assert len(one.charges()) == 1


async def test_limits_are_those_of_audio() -> None:
    tier = {"paid": Tier("paid", {"audio": RateLimits(2, MANY), "small": RateLimits(MANY, MANY)})}
    async with world(tiers=tier) as one:
        replies = [await send(one) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert (await one.chat()).status_code == 200


async def test_a_model_that_will_be_retired_is_announced() -> None:
    ending = Deprecation(announced=date(2020, 1, 1), sunset=date(2999, 1, 1))
    async with world(models=(TOY, replace(TOY_ASR, deprecation=ending))) as one:
        reply = await send(one)
        assert "2999" in reply.headers["x-venice-model-deprecation-date"]


async def test_without_a_model_an_engine_or_the_packages_there_is_nothing() -> None:
    async with world(models=(TOY,)) as one:
        assert code(await send(one)) == (404, "MODEL_NOT_FOUND")
    async with world(transcription_engines={}) as one:
        assert (await send(one)).status_code == 503
    async with world(sound_reader=PyAVReader(lambda: False)) as one:
        reply = await send(one)
        assert reply.status_code == 503
        assert "server[transcription]" in reply.json()["error"]
        assert not one.charges()


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (EngineError(), (500, "INFERENCE_FAILED")),
        (EngineBusyError(), (503, "MODEL_AT_CAPACITY")),
        (InvalidRequestError("language: no."), (400, "INVALID_REQUEST")),
    ],
)
async def test_failures_keep_their_own_errors(
    failure: EngineError, expected: tuple[int, str]
) -> None:
    engine = ToyTranscriber()
    engine.fails_at, engine.failure = 0, failure
    async with world(engine) as one:
        for stream in ("false", "true"):
            assert code(await send(one, stream=stream)) == expected
        assert not one.charges()


async def test_memory_for_samples_is_limited_and_given_back() -> None:
    engine = ToyTranscriber()
    engine.waits_at = 0
    longest_bytes = 60 * 32_000  # held until a file is decoded
    async with world(engine, sound_memory_bytes=longest_bytes - 1) as one:
        assert code(await send(one)) == (503, "MODEL_AT_CAPACITY")
    async with world(engine, sound_memory_bytes=2 * longest_bytes + 1_000) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: send(one))
            with anyio.fail_after(20):
                await engine.working.wait()
            mine = await send(one)
            assert code(mine) == (429, "RATE_LIMIT_EXCEEDED")
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        engine.waits_at = None
        assert (await send(one, wav(silence(1)))).status_code == 200


async def test_models_that_transcribe_are_listed_with_their_price(one: House) -> None:
    [shown] = (await one.client.get("/api/v1/models", params={"type": "asr"})).json()["data"]
    spec = shown["model_spec"]
    assert spec["pricing"] == {"per_audio_second": {"usd": 0.001, "diem": 0.001}}
    assert spec["description"] == (
        "Writes down recordings in de, en of up to 60 seconds, and translates to English."
    )
    usage = await send(one)
    assert usage.status_code == 200
    rows = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    assert [(row["sku"], row["units"]) for row in rows] == [("toy-ears-asr-second", 3)]
