"""WAV files, read as they come: which samples they have, and where these begin."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM, _EXTENSIBLE = 1, 0xFFFE
_MONO, _BITS = 1, 16
HEADER_LIMIT_BYTES = 2**16
"""Above the header of any file of speech."""


class UnusableWavError(Exception):
    """It is no WAV file of mono PCM with 16 bits a sample."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """Header before the samples of a file."""

    rate: int
    """Samples a second."""
    size_bytes: int
    """Of the header."""


def wav_header_of(begun: bytes) -> WavHeader | None:
    """Return the header of a file that begins so; None: there must be more of it.

    Raises:
        UnusableWavError: it is none that can be used.
    """
    if len(begun) < _RIFF.size:
        return None
    riff, _, wave = _RIFF.unpack_from(begun)
    if (riff, wave) != (b"RIFF", b"WAVE"):
        raise UnusableWavError
    rate = 0
    for name, at, size in _chunks(begun):
        if name == b"data" and rate:
            return WavHeader(rate, at)
        if name == b"data" or at + size > HEADER_LIMIT_BYTES:
            raise UnusableWavError
        if name == b"fmt ":
            rate = _rate(begun, at)
    return None


def _chunks(begun: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and size of the parts that have started."""
    at = _RIFF.size
    while len(begun) >= at + _CHUNK.size:
        name, size = _CHUNK.unpack_from(begun, at)
        at += _CHUNK.size
        yield name, at, size
        at += size + size % 2


def _rate(begun: bytes, at: int) -> int:
    if len(begun) < at + _FORMAT.size:
        return 0  # the format chunk is incomplete
    kind, channels, rate, _, _, bits = _FORMAT.unpack_from(begun, at)
    if kind not in (_PCM, _EXTENSIBLE) or (channels, bits) != (_MONO, _BITS):
        raise UnusableWavError
    return int(rate)
