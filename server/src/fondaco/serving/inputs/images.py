"""Image inputs: fetched, checked by their own bytes, and converted to data URLs.

Source: POST /chat/completions, `image_url`: "Image must pass validation checks and be >= 64 pixels square".
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Protocol

from fondaco.domain.errors import CorruptedImageError, Faults, InvalidImageFormatError
from fondaco.domain.media.image_file import (
    HEAD_BYTES,
    TAIL_BYTES,
    Format,
    Header,
    UnreadableImageError,
    format_of,
    header_of,
    is_alone,
    is_complete,
)

MOST_IMAGE_BYTES = 10 * 2**20
"""Of an image in a chat, and of one that is fetched."""
_LONGEST_HEAD_BYTES = 2 * 2**20
"""Maximum offset in a JPEG up to which its dimensions are searched."""
_ALPHABET = (ascii_letters + digits + "+/").encode()
_MOST_PADDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBounds:
    """The sizes of images that a use case takes."""

    most_bytes: int | None = None
    """None: what the limit of the request's body leaves."""
    least_side: int
    """In pixels."""
    longest_side: int
    least_pixels: int = 1
    most_pixels: int
    alone: bool = False
    """Whether a file may hold nothing but its picture."""


_SHOWN = ImageBounds(
    most_bytes=MOST_IMAGE_BYTES, least_side=64, longest_side=2**31, most_pixels=50_000_000
)
"""In a chat; the most pixels are above what cameras produce, and what any model uses."""


def is_data_url(url: str) -> bool:
    """Whether a URL is a data URL."""
    return url[:5].lower() == "data:"


def checked(url: str, field_path: str) -> str:
    """Return a data URL of an image with the media type that its bytes tell.

    Raises:
        InvalidImageFormatError: it is of another format, or of a size that is not taken.
        CorruptedImageError: it is no base64, or damaged.
    """
    head, comma, content = url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise corrupted(field_path, "It must start with: data:image/png;base64,")
    raw = base64_of(content)
    if raw is None:
        raise corrupted(field_path, "Its content is not base64: no spaces, no line breaks, padded.")
    kind = inspected(_Encoded(raw), field_path, _SHOWN).format
    return f"data:{kind};base64,{content}"


def enclosed(body: bytes, field_path: str) -> str:
    """Return an image file as a data URL.

    Raises:
        InvalidImageFormatError, CorruptedImageError: as from `checked`.
    """
    kind = inspected(PlainFile(body), field_path, _SHOWN).format
    return f"data:{kind};base64,{b64encode(body).decode()}"


def base64_of(text: str) -> bytes | None:
    """Return base64 as ASCII, or None if a strict decoder would reject it.

    >>> base64_of("QUJD"), base64_of("QUI="), base64_of("Q UJD"), base64_of("QUI")
    (b'QUJD', b'QUI=', None, None)
    """
    if not text.isascii():
        return None
    raw = text.encode()
    bare = raw.rstrip(b"=")
    padded = len(raw) % 4 == 0 and len(raw) - len(bare) <= _MOST_PADDING
    return raw if bare and padded and not bare.translate(None, _ALPHABET) else None


def decoded_bytes(raw: bytes) -> int:
    """Return how many bytes base64 stands for.

    >>> decoded_bytes(b"QUI=")
    2
    """
    return len(raw.rstrip(b"=")) * 3 // 4


class File(Protocol):
    """An image file, of which only the start and the end are looked at."""

    length: int
    """In bytes."""

    def first(self, count: int) -> bytes:
        """Return so many bytes of the start."""
        ...

    def last(self, count: int) -> bytes:
        """Return so many bytes of the end."""
        ...


class PlainFile:
    """A file as its bytes."""

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    def first(self, count: int) -> bytes:
        """As `File` says."""
        return self._body[:count]

    def last(self, count: int) -> bytes:
        """As `File` says."""
        return self._body[max(0, self.length - count) :]


