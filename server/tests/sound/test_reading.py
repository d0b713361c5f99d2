"""Files of recordings: every format is read, and whatever a file says of itself, its samples alone count."""

import io
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra `transcription` is not installed")

import av

from fondaco.domain.errors import (
    AudioTooLongError,
    CorruptedAudioError,
    EngineError,
    EngineUnavailableError,
    InvalidAudioFormatError,
)
from fondaco.domain.media.sound import SAMPLE_RATE, Sound
from fondaco.sound.reader import PyAVReader
from fondaco.sound.reading import UnusableSoundError, demuxer_of, samples_of
from recordings import encoded, joined, noise, silence, tone, wav, wav_of_kind

TONE = tone(1.5)
MOST_S = 60.0
FORMATS = [
    ("wav", "pcm_s16le", 16_000, "mono"),
    ("wav", "pcm_s24le", 96_000, "stereo"),
    ("wav", "pcm_f32le", 44_100, "5.1"),
    ("wav", "pcm_mulaw", 8_000, "mono"),
    ("flac", "flac", 44_100, "stereo"),
    ("mp3", "libmp3lame", 44_100, "stereo"),
    ("mp2", "mp2", 44_100, "mono"),
    ("mpeg", "mp2", 48_000, "stereo"),
    ("adts", "aac", 48_000, "mono"),
    ("ipod", "aac", 44_100, "stereo"),
    ("mp4", "aac", 48_000, "mono"),
    ("mov", "alac", 44_100, "stereo"),
    ("ogg", "libopus", 48_000, "mono"),
    ("aiff", "pcm_s16be", 44_100, "stereo"),
    ("webm", "libopus", 48_000, "stereo"),
    ("matroska", "pcm_s16le", 16_000, "mono"),
]


def heard(file: bytes, most_s: float = MOST_S) -> Sound:
    return Sound(samples_of(file, most_s))


def fault(file: bytes, most_s: float = MOST_S) -> str:
    with pytest.raises(UnusableSoundError) as found:
        samples_of(file, most_s)
    return found.value.fault


def pitch(sound: Sound) -> float:
    """Return the loudest frequency of a sound, in Hz."""
    samples = np.frombuffer(sound.samples, "<i2").astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() / sound.seconds)


@pytest.mark.parametrize(("container", "codec", "rate", "layout"), FORMATS)
def test_every_format_is_read_with_its_length_and_its_pitch(
    container: str, codec: str, rate: int, layout: str
) -> None:
    sound = heard(encoded(TONE, container, codec, rate, layout))
    assert sound.seconds == pytest.approx(TONE.seconds, abs=0.07)
    assert pitch(sound) == pytest.approx(440, abs=2)


def test_samples_of_16_khz_come_through_unchanged() -> None:
    assert heard(wav(noise(0.5))) == noise(0.5)


def test_an_id3_tag_hides_no_format() -> None:
    file = encoded(TONE, "flac", "flac", 44_100)
    tag = b"ID3\x04\0\0" + bytes((0, 0, 2, 0)) + b"canary".ljust(256, b"\0")
    assert demuxer_of(tag + file) == "flac"
    mp3 = encoded(TONE, "mp3", "libmp3lame", 44_100)
    assert heard(tag + mp3).seconds == pytest.approx(TONE.seconds, abs=0.07)


