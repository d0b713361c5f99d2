"""A caller's soundtrack: decoded, as long as the video, and faded out."""

from dataclasses import dataclass
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray

RATE = 48_000
"""Samples a second."""
LONGEST_S = 30
"""Source: POST /video/queue, `audio_url`."""
_FADE_IN_S, _FADE_OUT_S = 0.02, 1.0
_FORMATS = {b"RIFF": "wav", b"ID3": "mp3"}
_MPEG_SYNC = 0xFFE0
"""The bits that each frame of MP3 starts with."""
_MOST_RATE = 192_000


class UnreadableSoundError(Exception):
    """A file that is no soundtrack; the message, for the caller, says why."""


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """Sound in two channels."""

    samples: NDArray[np.float32]
    """[2, length], from -1 to 1."""

    @property
    def length(self) -> int:
        """In samples."""
        return int(self.samples.shape[1])


def soundtrack_of(file: bytes, seconds: float) -> Soundtrack:
    """Return what a video of so many seconds plays.

    A longer file is cut and fades out; after a shorter one there is silence.

    Args:
        file: a WAV or MP3 file.
        seconds: of the video.

    Raises:
        UnreadableSoundError: it is neither, is damaged, or lasts too long.
    """
    try:
        samples = _decoded(file, round(seconds * RATE))
    except (av.error.FFmpegError, ValueError, EOFError, MemoryError) as error:
        raise UnreadableSoundError("The soundtrack cannot be decoded: it is damaged.") from error
    if not samples.shape[1]:
        raise UnreadableSoundError("The soundtrack contains no sound.")
    return Soundtrack(_fitted(samples, round(seconds * RATE)))


def silence(seconds: float) -> Soundtrack:
    """Return the default soundtrack of a video of so many seconds."""
    return Soundtrack(np.zeros((2, round(seconds * RATE)), np.float32))


def _format_of(file: bytes) -> str:
    for start, name in _FORMATS.items():
        if file.startswith(start):
            return name
    if int.from_bytes(file[:2]) & _MPEG_SYNC == _MPEG_SYNC:
        return "mp3"
    raise UnreadableSoundError("The soundtrack is neither a WAV nor an MP3 file.")


def _decoded(file: bytes, length: int) -> NDArray[np.float32]:
    """Return its samples [2, n], n at most `length`; the rest is counted alone."""
    parts: list[NDArray[np.float32]] = []
    kept = 0
    with av.open(BytesIO(file), "r", format=_format_of(file)) as container:
        if not container.streams.audio:
            raise UnreadableSoundError("The soundtrack contains no sound.")
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        heard_s = 0.0
        for frame in container.decode(stream):
            if not 0 < frame.sample_rate <= _MOST_RATE:
                raise ValueError
            heard_s += frame.samples / frame.sample_rate
            if heard_s > LONGEST_S + 1:
                raise UnreadableSoundError(f"The soundtrack lasts longer than {LONGEST_S} seconds.")
            if kept < length:
                for one in resampler.resample(frame):
                    parts.append(np.asarray(one.to_ndarray(), np.float32))
                    kept += one.samples
        parts += [np.asarray(one.to_ndarray(), np.float32) for one in resampler.resample(None)]
    whole = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), np.float32)
    return whole[:, :length]


def _fitted(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return samples that end, gently, where the video ends or the sound does."""
    result = np.zeros((2, length), np.float32)
    heard = samples.shape[1]
    result[:, :heard] = np.nan_to_num(np.clip(samples, -1, 1))
    start, end = min(round(_FADE_IN_S * RATE), heard), min(round(_FADE_OUT_S * RATE), heard)
    result[:, :start] *= np.linspace(0, 1, start, dtype=np.float32)
    if heard == length:
        result[:, heard - end : heard] *= np.linspace(1, 0, end, dtype=np.float32)
    return result