class _Encoded:
    """A file in base64, decoded only where it is inspected."""

    def __init__(self, raw: bytes) -> None:
        self.length = decoded_bytes(raw)
        self._raw = raw

    def first(self, count: int) -> bytes:
        return b64decode(self._raw[: _digits(count)])

    def last(self, count: int) -> bytes:
        return b64decode(self._raw[max(0, len(self._raw) - _digits(count)) :])


def _digits(count: int) -> int:
    """Return how many digits hold so many bytes, or a few more: whole groups of four."""
    return (count + 2) // 3 * 4


def inspected(file: File, field_path: str, bounds: ImageBounds) -> Header:
    """Return the format and the size of a file, by its first and last bytes.

    Raises:
        InvalidImageFormatError: it is of another format, or of a size that is not taken.
        CorruptedImageError: it is damaged.
    """
    if bounds.most_bytes is not None and file.length > bounds.most_bytes:
        raise _refused(field_path, f"It is larger than {bounds.most_bytes:,} bytes.")
    head = file.first(HEAD_BYTES)
    kind = format_of(head)
    if kind is None:
        raise _refused(field_path, "It is not a PNG, JPEG, WEBP or GIF file.")
    try:
        header = header_of(head, kind)
    except UnreadableImageError:
        if kind is not Format.JPEG:
            raise corrupted(field_path, "Its size cannot be read.") from None
        header = _late_header(file, field_path)
    _expect_size(header, field_path, bounds)
    if not _is_whole(file, header, head):
        raise corrupted(field_path, "Its end is missing.")
    tail = file.last(min(TAIL_BYTES, file.length))
    if bounds.alone and not is_alone(kind, head, tail, file.length):
        raise corrupted(field_path, "The file contains other data after the image.")
    return header


def _expect_size(header: Header, field_path: str, bounds: ImageBounds) -> None:
    width, height = header.width, header.height
    seen = f"it has {width} x {height}"
    if min(width, height) < (side := bounds.least_side):
        raise _refused(field_path, f"It needs at least {side} x {side} pixels; {seen}.")
    if width * height < bounds.least_pixels:
        reason = f"It needs at least {bounds.least_pixels:,} pixels, such as 256 x 256"
        raise _refused(field_path, f"{reason}; {seen}.")
    if width * height > bounds.most_pixels:
        raise _refused(field_path, f"It has more than {bounds.most_pixels:,} pixels.")
    if max(width, height) > (side := bounds.longest_side):
        raise _refused(field_path, f"Its sides have at most {side:,} pixels; {seen}.")


def _late_header(file: File, field_path: str) -> Header:
    try:
        return header_of(file.first(_LONGEST_HEAD_BYTES), Format.JPEG)
    except UnreadableImageError:
        if file.length > _LONGEST_HEAD_BYTES:
            what = (
                f"Its size is not within its first {_LONGEST_HEAD_BYTES:,} bytes. Save it without"
            )
            raise corrupted(field_path, f"{what} its metadata, such as a colour profile.") from None
        raise corrupted(field_path, "Its size cannot be read.") from None


def _is_whole(file: File, header: Header, head: bytes) -> bool:
    tail = file.last(min(TAIL_BYTES, file.length - header.length))
    if is_complete(header.format, head, tail, file.length):
        return True
    # Phones append videos to photographs, so the end of a JPEG may be anywhere after its header.
    if header.format is not Format.JPEG:
        return False
    return is_complete(Format.JPEG, head, file.last(file.length - header.length), file.length)


def _refused(field_path: str, what: str) -> InvalidImageFormatError:
    return InvalidImageFormatError(_sentence(what), faults=_faults(field_path, what))


def corrupted(field_path: str, what: str) -> CorruptedImageError:
    """Return the error of a damaged image: `what` is a sentence about it."""
    return CorruptedImageError(_sentence(what), faults=_faults(field_path, what))


def _sentence(what: str) -> str:
    return f"An image cannot be used. {what}"


def _faults(field_path: str, what: str) -> Faults:
    return {field_path: (what,)}