def video(*, with_sound: bool) -> bytes:
    """Return an MP4 file with a second of pictures."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        sound = file.add_stream("aac", rate=48_000, layout="mono") if with_sound else None
        for _ in range(10):
            file.mux(pictures.encode(av.VideoFrame(32, 32, "yuv420p")))
        file.mux(pictures.encode(None))
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 48_000), "f4"), format="fltp", layout="mono"
            )
            frame.sample_rate = 48_000
            file.mux(sound.encode(frame))
            file.mux(sound.encode(None))
    return out.getvalue()


def with_edits(file: bytes, edits: int) -> bytes:
    """Return an MP4 file whose edit list plays its first second so many times."""
    at = file.index(b"elst")
    size = struct.unpack(">I", file[at - 4 : at])[0]
    entries = struct.pack(">IIHH", 1_000, 0, 1, 0) * edits
    table = b"elst" + struct.pack(">II", 0, edits) + entries
    grown = 4 + len(table) - size
    changed = file[: at - 4] + struct.pack(">I", 4 + len(table)) + table + file[at - 4 + size :]
    for box in (b"edts", b"trak", b"moov"):
        box_at = changed.rindex(box, 0, at)
        old = struct.unpack(">I", changed[box_at - 4 : box_at])[0]
        changed = changed[: box_at - 4] + struct.pack(">I", old + grown) + changed[box_at:]
    return changed


def test_a_length_that_a_file_only_claims_counts_for_nothing() -> None:
    samples = TONE.samples
    claims = {
        "4 GB": wav(TONE, 2**32 - 1),
        "streamed": wav(TONE, 0xFFFFFFFF).replace(b"RIFF", b"RIFF", 1),
        "more than there is": wav(TONE, len(samples) * 100),
    }
    for name, file in claims.items():
        assert heard(file).seconds == pytest.approx(TONE.seconds, abs=0.01), name
    short = wav_of_kind(samples, octets=len(samples) // 3)
    assert heard(short).seconds <= TONE.seconds


def test_the_frames_that_an_mp3_says_it_has_count_for_nothing() -> None:
    file = bytearray(encoded(TONE, "mp3", "libmp3lame", 44_100))
    at = max(file.find(b"Xing"), file.find(b"Info"))
    assert at > 0
    file[at + 8 : at + 12] = struct.pack(">I", 2**31)
    assert heard(bytes(file)).seconds == pytest.approx(TONE.seconds, abs=0.1)


def test_edits_that_repeat_a_second_for_an_hour_are_not_played() -> None:
    file = with_edits(encoded(TONE, "ipod", "aac", 48_000), 3_600)
    assert len(file) > 40_000
    assert heard(file).seconds == pytest.approx(TONE.seconds, abs=0.1)


def test_of_a_video_the_sound_alone_is_read() -> None:
    assert heard(video(with_sound=True)).seconds == pytest.approx(1.0, abs=0.05)
    assert fault(video(with_sound=False)) == "format"


def test_what_is_longer_than_is_taken_is_refused_while_it_is_read() -> None:
    hours = encoded(silence(MOST_S + 1), "flac", "flac", 16_000)
    assert len(hours) < 100_000
    assert fault(hours) == "long"
    assert heard(encoded(silence(MOST_S), "flac", "flac", 16_000)).seconds == MOST_S


def test_a_file_of_far_more_samples_than_are_heard_is_refused_while_it_is_read() -> None:
    dense = encoded(silence(3), "flac", "flac", 384_000, "7.1")
    assert len(dense) < 20_000
    assert fault(dense, most_s=20) == "dense"
    assert heard(dense).seconds == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (wav_of_kind(bytes(200_000), octets=200_000, channels=1_000), "format"),
        (wav_of_kind(bytes(20_000), octets=20_000, rate=1_000_000), "format"),
        (wav_of_kind(bytes(20_000), octets=20_000, rate=100), "format"),
        (wav_of_kind(bytes(20_000), octets=20_000, rate=0), "damaged"),
        (wav_of_kind(bytes(20_000), octets=20_000, channels=0), "damaged"),
        (wav(Sound(b"")), "damaged"),
        (wav(TONE)[:40], "damaged"),
        (b"RIFF\0\0\0\0WAVE" + b"junk" * 50, "damaged"),
        (b"fLaC" + bytes(400), "damaged"),
        (b"OggS" + bytes(400), "damaged"),
        (b"\x1aE\xdf\xa3" + bytes(400), "damaged"),
        (b"\0\0\0\x18ftypM4A " + bytes(400), "damaged"),
        (b"\xff\xfb" + bytes(400), "damaged"),
        (b"\xff\xf1" + bytes(400), "damaged"),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f", "damaged"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "format"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "format"),
        (b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>", "format"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "format"),
        (b"MThd\0\0\0\x06", "format"),
        (b"", "format"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_what_is_no_recording_is_refused(file: bytes, expected: str) -> None:
    found = fault(file)
    assert found == expected or {found, expected} == {"damaged", "format"}


@pytest.mark.parametrize(("container", "codec", "rate", "layout"), FORMATS)
def test_a_file_that_was_cut_or_damaged_is_read_in_part_or_refused(
    container: str, codec: str, rate: int, layout: str
) -> None:
    file = encoded(TONE, container, codec, rate, layout)
    random = np.random.default_rng(7)
    for cut in (len(file) // 3, len(file) - 100):
        with suppress(UnusableSoundError):
            assert heard(file[:cut]).seconds <= TONE.seconds + 0.1
    for _ in range(5):
        damaged = bytearray(file)
        for at in random.integers(0, len(file), 20):
            damaged[at] = int(random.integers(0, 256))
        with suppress(UnusableSoundError):
            assert heard(bytes(damaged)).seconds <= MOST_S


@pytest.fixture(scope="module")
async def reader() -> AsyncGenerator[PyAVReader]:
    async with aclosing(PyAVReader()) as reader:
        yield reader


async def test_the_reader_says_what_is_wrong_with_a_file(reader: PyAVReader) -> None:
    assert (await reader.decode(wav(TONE), MOST_S)) == TONE
    with pytest.raises(InvalidAudioFormatError, match="flac, mp3"):
        await reader.decode(b"text", MOST_S)
    with pytest.raises(CorruptedAudioError):
        await reader.decode(b"fLaC" + bytes(50), MOST_S)
    with pytest.raises(AudioTooLongError, match="1 seconds"):
        await reader.decode(wav(TONE), 1)


async def test_a_file_that_takes_too_much_memory_costs_one_child_and_no_more() -> None:
    large = encoded(silence(1_500), "flac", "flac", 16_000)
    async with aclosing(PyAVReader(memory_limit_bytes=200 * 2**20)) as reader:
        with pytest.raises(EngineError):
            await reader.decode(large, 7_200)
        assert await reader.decode(wav(TONE), MOST_S) == TONE


@pytest.mark.long
def test_a_file_that_computes_for_too_long_ends_its_child() -> None:
    spin = "from fondaco.sound.reading_child import limit_cpu; limit_cpu(0)\nwhile True: pass"
    ended = subprocess.run([sys.executable, "-c", spin], check=False, timeout=60)
    assert ended.returncode == -signal.SIGXCPU


async def test_without_its_package_it_says_how_to_install_it() -> None:
    reader = PyAVReader(lambda: False)
    with pytest.raises(EngineUnavailableError, match=r"server\[transcription\]"):
        reader.expect_installed()


def test_sound_of_the_right_rate_is_what_it_says() -> None:
    assert joined(TONE, silence(0.5)).seconds == 2.0
    assert len(TONE.samples) == 1.5 * SAMPLE_RATE * 2
