"""Pictures: the files that image engines return, and those that callers get."""

from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal, TypeAlias

from fondaco.domain.media.image_file import Format

RGB: Final = 3
RGBA: Final = 4
"""Bytes of a pixel, without and with transparency."""


UPLOAD_PIXELS: Final = 33_177_600
"""The most pixels of a picture that a caller sends: 7680 x 4320. Source: POST /image/edit, `image`."""


ROUNDED_UP = 64
"""Engines round sizes up to multiples of so much; the rest is cropped."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture as rows of pixels from the top, 8 bits a channel, as engines of ours draw it."""

    width: int
    height: int
    data: bytes
    """`width * height * channels` bytes."""
    channels: Literal[3, 4] = RGB
    """RGB, or RGBA with straight alpha."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture as a PNG, JPEG or WebP file of an engine elsewhere: nothing in it is believed."""

    data: bytes


Picture: TypeAlias = Pixels | PictureFile


@dataclass(frozen=True, slots=True)
class Protected:
    """Parts of a picture that an edit leaves unchanged."""

    picture: Pixels
    """Before the edit."""
    mask: Pixels
    """Of the same size, RGBA: the more opaque, the more of the picture stays. Without transparency, all does."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of a picture for its caller."""

    format: Format = Format.WEBP
    quality: int = 90
    """Of JPEG and WebP, 1 to 100; PNG loses nothing and ignores it."""
    exif: str = ""
    """The prompt, for EXIF `ImageDescription`; empty: the file gets no metadata at all."""
    parameters: str = ""
    """All else that the picture was made by, as JSON, for EXIF `UserComment`."""


def is_rounded_up(size: tuple[int, int], asked: tuple[int, int]) -> bool:
    """Whether a picture has the size that its engine was asked for, or what engines round that up to.

    >>> is_rounded_up((128, 64), (100, 64)), is_rounded_up((164, 64), (100, 64)), is_rounded_up((99, 64), (100, 64))
    (True, False, False)
    """
    return all(0 <= side - wanted < ROUNDED_UP for side, wanted in zip(size, asked, strict=True))


@dataclass(frozen=True, slots=True)
class SafeFile:
    """A picture's file, written in safe mode."""

    file: bytes
    blurred: bool | None
    """Whether it was blurred as adult; None: no classifier is installed."""


def reduced_size(width: int, height: int, most_pixels: int) -> tuple[int, int]:
    """Return a size of at most so many pixels in the same ratio, or the size itself where it fits.

    >>> reduced_size(6000, 4000, 4_194_304), reduced_size(640, 480, 4_194_304)
    ((2508, 1672), (640, 480))
    """
    if width * height <= most_pixels:
        return width, height
    scale = sqrt(most_pixels / (width * height))
    # A strip may be thinner than a pixel once it is reduced.
    height_left = max(1, min(int(height * scale), most_pixels))
    return max(1, min(int(width * scale), most_pixels // height_left)), height_left
