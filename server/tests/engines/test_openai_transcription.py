"""Transcription models of OpenAI-compatible upstreams: the contract, requests, and replies that break it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

import pytest

pytest.importorskip("av", reason="the extra `transcription` is not installed")

from contracts.transcription_engine import (
    Bench,
    TranscriptionEngineContract,
    segments_of,
    text_of,
)
from fake_upstream import FakeUpstream, form, hanging, refusing, replying, whole
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    InvalidRequestError,
)
from fondaco.domain.media.transcription import (
    Segment,
    TranscriptionKind,
    TranscriptionTask,
    TranscriptPart,
    Word,
)
from fondaco.engines.openai.transcription import OpenAITranscription
from house import SECRET, TOY, house
from recordings import SENTENCE, joined, noise, silence, wav
from toy_transcriber import TOY_ASR, ToyTranscriber

TASK = TranscriptionTask(model="ours", sound=silence(2))


class Ears(ToyTranscriber):
    """Hears the sentence of the tests in whatever is not silent."""

    async def transcribe(self, task: TranscriptionTask) -> AsyncGenerator[TranscriptPart]:
        seconds = task.sound.seconds
        if task.sound.samples.strip(b"\0"):
            words = SENTENCE.split()
            edges = [seconds * at / len(words) for at in range(len(words) + 1)]
            said = tuple(map(Word, (f" {word}" for word in words), edges, edges[1:]))
            whole = Segment(text=f" {SENTENCE}", start_s=0.0, end_s=seconds, words=said)
            yield TranscriptPart(seconds, (whole,), "en")
        yield TranscriptPart(seconds)


class TestOpenAITranscription(TranscriptionEngineContract):
    """Over a server of ours."""

    @pytest.fixture(scope="class")
    async def engine(self) -> AsyncGenerator[OpenAITranscription]:
        async with house(models=(TOY, TOY_ASR), transcription_engines={"toy-ear": Ears()}) as one:
            client = connect(f"{one.url}/v1", key=SECRET)
            yield OpenAITranscription("faker", client, {"ours": "toy-ears"})
            await client.aclose()

    @pytest.fixture
    def bench(self, engine: OpenAITranscription) -> Bench:
        return Bench(engine, "ours")


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAITranscription]:
    client = connect(fake.base_url, key="k", first_byte_timeout_s=2, total_timeout_s=20)
    yield OpenAITranscription("faker", client, {"ours": "theirs"})
    await client.aclose()


async def heard(
    engine: OpenAITranscription, task: TranscriptionTask = TASK
) -> list[TranscriptPart]:
    async with aclosing(engine.transcribe(task)) as parts:
        return [part async for part in parts]


async def test_the_engine_gets_sound_and_what_was_asked_for(
    engine: OpenAITranscription, fake: FakeUpstream
) -> None:
    rich = replace(TASK, language="de", prompt="Elbe", temperature=0.4, words=True)
    parts = await heard(engine, rich)
    fields = form(fake.heard[0])
    assert fields.pop("file") == wav(silence(2))
    assert fields == {
        "model": b"theirs",
        "language": b"de",
        "prompt": b"Elbe",
        "temperature": b"0.4",
        "response_format": b"verbose_json",
        "timestamp_granularities[]": b"word",
    }
    assert text_of(parts) == "one two"
    assert [word.text for one in segments_of(parts) for word in one.words] == [" one", " two"]
    assert parts[-1] == TranscriptPart(2.0, parts[-1].segments, "de")


async def test_a_translation_goes_where_translations_are_made(
    engine: OpenAITranscription, fake: FakeUpstream
) -> None:
    await heard(engine, replace(TASK, kind=TranscriptionKind.TRANSLATE, language="de"))
    assert not fake.heard
    assert b'name="language"' not in fake.translated[0].content


async def test_long_sound_goes_in_pieces_cut_where_it_is_quiet(
    engine: OpenAITranscription, fake: FakeUpstream
) -> None:
    loud = noise(15, 0.01)
    long = joined(silence(575), loud, silence(1), loud, silence(44))
    parts = await heard(engine, replace(TASK, sound=long))
    assert [len(form(asked)["file"]) < 20_000_000 for asked in fake.heard] == [True, True]
    first = (len(form(fake.heard[0])["file"]) - 44) / 32_000
    assert 590 <= first <= 591
    assert [part.heard_s for part in parts] == [pytest.approx(first), 650.0]
    assert segments_of(parts)[2].start_s == pytest.approx(first)
    assert b"\r\n\r\nen\r\n" in fake.heard[1].content  # the language that the first piece was in


@pytest.mark.parametrize("status", [400, 422])
async def test_an_engine_that_tells_no_times_is_asked_for_text_alone_from_then_on(
    engine: OpenAITranscription, fake: FakeUpstream, status: int
) -> None:
    error = "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'."
    fake.hear_next.extend([refusing(status, {"message": error}), replying({"text": "Hello. "})])
    parts = await heard(engine)
    [segment] = segments_of(parts)
    assert (segment.text, segment.start_s, segment.end_s) == (" Hello.", 0.0, 2.0)
    await heard(engine)
    formats = [form(asked)["response_format"] for asked in fake.heard]
    assert formats == [b"verbose_json", b"json", b"json"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"text": 5},
        {"text": "a", "segments": [{}]},
        {"text": "a", "segments": ["a"]},
        {"text": "a", "segments": [{"text": "a", "start": 2, "end": 1}]},
        {"text": "a", "segments": [{"text": "a", "start": 0, "end": "later"}]},
        {"text": "a", "segments": [{"text": 1, "start": 0, "end": 1}]},
        {
            "text": "a",
            "segments": [
                {"text": "a", "start": 1, "end": 2},
                {"text": "b", "start": 0, "end": 1},
            ],
        },
    ],
    ids=str,
)
async def test_what_is_no_transcript_is_the_engines_failure(
    engine: OpenAITranscription, fake: FakeUpstream, body: object
) -> None:
    fake.hear_next.append(replying(body))
    with pytest.raises(EngineError):
        await heard(engine)


async def test_odd_numbers_that_only_describe_are_left_out(
    engine: OpenAITranscription, fake: FakeUpstream
) -> None:
    odd: Mapping[str, object] = {
        "text": " a",
        "start": 0,
        "end": 9_000,
        "tokens": [1, -1, "x", 2],
        "avg_logprob": "low",
        "temperature": None,
    }
    words = [{"word": 5}, {"word": "a", "start": 0.1, "end": 0.2}, "b"]
    fake.hear_next.append(replying({"text": "a", "segments": [odd], "words": words, "language": 5}))
    [segment] = segments_of(await heard(engine))
    assert (segment.end_s, segment.tokens, segment.avg_logprob) == (2.0, (1, 2), 0.0)
    assert [word.text for word in segment.words] == ["a"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (refusing(401), EngineRefusedError),
        (refusing(429), EngineBusyError),
        (refusing(500), EngineError),
        (refusing(400, {"message": "Audio file is too short."}), InvalidRequestError),
        (whole(200, {"error": {"message": "Out of memory.", "type": "server_error"}}), EngineError),
        (hanging(), EngineTimeoutError),
    ],
)
async def test_refusals_and_failures_have_their_own_errors(
    engine: OpenAITranscription, fake: FakeUpstream, script: object, error: type[Exception]
) -> None:
    fake.hear_next.append(script)  # type: ignore[arg-type]  # a script
    with pytest.raises(error):
        await heard(engine)
