"""Image files: format, dimensions and truncation, read from the first and last bytes.

Nothing is decoded: what hostile pixels do to a decoder, they do not do here.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

HEAD_BYTES = 64 * 2**10
"""Enough of a file's beginning for nearly all; a JPEG may have longer notes before its size."""
TAIL_BYTES = 4 * 2**10
"""Enough of its end, except for JPEGs with an appended video."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of the segments that tell the size."""
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers of segments that have no length."""
_FILL, _LAST, _SCAN = 0xFF, 0xD9, 0xDA
_MOST_STEPS = 1_000
"""Segments and fill bytes of a JPEG before its size; cameras write some ten."""
_LOSSLESS = 0x2F
_FOURTEEN_BITS = 0x3FFF


class Format(StrEnum):
    """A format of images, by its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"


@dataclass(frozen=True, slots=True)
class Header:
    """What the beginning of an image file tells."""

    format: Format
    width: int
    height: int
    length: int = 0
    """Bytes of a JPEG up to its size: its previews, which are JPEGs themselves, lie before."""


class UnreadableImageError(ValueError):
    """The beginning does not tell the size: the file is damaged, or goes on before it does."""


def format_of(head: bytes) -> Format | None:
    """Return the format of the file that begins so, or None if it is another one.

    >>> format_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    """
    if head.startswith(_PNG):
        return Format.PNG
    if head.startswith(_JPEG):
        return Format.JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Format.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format.WEBP
    return None


def header_of(head: bytes, kind: Format) -> Header:
    """Return what the beginning of a file of a format tells.

    >>> header_of(b"GIF89a" + bytes([100, 0, 80, 0]), Format.GIF).width
    100

    Raises:
        UnreadableImageError: it does not tell the size.
    """
    try:
        match kind:
            case Format.PNG:
                width, height = _png_size(head)
            case Format.JPEG:
                return _jpeg_header(head)
            case Format.WEBP:
                width, height = _webp_size(head)
            case Format.GIF:
                width, height = struct.unpack_from("<HH", head, 6)
    except (struct.error, IndexError) as error:
        raise UnreadableImageError from error
    return Header(kind, width, height)


def ends_well(kind: Format, head: bytes, tail: bytes, length: int) -> bool:
    """Whether a file of `length` bytes seems to be all there."""
    match kind:
        case Format.PNG:
            return b"IEND\xaeB`\x82" in tail
        case Format.JPEG:
            return _JPEG_END in tail
        case Format.GIF:
            return tail.rstrip(b"\0").endswith(b";")
        case Format.WEBP:
            promised: int = struct.unpack_from("<I", head, 4)[0]
            return length >= promised + 8


def _png_size(head: bytes) -> tuple[int, int]:
    if head[12:16] != b"IHDR":
        raise UnreadableImageError
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _webp_size(head: bytes) -> tuple[int, int]:
    match head[12:16]:
        case b"VP8X":
            low, high, top, bottom = struct.unpack_from("<HBHB", head, 24)
            return 1 + low + (high << 16), 1 + top + (bottom << 16)
        case b"VP8L" if head[20] == _LOSSLESS:
            (bits,) = struct.unpack_from("<I", head, 21)
            return 1 + (bits & _FOURTEEN_BITS), 1 + (bits >> 14 & _FOURTEEN_BITS)
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & _FOURTEEN_BITS, height & _FOURTEEN_BITS
        case _:
            raise UnreadableImageError


def _jpeg_header(head: bytes) -> Header:
    """Go from segment to segment until one tells the size."""
    at = 2
    for _ in range(_MOST_STEPS):
        if head[at] != _FILL:
            raise UnreadableImageError
        marker = head[at + 1]
        if marker == _FILL:
            at += 1
            continue
        at += 2
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", head, at + 3)
            return Header(Format.JPEG, width, height, length=at)
        if marker in (_SCAN, _LAST):
            raise UnreadableImageError
        if marker not in _JPEG_BARE:
            at += max(2, *struct.unpack_from(">H", head, at))
    raise UnreadableImageError
