"""The sound codec: formats as a judge reads them, streams, exact speeds, and callers who hang up."""

import asyncio
import math
from array import array
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import anyio
import pytest

pytest.importorskip("av", reason="the extra `speech` is not installed")

import av

from fondaco.domain.errors import (
    ConcurrencyLimitError,
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
)
from fondaco.domain.media.speech import SpeechFormat, SpokenPiece
from fondaco.sound.codec import PyAVCodec

RATE = 24_000
READ_AS = {
    SpeechFormat.MP3: ("mp3", "mp3float"),
    SpeechFormat.OPUS: ("ogg", "opus"),
    SpeechFormat.AAC: ("aac", "aac"),
    SpeechFormat.FLAC: ("flac", "flac"),
    SpeechFormat.WAV: ("wav", "pcm_s16le"),
}


def tone(seconds: float, rate: int = RATE, hertz: float = 220.0) -> SpokenPiece:
    samples = (
        round(9_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(int(seconds * rate))
    )
    return SpokenPiece(array("h", samples).tobytes(), rate, 10)


SECOND = tone(1.0)


@pytest.fixture(scope="module")
async def codec() -> AsyncGenerator[PyAVCodec]:
    codec = PyAVCodec()
    async with anyio.create_task_group() as tasks:
        await tasks.start(codec.run)
        yield codec
        tasks.cancel_scope.cancel()


async def written(
    codec: PyAVCodec,
    speech_format: SpeechFormat,
    *pieces: SpokenPiece,
    speed: float = 1.0,
    whole: bool = False,
) -> list[bytes]:
    """Return what came of each piece, and of the end."""
    async with codec.encoder(speech_format, speed=speed, whole=whole) as encoder:
        return [*[await encoder.encode(piece) for piece in pieces], await encoder.finish()]


def heard(file: bytes) -> tuple[str, str, float]:
    """Return container, codec and seconds of a file, as FFmpeg reads it."""
    with av.open(BytesIO(file), "r") as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, stream.codec.name, samples / stream.rate


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize("speech_format", READ_AS, ids=str)
async def test_a_file_has_the_format_and_the_sound(
    codec: PyAVCodec, speech_format: SpeechFormat, *, whole: bool
) -> None:
    file = b"".join(await written(codec, speech_format, SECOND, SECOND, whole=whole))
    container, name, seconds = heard(file)
    assert (container, name) == READ_AS[speech_format]
    assert seconds == pytest.approx(2.0, abs=0.08)  # encoders fill their last frame


async def test_pcm_is_the_samples_alone(codec: PyAVCodec) -> None:
    assert b"".join(await written(codec, SpeechFormat.PCM, SECOND)) == SECOND.pcm


@pytest.mark.parametrize("speech_format", SpeechFormat, ids=str)
async def test_of_a_stream_there_is_something_after_the_first_piece(
    codec: PyAVCodec, speech_format: SpeechFormat
) -> None:
    first, *_ = await written(codec, speech_format, SECOND, SECOND, SECOND)
    assert len(first) > 500


@pytest.mark.parametrize("speech_format", [SpeechFormat.WAV, SpeechFormat.FLAC], ids=str)
async def test_a_whole_file_tells_its_length(codec: PyAVCodec, speech_format: SpeechFormat) -> None:
    *early, file = await written(codec, speech_format, SECOND, SECOND, whole=True)
    assert early == [b"", b""]
    with av.open(BytesIO(file), "r") as container:
        assert container.duration == 2_000_000


@pytest.mark.parametrize("speed", [0.25, 0.3, 0.5, 0.9, 1.1, 2.0, 2.7, 4.0])
async def test_a_speed_is_exact_and_keeps_the_pitch(codec: PyAVCodec, speed: float) -> None:
    pcm = b"".join(await written(codec, SpeechFormat.PCM, SECOND, tone(0.5), speed=speed))
    assert len(pcm) / (2 * RATE) == pytest.approx(1.5 / speed, abs=1e-4)
    samples = array("h", pcm)[RATE // 20 : -RATE // 20]
    rises = sum(a < 0 <= b for a, b in pairwise(samples))
    assert rises * RATE / len(samples) == pytest.approx(220, rel=0.05)


async def test_other_sample_rates_become_24000(codec: PyAVCodec) -> None:
    pcm = b"".join(await written(codec, SpeechFormat.PCM, tone(1.0, rate=22_050)))
    assert len(pcm) / (2 * RATE) == pytest.approx(1.0, abs=1e-3)


async def test_nothing_spoken_is_an_empty_file(codec: PyAVCodec) -> None:
    for speech_format in SpeechFormat:
        file = b"".join(await written(codec, speech_format, SpokenPiece(b"", RATE, 3)))
        if file and speech_format in (SpeechFormat.WAV, SpeechFormat.FLAC):
            assert heard(file)[2] == 0


async def test_of_a_file_that_is_given_up_nothing_is_kept(codec: PyAVCodec) -> None:
    async with codec.encoder(SpeechFormat.FLAC, whole=True) as encoder:
        await encoder.encode(SECOND)
    with pytest.raises(EngineUnavailableError, match="restarted"):
        await encoder.encode(SECOND)


async def test_files_are_written_at_the_same_time_and_do_not_mix(codec: PyAVCodec) -> None:
    alone = {f: b"".join(await written(codec, f, SECOND, tone(0.5))) for f in SpeechFormat}
    found: dict[SpeechFormat, bytes] = {}

    async def write(speech_format: SpeechFormat) -> None:
        found[speech_format] = b"".join(await written(codec, speech_format, SECOND, tone(0.5)))

    async with anyio.create_task_group() as tasks:
        for speech_format in SpeechFormat:
            tasks.start_soon(write, speech_format)
    assert len(found[SpeechFormat.PCM]) == len(alone[SpeechFormat.PCM])
    for speech_format, file in found.items():
        if speech_format is not SpeechFormat.OPUS:  # each Ogg stream has a random serial number
            assert file == alone[speech_format]


async def test_a_caller_who_hangs_up_costs_no_other_caller_anything(codec: PyAVCodec) -> None:
    async with codec.encoder(SpeechFormat.PCM) as encoder:
        before = await encoder.encode(SECOND)
        pid = codec.pid
        for _ in range(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(written, codec, SpeechFormat.FLAC, tone(2.0), tone(2.0))
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
        assert before + await encoder.encode(tone(0.5)) + await encoder.finish() == (
            SECOND.pcm + tone(0.5).pcm
        )
    assert codec.pid == pid


@pytest.mark.parametrize("times", [1, 2])
async def test_the_child_keeps_no_file_of_a_caller_who_hangs_up(
    codec: PyAVCodec, times: int
) -> None:
    numbers: list[int] = []

    async def write() -> None:
        async with codec.encoder(SpeechFormat.MP3) as encoder:
            numbers.append(encoder.number)
            await encoder.encode(SECOND)

    for rounds in range(12):
        call = asyncio.ensure_future(write())
        for _ in range(rounds):
            await asyncio.sleep(0)
        for _ in range(times):
            call.cancel()  # as a disconnect does it
            await asyncio.sleep(0)
        await asyncio.wait((call,))
    for number in numbers:
        response = await codec._worker.ask({"file": number, "step": "finish"})
        assert response.fields.get("fault") == "lost"


@pytest.mark.parametrize(
    "piece",
    [
        replace(SECOND, rate=RATE + 1),
        replace(SECOND, pcm=SECOND.pcm[:-1]),
        replace(SECOND, rate=0),
    ],
)
async def test_sound_that_an_engine_makes_up_is_an_error(
    codec: PyAVCodec, piece: SpokenPiece
) -> None:
    with pytest.raises(EngineError):
        await written(codec, SpeechFormat.MP3, tone(0.1), piece)
    if piece.rate == 0:
        with pytest.raises(EngineError):
            await written(codec, SpeechFormat.MP3, piece)


async def test_a_child_that_is_gone_ends_the_files_that_it_wrote(codec: PyAVCodec) -> None:
    idle = PyAVCodec(idle_s=0.05)
    async with anyio.create_task_group() as tasks:
        await tasks.start(idle.run)
        async with idle.encoder(SpeechFormat.FLAC) as encoder:
            await encoder.encode(SECOND)
            with anyio.fail_after(10):
                while idle.pid is not None:  # noqa: ASYNC110 - the codec tells only who asks
                    await anyio.sleep(0.02)
            with pytest.raises(EngineUnavailableError):
                await encoder.encode(SECOND)
        tasks.cancel_scope.cancel()


async def test_more_files_than_may_be_made_at_a_time_are_refused() -> None:
    codec = PyAVCodec(most_files=1)
    async with codec.encoder(SpeechFormat.PCM):
        with pytest.raises(EngineBusyError):
            async with codec.encoder(SpeechFormat.PCM):
                pass
    async with codec.encoder(SpeechFormat.PCM):
        pass


async def test_one_account_leaves_half_of_the_files_to_others() -> None:
    codec = PyAVCodec(most_files=4)

    async with AsyncExitStack() as files:
        for _ in range(2):
            await files.enter_async_context(codec.encoder(SpeechFormat.PCM, account_id=1))
        with pytest.raises(ConcurrencyLimitError):
            await files.enter_async_context(codec.encoder(SpeechFormat.PCM, account_id=1))
        await files.enter_async_context(codec.encoder(SpeechFormat.PCM, account_id=2))
    async with codec.encoder(SpeechFormat.PCM, account_id=1):
        pass


def test_without_its_package_the_command_is_named() -> None:
    with pytest.raises(EngineUnavailableError, match=r"server\[speech\]"):
        PyAVCodec(installed=lambda: False).expect_installed()


async def test_as_many_files_as_may_be_made_fit_the_memory_of_the_child(codec: PyAVCodec) -> None:
    async with AsyncExitStack() as stack:
        encoders = [
            await stack.enter_async_context(codec.encoder(SpeechFormat.FLAC, speed=0.9))
            for _ in range(128)
        ]
        for encoder in encoders:
            assert await encoder.encode(SECOND)
        pid = codec.pid
    assert len(await written(codec, SpeechFormat.FLAC, SECOND)) == 2
    assert codec.pid == pid
