"""`client.audio`: texts become files, whole and as they are made, in both clients."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

pytest.importorskip("av", reason="the server's extra `speech` is not installed")

from fondaco.app.platform import opened_sound_codec
from fondaco.domain.errors import EngineError
from house import SECRET, TOY, House, house
from toy_speaker import A_CHARACTER, RATE, TOY_VOICE, ToySpeaker
from venice_ai import (
    APIConnectionError,
    InvalidRequestError,
    NotFoundError,
    SyncVeniceClient,
    VeniceClient,
)

TEXT = "One two. Three four five."
SAMPLES = 2 * RATE // 10
"""Bytes of a word."""
SHARED: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
async def codec() -> AsyncGenerator[None]:
    async with opened_sound_codec() as SHARED["sound_codec"]:
        yield
    SHARED.clear()


def world(engine: ToySpeaker | None = None) -> AbstractAsyncContextManager[House]:
    engines = {"toy-throat": engine or ToySpeaker()}
    return house(models=(TOY, TOY_VOICE), speech_engines=engines, **SHARED)


def client_of(one: House) -> VeniceClient:
    return VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1", max_retries=0)


async def test_a_text_becomes_a_file_that_can_be_saved(tmp_path: Path) -> None:
    engine = ToySpeaker()
    async with world(engine) as one, client_of(one) as client:
        spoken = await client.audio.speech.create(
            input=TEXT,
            model="default",
            voice="bm_george",
            response_format="pcm",
            speed=0.5,
            instructions="Whisper.",
        )
        assert one.charges()[0].amount == -len(TEXT) * A_CHARACTER
    assert (spoken.media_type, spoken.voice) == ("audio/pcm", "bf_emma")
    assert len(spoken.content) == 2 * 5 * SAMPLES
    assert spoken.meta.ignored_parameters == ("instructions",)
    assert len(repr(spoken)) < 200  # no file in a terminal or a log
    assert spoken.meta.model_id == "toy-voice"
    path = spoken.save(tmp_path / "spoken.pcm")
    assert path.read_bytes() == spoken.content


async def test_a_stream_yields_the_file_while_it_is_made(tmp_path: Path) -> None:
    engine = ToySpeaker(at=1)
    async with world(engine) as one, client_of(one) as client:
        stream = await client.audio.speech.stream(input=TEXT, response_format="pcm")
        async with stream:
            assert stream.voice == "af_heart"
            assert len(await anext(aiter(stream))) <= 2 * SAMPLES
            await engine.waiting.wait()
        with anyio.fail_after(5):
            while not one.charges():  # noqa: ASYNC110 - the server notices in its own time
                await anyio.sleep(0.01)
        assert one.charges()[0].amount == -len("One two. ") * A_CHARACTER
    async with world() as one, client_of(one) as client:
        stream = await client.audio.speech.stream(input=TEXT, response_format="pcm")
        path = await stream.save(str(tmp_path / "spoken.pcm"))
        assert path.stat().st_size == 5 * SAMPLES
        assert [piece async for piece in stream] == []


async def test_a_file_that_is_cut_off_is_an_error() -> None:
    async with world(ToySpeaker(at=1, error=EngineError())) as one, client_of(one) as client:
        stream = await client.audio.speech.stream(input=TEXT, response_format="pcm")
        with pytest.raises(APIConnectionError):
            async for _ in stream:
                pass


async def test_refusals_are_exceptions() -> None:
    async with world() as one, client_of(one) as client:
        speech = client.audio.speech
        with pytest.raises(InvalidRequestError, match="darth"):
            await speech.create(input=TEXT, voice="darth")
        with pytest.raises(InvalidRequestError, match="read aloud"):
            await speech.stream(input="...")
        with pytest.raises(NotFoundError):
            await speech.create(input=TEXT, model="toy")


async def test_a_quote_is_what_is_charged() -> None:
    async with world() as one, client_of(one) as client:
        quote = await client.audio.quote(input=TEXT)
        await client.audio.speech.create(input=TEXT, response_format="pcm")
        charged = -one.charges()[0].amount
        with pytest.raises(ValueError, match="no speech model 'toy'"):
            await client.audio.quote(input=TEXT, model="toy")
    assert (quote.model, quote.characters) == ("toy-voice", len(TEXT))
    assert quote.cost_usd * 10**9 == charged == Decimal(len(TEXT) * A_CHARACTER)


async def test_a_chats_reply_is_read_aloud_whole_and_collected_from_a_stream() -> None:
    async with world() as one, client_of(one) as client:
        asked: Any = {
            "model": "toy",
            "messages": [{"role": "user", "content": "Count!"}],
            "max_completion_tokens": 6,
            "modalities": ["text", "audio"],
            "audio": {"format": "pcm16"},
        }
        whole = (await client.chat.completions.create(**asked)).choices[0].message
        async with await client.chat.completions.stream(**asked) as stream:
            streamed = (await stream.collect()).choices[0].message
    assert streamed["audio"]["data"] == whole["audio"]["data"]
    assert streamed["audio"]["transcript"] == streamed.content == whole["audio"]["transcript"]
    assert streamed["audio"]["id"].startswith("audio_")


async def test_the_synchronous_client_does_the_same(tmp_path: Path) -> None:
    def speak(url: str) -> None:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{url}/api/v1") as client:
            spoken = client.audio.speech.create(input=TEXT, response_format="pcm")
            spoken.save(tmp_path / "whole.pcm")
            with client.audio.speech.stream(input=TEXT, response_format="pcm") as stream:
                assert b"".join(stream) == spoken.content
            stream = client.audio.speech.stream(input=TEXT, response_format="pcm")
            assert stream.save(tmp_path / "streamed.pcm").read_bytes() == spoken.content
            assert client.audio.quote(input=TEXT).characters == len(TEXT)

    async with world() as one:
        await anyio.to_thread.run_sync(speak, one.url)
