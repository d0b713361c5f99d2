"""MP4 files, read as far as their boxes tell: size, duration, and which tracks there are.

Source: ISO/IEC 14496-12, boxes `ftyp`, `moov`, `mvhd`, `trak`, `tkhd`, `mdia`, `hdlr`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HEAD: Final = 8
_LARGE_HEAD: Final = 16
_MOST_BOXES: Final = 1_000
_FIXED_POINT: Final = 1 << 16


class UnreadableVideoError(Exception):
    """The file is not an MP4 file, or is damaged."""


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """Facts from the header of an MP4 file."""

    seconds: float
    width: int
    height: int
    """Of its first video track, in pixels."""
    sound: bool
    """Whether it has an audio track."""


def video_header(file: bytes) -> VideoHeader:
    """Read the header of an MP4 file.

    Raises:
        UnreadableVideoError: it is none, or has no video.
    """
    try:
        return _header(memoryview(file))
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise UnreadableVideoError("The file is not an MP4 file, or is damaged.") from error


def _header(file: memoryview) -> VideoHeader:
    top = list(_boxes(file))
    if not top or top[0][0] != b"ftyp":
        raise ValueError("ftyp")
    movie = _first(top, b"moov")
    _first(top, b"mdat")
    inside = list(_boxes(movie))
    kinds: dict[bytes, tuple[int, int]] = {}
    for name, track in inside:
        if name == b"trak":
            parts = list(_boxes(track))
            handler = _first(list(_boxes(_first(parts, b"mdia"))), b"hdlr")
            kinds.setdefault(bytes(handler[8:12]), _size(_first(parts, b"tkhd")))
    width, height = kinds.get(b"vide", (0, 0))
    if not width or not height:
        raise ValueError("vide")
    return VideoHeader(_seconds(_first(inside, b"mvhd")), width, height, b"soun" in kinds)


def _seconds(movie_header: memoryview) -> float:
    if movie_header[0] == 1:  # 64-bit times
        return _number(movie_header, 24, 8) / _number(movie_header, 20, 4)
    return _number(movie_header, 16, 4) / _number(movie_header, 12, 4)


def _size(track_header: memoryview) -> tuple[int, int]:
    """Return width and height, which are the last two numbers, in 16.16 fixed point."""
    end = len(track_header)
    return (
        _number(track_header, end - 8, 4) // _FIXED_POINT,
        _number(track_header, end - 4, 4) // _FIXED_POINT,
    )


def _first(boxes: list[tuple[bytes, memoryview]], wanted: bytes) -> memoryview:
    for name, content in boxes:
        if name == wanted:
            return content
    raise ValueError(wanted)


def _boxes(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the name and the content of each box, all of which lie within `content`."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at == len(content):
            return
        length, name, head = _number(content, at, 4), bytes(content[at + 4 : at + _HEAD]), _HEAD
        if length == 1:
            length, head = _number(content, at + _HEAD, 8), _LARGE_HEAD
        elif length == 0:  # the box extends to the end of the file
            length = len(content) - at
        if length < head or at + length > len(content):
            raise ValueError("length")
        yield name, content[at + head : at + length]
        at += length
    raise ValueError("too many boxes")


def _number(content: memoryview, at: int, octets: int) -> int:
    raw = content[at : at + octets]
    if at < 0 or len(raw) != octets:
        raise ValueError("end")
    return int.from_bytes(raw, "big")
