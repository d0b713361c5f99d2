"""Chat replies that are read aloud, whole and streamed, by both APIs of chat; charged as both."""

import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO
from typing import Any

import anyio
import httpx2
import pytest

pytest.importorskip("av", reason="the extra `speech` is not installed")

import av

from fake_upstream import saying
from fondaco.app.platform import opened_sound_codec
from fondaco.domain.errors import EngineError
from house import TOY, House, chat_body, house
from toy_speaker import A_CHARACTER, RATE, TOY_VOICE, ToySpeaker

VENICE, OPENAI, SCALE = (
    "/api/v1/chat/completions",
    "/v1/chat/completions",
    "/v4/beta/chat/completions",
)
BOTH = {"modalities": ["text", "audio"], "audio": {"voice": "bm_george", "format": "pcm16"}}
SHARED: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
async def codec() -> AsyncGenerator[None]:
    async with opened_sound_codec() as SHARED["sound_codec"]:
        yield
    SHARED.clear()


def world(engine: ToySpeaker | None = None, **fields: Any) -> Any:
    engines = {"toy-throat": engine or ToySpeaker()}
    return house(models=(TOY, TOY_VOICE), speech_engines=engines, **{**SHARED, **fields})


async def ask(one: House, path: str = VENICE, **fields: Any) -> httpx2.Response:
    return await one.client.post(path, json=chat_body(**{"max_tokens": 6, **BOTH, **fields}))


