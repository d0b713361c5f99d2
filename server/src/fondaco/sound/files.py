"""Sound files: PCM in, the bytes of a file out, as they come or as one whole."""

import struct
from io import BytesIO
from typing import Protocol

import av
import numpy as np
from av.container import OutputContainer

from fondaco.domain.media.speech import SAMPLE_BYTES, SpeechFormat
from fondaco.sound.tempo import RATE

_CONTAINERS: dict[SpeechFormat, tuple[str, str, dict[str, str]]] = {
    SpeechFormat.MP3: ("mp3", "libmp3lame", {"id3v2_version": "0"}),
    SpeechFormat.OPUS: ("ogg", "libopus", {"page_duration": "200000"}),
    SpeechFormat.AAC: ("adts", "aac", {}),
    SpeechFormat.FLAC: ("flac", "flac", {}),
}
"""Format -> FFmpeg's names of the container and the encoder, and options of the container."""
_BITS_A_SECOND = {SpeechFormat.MP3: 64_000, SpeechFormat.OPUS: 32_000, SpeechFormat.AAC: 64_000}
_UNKNOWN = 0xFFFF_FFFF
"""As the length of a WAV file that is still being made."""
_WAV_HEADER_BYTES = 44


class SoundFile(Protocol):
    """A file that is being written."""

    def add(self, pcm: bytes) -> bytes:
        """Return the bytes of the file that further samples complete."""
        ...

    def finish(self) -> bytes:
        """Return the rest of it."""
        ...


def sound_file(speech_format: SpeechFormat, *, whole: bool) -> SoundFile:
    """Return a new file; of a whole one, nothing comes before its end."""
    match speech_format:
        case SpeechFormat.PCM:
            return Samples()
        case SpeechFormat.WAV:
            return WholeWav() if whole else EndlessWav()
        case _:
            return Encoded(speech_format, whole=whole)


class Samples:
    """Raw PCM."""

    def add(self, pcm: bytes) -> bytes:
        """Return the samples."""
        return pcm

    def finish(self) -> bytes:
        """Return nothing."""
        return b""


class EndlessWav:
    """A WAV file without a length in its header, as it is streamed."""

    def __init__(self) -> None:
        self._header = wav_header(None)

    def add(self, pcm: bytes) -> bytes:
        """Return the samples; the header before the first ones."""
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        """Return nothing, or the header where there were no samples."""
        return self.add(b"")


class WholeWav:
    """A WAV file with its length."""

    def __init__(self) -> None:
        self._samples = bytearray()

    def add(self, pcm: bytes) -> bytes:
        """Keep the samples."""
        self._samples += pcm
        return b""

    def finish(self) -> bytes:
        """Return the file."""
        return wav_header(len(self._samples)) + self._samples


def wav_header(size: int | None) -> bytes:
    """Return the header of a WAV file with so many bytes of samples; None: unknown."""
    data, riff = (_UNKNOWN, _UNKNOWN) if size is None else (size, size + _WAV_HEADER_BYTES - 8)
    fields = struct.pack("<HHIIHH", 1, 1, RATE, RATE * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    fmt = struct.pack("<4sI", b"fmt ", len(fields)) + fields
    return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + fmt + struct.pack("<4sI", b"data", data)


class Encoded:
    """A file of FFmpeg's making."""

    def __init__(self, speech_format: SpeechFormat, *, whole: bool) -> None:
        """Begin a file.

        Args:
            speech_format: neither PCM nor WAV.
            whole: whether the file is complete before it is delivered, so that its header can tell
                its length.
        """
        container, encoder, options = _CONTAINERS[speech_format]
        self._whole = whole
        self._out: _Draft | _Pipe = _Draft() if whole else _Pipe()
        self._container: OutputContainer = av.open(
            self._out, "w", format=container, container_options=options
        )
        stream = self._container.add_stream(encoder, rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)  # noqa: S101 - as the encoder is one of sound
        if speech_format in _BITS_A_SECOND:
            stream.bit_rate = _BITS_A_SECOND[speech_format]
        self._stream = stream

    def add(self, pcm: bytes) -> bytes:
        """Return the bytes written meanwhile."""
        if pcm:
            frame = av.AudioFrame.from_ndarray(
                np.frombuffer(pcm, np.int16).reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = RATE
            self._container.mux(self._stream.encode(frame))
        return b"" if self._whole else self._out.taken()

    def finish(self) -> bytes:
        """Return the rest."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._out.taken()


class _Draft(BytesIO):
    """A file whose muxer may go back to its header."""

    def taken(self) -> bytes:
        """Return all of it."""
        return self.getvalue()


class _Pipe:
    """Sink for a muxer's output that does not allow seeking."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return the bytes written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
