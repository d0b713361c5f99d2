"""Recordings for tests: a sentence that hibari says, silence, and files of them in any format."""

import io
import struct
from functools import cache

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from fondaco.domain.media.sound import SAMPLE_RATE, Sound

SENTENCE = "The harbour master counted seven ships before dawn."
WORDS = {"harbor", "harbour", "master", "counted", "seven", "ships", "dawn"}
"""Some of it, in either spelling."""
_HIBARI_RATE = 24_000
Samples = NDArray[np.int16]


@cache
def said(sentence: str = SENTENCE) -> Sound:
    """Return a sentence, spoken: 3 seconds, and half a second of silence behind it."""
    hibari = pytest.importorskip("hibari", reason="the extra `speech` is not installed")
    spoken = hibari.Hibari()(sentence, seed=1)
    at = np.arange(len(spoken) * SAMPLE_RATE // _HIBARI_RATE) * (_HIBARI_RATE / SAMPLE_RATE)
    heard = np.interp(at, np.arange(len(spoken)), spoken)
    return Sound((heard * 32_767).astype("<i2").tobytes() + silence(0.5).samples)


def silence(seconds: float) -> Sound:
    return Sound(bytes(int(seconds * SAMPLE_RATE) * 2))


def noise(seconds: float, loudness: float = 0.1) -> Sound:
    random = np.random.default_rng(3).standard_normal(int(seconds * SAMPLE_RATE))
    return Sound((random * loudness * 32_767).clip(-32_768, 32_767).astype("<i2").tobytes())


def tone(seconds: float) -> Sound:
    wave = np.sin(np.arange(int(seconds * SAMPLE_RATE)) * 2 * np.pi * 440 / SAMPLE_RATE)
    return Sound((wave * 8_000).astype("<i2").tobytes())


def joined(*sounds: Sound) -> Sound:
    return Sound(b"".join(sound.samples for sound in sounds))


def wav(sound: Sound, claimed_bytes: int | None = None) -> bytes:
    """Return a sound as a WAV file, which says that it has so many bytes of samples."""
    octets = len(sound.samples) if claimed_bytes is None else claimed_bytes
    return wav_of_kind(sound.samples, octets=octets)


def wav_of_kind(
    samples: bytes, *, octets: int, channels: int = 1, rate: int = SAMPLE_RATE
) -> bytes:
    """Return samples of 16 bits as a WAV file with this head, true or not."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(36 + octets, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, channels, rate),
        *(min(rate * channels * 2, 2**32 - 1), channels * 2 % 65_536, 16, b"data", octets),
    )
    return head + samples


def encoded(
    sound: Sound, container: str, codec: str, rate: int = 48_000, layout: str = "mono"
) -> bytes:
    """Return a sound as a file that FFmpeg writes."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        resampler = AudioResampler(format=stream.format, layout=layout, rate=rate)
        samples = np.frombuffer(sound.samples, "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return out.getvalue()


def words_in(text: str) -> set[str]:
    """Return the words of a transcript that the sentence has, without case and points."""
    return {word.strip(".,!?").lower() for word in text.split()} & WORDS


def understood(text: str) -> bool:
    """Whether a transcript is one of the sentence."""
    return len(words_in(text)) >= len(WORDS) - 1