def chunks(reply: httpx2.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def skus(one: House) -> dict[str, int]:
    return {entry.sku: -entry.amount for entry in one.charges()}


@pytest.mark.parametrize("path", [VENICE, OPENAI, SCALE])
async def test_a_reply_comes_as_text_and_as_sound(path: str) -> None:
    engine = ToySpeaker()
    async with world(engine) as one:
        reply = await ask(one, path)
        assert reply.status_code == 200, reply.text
        (choice,) = reply.json()["choices"]
        message = choice["message"]
        text, audio = message["content"], message["audio"]
        assert audio["transcript"] == text == engine.asked[0].text
        assert engine.asked[0].voice == "bf_emma"
        words = len(base64.b64decode(audio["data"])) / (2 * RATE * 0.1)
        assert words == pytest.approx(len(text.split()))
        assert audio["id"].startswith("audio_")
        assert skus(one)["toy-voice-tts-mchar"] == len(text) * A_CHARACTER
        assert skus(one)["toy-llm-output-mtoken"] > 0
        calls = {entry.sku: entry.call_id for entry in one.charges()}
        assert len(set(calls.values())) == 2


async def test_an_idempotency_key_is_the_replys_alone() -> None:
    async with world() as one:
        body = chat_body(max_tokens=6, **BOTH)
        replies = [
            await one.client.post(VENICE, json=body, headers={"idempotency-key": "once"})
            for _ in range(2)
        ]
        assert replies[0].json()["choices"][0]["message"]["audio"] is not None
        assert replies[1].status_code == 409
        assert len({entry.call_id for entry in one.charges()}) == 2


@pytest.mark.parametrize("path", [VENICE, OPENAI, SCALE])
async def test_a_stream_has_the_sound_after_the_text(path: str) -> None:
    async with world() as one:
        reply = await ask(one, path, stream=True, stream_options={"include_usage": True})
        *pieces, usage = chunks(reply)
        assert usage["usage"]["completion_tokens"] > 0
        deltas = [one["choices"][0]["delta"] for one in pieces]
        text = "".join(delta.get("content") or "" for delta in deltas)
        sounds = [delta["audio"] for delta in deltas if "audio" in delta]
        assert sounds[0]["transcript"] == text
        assert "expires_at" in sounds[-1]
        file = b"".join(base64.b64decode(one["data"]) for one in sounds if "data" in one)
        assert len(file) / (2 * RATE * 0.1) == pytest.approx(len(text.split()))
        assert pieces[-1]["choices"][0]["finish_reason"] is not None
        assert all(one["choices"][0]["finish_reason"] is None for one in pieces[:-1])
        assert skus(one)["toy-voice-tts-mchar"] == len(text) * A_CHARACTER


@pytest.mark.parametrize(
    ("name", "container"),
    [("wav", "wav"), ("mp3", "mp3"), ("flac", "flac"), ("opus", "ogg"), ("aac", "aac")],
)
async def test_the_sound_has_the_format_that_was_asked_for(name: str, container: str) -> None:
    async with world() as one:
        reply = await ask(one, audio={"voice": "alloy", "format": name})
        file = base64.b64decode(reply.json()["choices"][0]["message"]["audio"]["data"])
        with av.open(BytesIO(file), "r") as opened:
            assert opened.format.name == container


async def test_a_reply_whose_speech_fails_is_text_and_says_so() -> None:
    async with world(ToySpeaker(at=0, error=EngineError())) as one:
        reply = await ask(one)
        message = reply.json()["choices"][0]["message"]
        assert message["content"]
        assert message["audio"] is None
        assert reply.headers["x-fondaco-ignored-params"] == "audio"
        assert "toy-voice-tts-mchar" not in skus(one)
        streamed = chunks(await ask(one, stream=True))
        assert "error" in streamed[-1]


async def test_money_for_the_text_alone_buys_the_text() -> None:
    async with world() as one:
        await ask(one)
        both = sum(skus(one).values())
    async with world(usd=both - 1) as one:
        reply = await ask(one)
        assert reply.status_code == 200, reply.text
        assert reply.json()["choices"][0]["message"]["audio"] is None
        assert "toy-voice-tts-mchar" not in skus(one)


async def test_a_reply_without_text_is_not_read() -> None:
    engine = ToySpeaker()
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    tool = {"type": "function", "function": {"name": "f"}}
    able = replace(TOY, capabilities=replace(TOY.capabilities, function_calling=True))
    async with house(
        models=(able, TOY_VOICE), speech_engines={"toy-throat": engine}, **SHARED
    ) as one:
        one.fake.next(saying(chunk, end), saying(chunk, end))
        reply = await ask(one, tools=[tool])
        assert reply.json()["choices"][0]["finish_reason"] == "tool_calls"
        assert reply.json()["choices"][0]["message"]["audio"] is None
        assert "x-fondaco-ignored-params" not in reply.headers
        assert not any(
            "audio" in piece["choices"][0]["delta"]
            for piece in chunks(await ask(one, tools=[tool], stream=True))
        )
    assert engine.asked == []


async def test_hanging_up_while_it_is_read_charges_what_was_spoken() -> None:
    engine = ToySpeaker(at=0)
    async with world(engine) as one:
        body = chat_body(max_tokens=6, stream=True, **BOTH)
        async with one.client.stream("POST", VENICE, json=body):
            await engine.waiting.wait()
        with anyio.fail_after(5):
            while engine.closed == 0:  # noqa: ASYNC110 - the server notices in its own time
                await anyio.sleep(0.01)
        assert "toy-llm-output-mtoken" in skus(one)
        assert "toy-voice-tts-mchar" not in skus(one)


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"modalities": ["text"]}, 400, "audio"),
        ({"modalities": None}, 400, "audio"),
        ({"n": 2}, 400, "modalities"),
        ({"audio": {"voice": "darth"}}, 400, "voice"),
        ({"audio": {"format": "ogg"}}, 400, "audio"),
        ({"audio": {"speed": 2}}, 400, "audio"),
        ({"modalities": ["video"]}, 400, "modalities"),
    ],
)
async def test_what_cannot_be_read_is_refused_before_anything_is_charged(
    fields: dict[str, Any], status: int, named: str
) -> None:
    async with world() as one:
        for path in (VENICE, SCALE):
            reply = await ask(one, path, **fields)
            assert reply.status_code == status
            assert named in reply.json().get("details", {named: 0})
        assert one.charges() == []
        assert one.fake.asked == []


async def test_without_a_model_that_speaks_it_is_refused_at_once() -> None:
    async with house(models=(TOY,), **SHARED) as one:
        assert (await ask(one)).status_code == 404
        assert one.fake.asked == []
