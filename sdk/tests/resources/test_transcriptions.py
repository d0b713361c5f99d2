"""`client.audio.transcriptions` and `translations`: recordings become text, in both clients."""

from contextlib import AbstractAsyncContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

pytest.importorskip("av", reason="the server's extra `transcription` is not installed")

from fondaco.domain.errors import EngineError
from house import SECRET, TOY, House, house
from recordings import silence, wav
from toy_transcriber import A_SECOND, TOY_ASR, ToyTranscriber
from venice_ai import (
    APIError,
    InvalidRequestError,
    NotFoundError,
    SyncVeniceClient,
    VeniceClient,
)

RECORDING = wav(silence(2.5))


def world(
    engine: ToyTranscriber | None = None, **fields: Any
) -> AbstractAsyncContextManager[House]:
    engines = {"toy-ear": engine or ToyTranscriber()}
    return house(models=(TOY, TOY_ASR), transcription_engines=engines, **fields)


def client_of(one: House) -> VeniceClient:
    return VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1", max_retries=0)


async def test_a_recording_becomes_text_with_what_it_costs(tmp_path: Path) -> None:
    engine = ToyTranscriber()
    path = tmp_path / "ca\"nary '\r\n.wav"
    path.write_bytes(RECORDING)
    async with world(engine) as one, client_of(one) as client:
        ears = client.audio.transcriptions
        heard = await ears.create(
            file=path, language="en", prompt='Elbe "\r\n', temperature=0.5, model="toy-ears"
        )
        assert (heard.text, heard.segments) == ("one two", None)
        assert heard.usage is not None
        assert heard.usage.seconds == 3
        assert heard.meta.model_id == "toy-ears"
        assert one.charges()[0].amount == -3 * A_SECOND
        [task] = engine.asked
        assert (task.language, task.prompt, task.temperature) == ("en", 'Elbe "\r\n', 0.5)


async def test_times_come_where_they_are_asked_for() -> None:
    async with world() as one, client_of(one) as client:
        heard = await client.audio.transcriptions.create(
            file=RECORDING, timestamp_granularities=["word", "segment"]
        )
        assert heard.words is not None
        assert heard.segments is not None
        assert [(word.word, word.start) for word in heard.words] == [("one", 0.0), ("two", 1.0)]
        assert [segment.text for segment in heard.segments] == [" one", " two"]
        assert (heard.language, heard.duration) == ("english", 2.5)


async def test_subtitles_can_be_saved(tmp_path: Path) -> None:
    async with world() as one, client_of(one) as client:
        ears = client.audio.transcriptions
        srt = await ears.subtitles(file=RECORDING)
        assert srt.text.startswith("1\n00:00:00,000 --> 00:00:00,500\none\n")
        vtt = await ears.subtitles(file=RECORDING, format="vtt")
        assert vtt.save(tmp_path / "said.vtt").read_text().startswith("WEBVTT")


async def test_a_stream_yields_the_text_as_it_is_made() -> None:
    engine = ToyTranscriber()
    async with world(engine) as one, client_of(one) as client:
        ears = client.audio.transcriptions
        async with await ears.stream(file=RECORDING) as heard:
            assert [piece async for piece in heard.text_deltas()] == ["one", " two"]
        events = [event async for event in await ears.stream(file=RECORDING)]
        assert (events[-1].type, events[-1].text) == ("transcript.text.done", "one two")
        engine.waits_at = 1
        async with await ears.stream(file=RECORDING) as heard:
            assert (await anext(aiter(heard))).delta == "one"
        with anyio.fail_after(20):
            await engine.cancelled.wait()
            while len(one.charges()) < 3:  # noqa: ASYNC110 - the server notices in its own time
                await anyio.sleep(0.01)
        assert one.charges()[-1].amount == -A_SECOND


async def test_an_engine_that_breaks_off_is_an_error_within_the_stream() -> None:
    engine = ToyTranscriber()
    engine.fails_at, engine.failure = 1, EngineError()
    async with world(engine) as one, client_of(one) as client:
        with pytest.raises(APIError, match="Nothing was charged"):
            async for _ in await client.audio.transcriptions.stream(file=RECORDING):
                pass


async def test_a_translation_and_refusals(tmp_path: Path) -> None:
    async with world() as one, client_of(one) as client:
        file = BytesIO(RECORDING)  # as an open file, too
        assert (await client.audio.translations.create(file=file)).text == "one two"
        ears = client.audio.transcriptions
        with pytest.raises(InvalidRequestError, match="flac, mp3"):
            await ears.create(file=b"no recording")
        with pytest.raises(NotFoundError):
            await ears.create(file=RECORDING, model="toy")
        with pytest.raises(FileNotFoundError):
            await ears.create(file=tmp_path / "nothing.wav")


async def test_the_synchronous_client_does_the_same() -> None:
    def hear(url: str) -> None:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{url}/api/v1") as client:
            ears = client.audio.transcriptions
            assert ears.create(file=RECORDING).text == "one two"
            with ears.stream(file=RECORDING) as heard:
                assert "".join(heard.text_deltas()) == "one two"

    async with world() as one:
        await anyio.to_thread.run_sync(hear, one.url)
