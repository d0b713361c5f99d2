"""Transcription by OpenAI's clients, on the built-in engine, of speech by the built-in voice."""

from base64 import b64encode
from pathlib import Path

import httpx2
import openai
import pytest

pytest.importorskip("faster_whisper", reason="the extra `transcription` is not installed")

from openai.types.audio import (
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)

from node_clients import needs_node, printed
from program import Program, model_file, program
from recordings import SENTENCE, encoded, said, silence, understood, wav

TINY = "whisper-tiny.en"


@pytest.fixture
def client(served: Program) -> openai.OpenAI:
    if not model_file(f"{TINY}.bin").is_file():
        pytest.skip(f"the model is not installed: run `fondaco models pull {TINY}`")
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.api_key, max_retries=0)


def test_openais_python_client_transcribes_streams_and_gets_subtitles(
    served: Program, client: openai.OpenAI
) -> None:
    ears, sound = client.audio.transcriptions, said()
    before = len(served.charged())
    mp3 = encoded(sound, "mp3", "libmp3lame", 44_100)
    verbose = ears.create(
        model=TINY,
        file=("said.mp3", mp3),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        prompt=f"{SENTENCE} Then",
    )
    assert isinstance(verbose, TranscriptionVerbose)
    assert understood(verbose.text), verbose.text
    assert verbose.usage is not None
    assert (verbose.usage.type, verbose.usage.seconds) == ("duration", 4)
    assert verbose.language == "english"
    assert verbose.words is not None
    assert verbose.segments is not None
    assert len(verbose.words) >= 7
    assert verbose.segments[-1].end <= verbose.duration == pytest.approx(sound.seconds, abs=0.1)

    srt = ears.create(model=TINY, file=("said.mp3", mp3), response_format="srt")
    assert isinstance(srt, str)
    assert srt.startswith("1\n00:00:0")

    events = list(ears.create(model=TINY, file=("said.mp3", mp3), stream=True))
    deltas = [one.delta for one in events if isinstance(one, TranscriptionTextDeltaEvent)]
    done = events[-1]
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert understood(done.text)
    assert "".join(deltas) == done.text
    charged = served.charged()[before:]
    assert [(row.sku, row.units) for row in charged] == [(f"{TINY}-asr-second", 4)] * 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # OpenAI will end its translations
def test_openais_python_client_gets_errors_that_say_what_to_do(client: openai.OpenAI) -> None:
    ears = client.audio
    with pytest.raises(openai.BadRequestError, match="flac, mp3"):
        ears.transcriptions.create(model=TINY, file=("a.mp3", b"no recording"))
    with pytest.raises(openai.BadRequestError, match="does not translate"):
        ears.translations.create(model=TINY, file=("a.wav", wav(silence(1))))
    with pytest.raises(openai.BadRequestError, match="supports only en"):
        ears.transcriptions.create(model=TINY, file=("a.wav", wav(silence(1))), language="fr")
    assert ears.transcriptions.create(model=TINY, file=("a.wav", wav(silence(1)))).text == ""


def test_the_built_in_chat_model_reads_what_a_recording_says(
    client: openai.OpenAI, tmp_path: Path
) -> None:
    environ = {"FONDACO_CHAT__HEAR_WITH": TINY}
    data = b64encode(encoded(said(), "mp3", "libmp3lame", 44_100)).decode()
    recording = {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}
    body = {
        "model": "default",
        "max_tokens": 3,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi."}, recording]}],
    }
    with program(tmp_path / "home", environ=environ) as one:
        reply = one.http.post("/v1/chat/completions", json=body)
        assert reply.status_code == httpx2.codes.OK, reply.text
        heard, *tokens = one.charged()
        assert (heard.sku, heard.units) == (f"{TINY}-heard-second", 4)
        assert {row.call_id for row in tokens} == {heard.call_id}
        assert reply.json()["usage"]["prompt_tokens"] > 20  # the sentence among them


@needs_node
def test_openais_npm_client_does_the_same(served: Program, client: openai.OpenAI) -> None:
    environ = {"OPENAI_BASE_URL": f"{served.url}/v1", "OPENAI_API_KEY": served.api_key}
    seen = printed("transcription.mjs", environ)
    assert "noon" in seen["text"]
    assert seen["text"] == seen["done"]
    assert seen["seconds"] >= 1
    assert seen["vtt"].startswith("WEBVTT\n\n00:00:0")
    assert (seen["refused"]["status"], "flac, mp3" in seen["refused"]["message"]) == (400, True)
