"""Speech models of OpenAI-compatible upstreams: the contract, requests, and replies that break it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import anyio
import pytest

from contracts.speech_engine import Bench, SpeechEngineContract, joined
from fake_upstream import FakeUpstream, Script, raw, refusing, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.media.speech import SpeechTask, SpokenPiece
from fondaco.engines.common.speech.wav import UnusableWavError, wav_header_of
from fondaco.engines.openai.speech import OpenAISpeech, UpstreamSpeechModel
from fondaco.sound.files import wav_header
from toy_speaker import RATE, tone

TASK = SpeechTask(model="ours", text="Go on to me, do so. We do go on.", voice="tara")
WORDS = tone("a b c d e f g h i j")


def sending(body: bytes, content_type: str = "audio/pcm", *, pieces: int = 1) -> Script:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    size = max(1, -(-len(body) // pieces))
    return raw(head.encode(), *(body[at : at + size] for at in range(0, len(body), size)))


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAISpeech]:
    client = connect(
        fake.base_url, key="k", first_byte_timeout_s=5, chunk_timeout_s=5, total_timeout_s=20
    )
    yield OpenAISpeech("faker", client, {"ours": UpstreamSpeechModel("theirs")})
    await client.aclose()


@pytest.fixture
def bench(engine: OpenAISpeech) -> Bench:
    return Bench(engine, TASK)


class TestOpenAISpeech(SpeechEngineContract):
    pass


async def spoken(engine: OpenAISpeech, task: SpeechTask = TASK) -> list[SpokenPiece]:
    async with aclosing(engine.speak(task)) as pieces:
        return [piece async for piece in pieces]


async def test_the_engine_is_asked_by_its_own_name_for_pcm(
    engine: OpenAISpeech, fake: FakeUpstream
) -> None:
    await spoken(engine, replace(TASK, text="Hi \ud800", instructions="Whisper."))
    await spoken(engine)
    assert fake.spoken[0].body == {
        "model": "theirs",
        "input": "Hi ?",
        "voice": "tara",
        "response_format": "pcm",
        "instructions": "Whisper.",
    }
    assert "instructions" not in fake.spoken[1].body


async def test_the_characters_of_what_has_come_are_estimated(
    engine: OpenAISpeech, fake: FakeUpstream
) -> None:
    pieces = await spoken(engine)
    assert len(pieces) >= 2
    assert pieces[0].characters == round(15 * pieces[0].seconds)
    fake.speak_next.append(sending(WORDS * 20, pieces=8))
    pieces = await spoken(engine)
    assert [piece.characters for piece in pieces][-1] == 1
    assert sum(piece.characters for piece in pieces) == len(TASK.text)


@pytest.mark.parametrize("refused", ["Unknown response_format", "PCM is not supported"])
async def test_an_engine_without_pcm_is_asked_for_wav(
    engine: OpenAISpeech, fake: FakeUpstream, refused: str
) -> None:
    fake.speak_next.append(refusing(400, {"message": refused}))
    for _ in range(2):
        fake.speak_next.append(sending(wav_header(None) + WORDS, "audio/wav", pieces=100))
        assert joined(await spoken(engine)) == WORDS
    assert [asked.body["response_format"] for asked in fake.spoken] == ["pcm", "wav", "wav"]


@pytest.mark.parametrize(
    ("body", "content_type", "rate"),
    [
        (WORDS, "audio/pcm;rate=16000", 16_000),
        (WORDS, "application/octet-stream", RATE),
        (WORDS, "", RATE),
        (WORDS + b"\0", "audio/pcm", RATE),
        (wav_header(len(WORDS)) + WORDS, "audio/pcm", RATE),
        (wav_header(len(WORDS)).replace(b"fmt ", b"LIST\x03\0\0\0abc\0fmt ") + WORDS, "", RATE),
    ],
)
async def test_sound_is_taken_in_the_ways_that_engines_send_it(
    engine: OpenAISpeech, fake: FakeUpstream, body: bytes, content_type: str, rate: int
) -> None:
    for pieces in (1, 50):
        fake.speak_next.append(sending(body, content_type, pieces=pieces))
        found = await spoken(engine)
        assert joined(found) == WORDS
        assert {piece.rate for piece in found} == {rate}


def stereo() -> bytes:
    return wav_header(None).replace(b"\x01\0\x01\0", b"\x01\0\x02\0")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (refusing(401), EngineRefusedError),
        (refusing(429), EngineBusyError),
        (refusing(500), EngineError),
        (refusing(400, {"message": "voice not found"}), InvalidRequestError),
        (sending(b""), EngineError),
        (sending(b"\0"), EngineError),
        (sending(b"ID3\x04" + WORDS), EngineError),
        (sending(b"OggS" + WORDS, "audio/ogg"), EngineError),
        (sending(b"<html>", "text/html"), EngineError),
        (sending(b"[1]", "application/json"), EngineError),
        (sending(b"{", "application/json"), EngineError),
        (replying({"error": {"message": "no such voice", "code": 400}}), InvalidRequestError),
        (replying({"audio": "aGk="}), EngineError),
        (sending(stereo() + WORDS), EngineError),
        (sending(b"RIFF" + bytes(8) + WORDS), EngineError),
        (sending(b"RIFF\0\0\0\0WAVE"), EngineError),
        (sending(b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + WORDS), EngineError),
        (sending(b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\xff" + WORDS), EngineError),
        (sending(wav_header(None).replace((24_000).to_bytes(4, "little"), bytes(4))), EngineError),
        (sending(WORDS, "audio/pcm;rate=999999"), EngineError),
        (sending(WORDS, "audio/pcm;rate=0001"), EngineError),
        (sending(bytes(2 * RATE * 200), pieces=20), EngineError),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", WORDS[:99], then="cut"),
            EngineError,
        ),
    ],
)
async def test_what_is_no_sound_is_an_error(
    engine: OpenAISpeech, fake: FakeUpstream, script: Script, error: type[FondacoError]
) -> None:
    fake.speak_next.append(script)
    with pytest.raises(error):
        await spoken(engine)
    assert joined(await spoken(engine))


async def test_hanging_up_stops_the_engine(engine: OpenAISpeech, fake: FakeUpstream) -> None:
    endless = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]
    endless += [b"%x\r\n%b\r\n" % (len(WORDS), WORDS)] * 2
    fake.speak_next.append(raw(*endless, then="hang"))
    async with aclosing(engine.speak(TASK)) as pieces:
        await anext(pieces)
    with anyio.fail_after(20):
        await fake.spoken[0].hang_up.wait()


@pytest.mark.parametrize("size", range(44))
def test_a_header_is_read_wherever_it_is_cut(size: int) -> None:
    assert wav_header_of(wav_header(None)[:size]) is None


def test_what_is_no_wav_is_told() -> None:
    with pytest.raises(UnusableWavError):
        wav_header_of(b"RIFX" + bytes(40))
