"""Image files: format, dimensions and truncation, read from the first and last bytes.

Nothing is decoded, so malicious pixels cannot exploit a decoder.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

HEAD_BYTES = 64 * 2**10
"""Bytes at the start that suffice for nearly all files; a JPEG may have longer metadata before its size."""
TAIL_BYTES = 4 * 2**10
"""Bytes at the end that suffice, except for JPEGs with an appended video."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of segments with the dimensions."""
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers of segments that have no length."""
_FILL, _LAST, _SCAN = 0xFF, 0xD9, 0xDA
_MOST_STEPS = 1_000
"""Segments and fill bytes of a JPEG before its size; cameras write some ten."""
_FIRST_CHUNK = 12
_LOSSLESS = 0x2F
_FOURTEEN_BITS = 0x3FFF


class Format(StrEnum):
    """An image format, by its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"


@dataclass(frozen=True, slots=True)
class Header:
    """Format and dimensions in the start of an image file."""

    format: Format
    width: int
    height: int
    length: int = 0
    """Bytes of a JPEG up to its size: its previews, which are JPEGs themselves, lie before."""


class UnreadableImageError(ValueError):
    """The start has no dimensions: the file is damaged, or they come later."""


def format_of(head: bytes) -> Format | None:
    """Return the format of a file by its first bytes, or None if it is unknown.

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
    """Parse the start of a file of a known format.

    >>> header_of(b"GIF89a" + bytes([100, 0, 80, 0]), Format.GIF).width
    100

    Raises:
        UnreadableImageError: it does not contain the dimensions.
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


def is_complete(kind: Format, head: bytes, tail: bytes, length: int) -> bool:
    """Whether a file of `length` bytes seems complete."""
    match kind:
        case Format.PNG:
            return _PNG_END in tail
        case Format.JPEG:
            return _JPEG_END in tail
        case Format.GIF:
            return tail.rstrip(b"\0").endswith(b";")
        case Format.WEBP:
            declared: int = struct.unpack_from("<I", head, 4)[0]
            return length >= declared + 8


def is_alone(kind: Format, head: bytes, tail: bytes, length: int) -> bool:
    """Whether nothing follows the picture in a file of `length` bytes that seems complete.

    A JPEG may have an appendix: phones put videos behind their photographs.
    """
    match kind:
        case Format.PNG:
            return tail.rstrip(b"\0").endswith(_PNG_END)
        case Format.WEBP:
            declared: int = struct.unpack_from("<I", head, 4)[0]
            return length <= declared + 8 + declared % 2
        case Format.GIF | Format.JPEG:
            return True


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
    """Walk the segments up to the one with the dimensions."""
    offset = 2
    for _ in range(_MOST_STEPS):
        if head[offset] != _FILL:
            raise UnreadableImageError
        marker = head[offset + 1]
        if marker == _FILL:
            offset += 1
            continue
        offset += 2
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", head, offset + 3)
            return Header(Format.JPEG, width, height, length=offset)
        if marker in (_SCAN, _LAST):
            raise UnreadableImageError
        if marker not in _JPEG_BARE:
            offset += max(2, *struct.unpack_from(">H", head, offset))
    raise UnreadableImageError


def first_frame(file: bytes) -> tuple[int, int, int, int] | None:
    """Return where the first frame of an animated WebP lies on its canvas: left, top, right and bottom.

    None: it is not animated. Source: RFC 9649, section 2.7.1.1.

    >>> first_frame(b"RIFF....WEBPVP8 ....")
    """
    offset = _FIRST_CHUNK
    for _ in range(_MOST_STEPS):
        if file[offset : offset + 4] == b"ANMF" and len(file) >= offset + 20:
            half_left, half_top, width, height = (
                int.from_bytes(file[at : at + 3], "little")
                for at in range(offset + 8, offset + 20, 3)
            )
            left, top = 2 * half_left, 2 * half_top
            return left, top, left + width + 1, top + height + 1
        size = int.from_bytes(file[offset + 4 : offset + 8], "little")
        offset += 8 + size + size % 2
        if offset >= len(file):
            break
    return None
