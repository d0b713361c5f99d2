"""Recordings to samples by PyAV: functions that run in the child process.

A file's first bytes choose its one demuxer; names, types and durations count for nothing. Only the samples
of its first audio track stay.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NoReturn, TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from fondaco.domain.media.sound import SAMPLE_BYTES, SAMPLE_RATE

Fault: TypeAlias = Literal["format", "damaged", "long", "dense"]

_MOST_CHANNELS = 8
_LOWEST_RATE, _HIGHEST_RATE = 4_000, 384_000
_MOST_DECODED_A_SECOND = 384_000
"""Samples of all channels, for each second that is taken: two channels of 192 kHz, or eight of 48 kHz. A file of
3 MB may have an hour of eight channels at 384 kHz, which would be decoded for a minute."""
_MOST_SHARE_DAMAGED = 0.5
"""Of the packets of a file: a few are lost on the way, and players pass over them; most of them are not."""
_CODECS: Final = (
    "aac,aac_fixed,alac,flac,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,libopus,vorbis,libvorbis,"
    "pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,adpcm_ima_wav,adpcm_ms,gsm_ms"
)
_OPTIONS: Final[Mapping[str, str]] = {
    "codec_whitelist": _CODECS,
    "protocol_whitelist": "",
    "max_streams": "32",
    "probesize": str(2**20),
    "analyzeduration": "5000000",
}
_OPTIONS_OF: Final[Mapping[str, Mapping[str, str]]] = {
    # An edit list may repeat a second of sound for hours; without it, each sample is decoded once.
    "mov": {"ignore_editlist": "1", "enable_drefs": "0", "export_all": "0"},
}
_ID3, _ID3_BYTES = b"ID3", 10


class UnusableSoundError(Exception):
    """A file cannot be read as sound."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


def samples_of(file: bytes, most_s: float) -> bytes:
    """Return the samples of a file: one channel of 16,000 a second, as little-endian 16-bit integers.

    Raises:
        UnusableSoundError: it is of no known format, damaged, longer than `most_s` seconds, or has more
            samples than a recording of that length needs.
    """
    demuxer = demuxer_of(file)
    if demuxer is None:
        raise UnusableSoundError("format")
    options = {**_OPTIONS, **_OPTIONS_OF.get(demuxer, {})}
    try:
        with av.open(
            io.BytesIO(file),
            "r",
            format=demuxer,
            options=options,
            metadata_errors="ignore",
            io_open=_refuse,
        ) as container:
            return _samples(container, most_s)
    except (UnusableSoundError, MemoryError):
        raise
    except Exception as error:  # demuxers and decoders raise arbitrary errors at hostile bytes
        raise UnusableSoundError("damaged") from error


def demuxer_of(file: bytes) -> str | None:
    """Return FFmpeg's name of the demuxer for a file, by its first bytes; None: none is for it.

    >>> demuxer_of(b"RIFF....WAVEfmt "), demuxer_of(b"#EXTM3U"), demuxer_of(b"ffconcat version 1.0")
    ('wav', None, None)
    """
    at = 0
    while file.startswith(_ID3, at):
        at += _tag_bytes(file[at : at + _ID3_BYTES])
    head = file[at : at + 12]
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    for magic, demuxer in _MAGIC.items():
        if head.startswith(magic):
            return demuxer
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # noqa: PLR2004 - the sync word
        return "mp3" if head[1] & 0x06 else "aac"  # ADTS has layer 0; MPEG audio does not
    return None


_MAGIC: Final[Mapping[bytes, str]] = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"\x1aE\xdf\xa3": "matroska",
    b"\0\0\x01\xba": "mpeg",
}


def _tag_bytes(head: bytes) -> int:
    """Return the size of an ID3 tag that begins so. Source: ID3v2.4, section 3.1."""
    size = 0
    for octet in head[6:]:
        size = size << 7 | octet & 0x7F
    return _ID3_BYTES + size


def _refuse(url: str, flags: int, options: Mapping[str, object]) -> NoReturn:
    """Open nothing that a file refers to."""
    raise UnusableSoundError("format")


def _samples(container: InputContainer, most_s: float) -> bytes:
    """Return the samples of a file's first audio track.

    Raises:
        UnusableSoundError: there is none, it is none that is taken, or its samples are too many.
    """
    if not container.streams.audio:
        raise UnusableSoundError("format")
    stream = container.streams.audio[0]
    _expect_plausible(stream.rate, stream.channels)
    stream.codec_context.thread_count = 1
    most_bytes = int(most_s * SAMPLE_RATE) * SAMPLE_BYTES
    left = most_s * _MOST_DECODED_A_SECOND
    mono, samples = _Mono(), bytearray()
    for frame in _frames(container, stream):
        left -= frame.samples * frame.layout.nb_channels
        if left < 0:
            raise UnusableSoundError("dense")
        samples += mono.take(frame)
        if len(samples) > most_bytes:
            raise UnusableSoundError("long")
    samples += mono.finish()
    if not samples:
        raise UnusableSoundError("damaged")
    return bytes(samples[:most_bytes])


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yield the frames of a track, but for those of packets that are damaged.

    Raises:
        UnusableSoundError: most packets are.
    """
    packets = damaged = 0
    for packet in container.demux(stream):
        packets += 1
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            damaged += 1
    if damaged > packets * _MOST_SHARE_DAMAGED:
        raise UnusableSoundError("damaged")


def _expect_plausible(rate: int, channels: int) -> None:
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE or not 1 <= channels <= _MOST_CHANNELS:
        raise UnusableSoundError("format")


class _Mono:
    """Mixes the channels of frames to one, and resamples it; frames may change on the way."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None

    def take(self, frame: AudioFrame) -> bytes:
        """Return the samples that a frame completes."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        ended = b""
        if kind != self._kind or self._resampler is None:
            _expect_plausible(frame.sample_rate, frame.layout.nb_channels)
            ended = self.finish()
            self._kind = kind
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        frame.pts = None  # ignores timestamps: each frame follows the previous one
        return ended + _bytes_of(self._resampler.resample(frame))

    def finish(self) -> bytes:
        """Return the samples that are left."""
        if self._resampler is None:
            return b""
        left = _bytes_of(self._resampler.resample(None))
        self._resampler = None
        return left


def _bytes_of(frames: list[AudioFrame]) -> bytes:
    return b"".join([bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES] for frame in frames])
