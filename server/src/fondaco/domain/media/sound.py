"""Audio as engines receive it: one channel of samples, from any file format."""

import struct
from dataclasses import dataclass, field
from math import ceil
from typing import Final

SAMPLE_RATE: Final = 16_000
"""Samples a second: what models of speech are trained on."""
SAMPLE_BYTES: Final = 2
_PCM = 1
_HEAD = "<4sI4s4sIHHIIHH4sI"
_HEAD_BYTES = 36
"""Of a WAV file's head, from what follows the size of the whole."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono sound of 16,000 samples a second."""

    samples: bytes = field(repr=False)
    """Signed 16-bit integers, little-endian."""

    @property
    def seconds(self) -> float:
        """Duration in seconds.

        >>> Sound(bytes(48_000)).seconds
        1.5
        """
        return len(self.samples) / (SAMPLE_RATE * SAMPLE_BYTES)

    def between(self, start_s: float, end_s: float) -> "Sound":
        """Return the part from one time to another one, or to its end.

        >>> Sound(bytes(48_000)).between(0.5, 9).seconds
        1.0
        """
        return Sound(self.samples[_offset(start_s) : _offset(end_s)])


def charged_seconds(seconds: float) -> int:
    """Return the charged length of sound: whole seconds, rounded up.

    >>> charged_seconds(0), charged_seconds(0.01), charged_seconds(60), charged_seconds(60.1)
    (0, 1, 60, 61)
    """
    return ceil(seconds)


def wav_of(samples: bytes, *, rate: int, sample_bytes: int = 2) -> bytes:
    """Return a WAV file of one channel. Source: Microsoft's "Multimedia Programming Interface", RIFF WAVE.

    Args:
        samples: signed integers, little-endian.
        rate: samples a second.
        sample_bytes: of each.

    >>> len(wav_of(bytes(320), rate=16_000))
    364
    """
    octets = len(samples)
    head = struct.pack(
        _HEAD,
        *(b"RIFF", _HEAD_BYTES + octets, b"WAVE", b"fmt ", 16, _PCM, 1, rate),
        *(rate * sample_bytes, sample_bytes, 8 * sample_bytes, b"data", octets),
    )
    return head + samples


def _offset(seconds: float) -> int:
    return max(0, round(seconds * SAMPLE_RATE)) * SAMPLE_BYTES
