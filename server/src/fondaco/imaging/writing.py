"""Pictures to files by Pillow: functions that run in the child process.

An engine's file is decoded once, and rewritten from its pixels alone.
"""

import io
from typing import Literal

from PIL import Image

from fondaco.domain.media.image_file import (
    Format,
    UnreadableImageError,
    format_of,
    header_of,
)
from fondaco.domain.media.picture import (
    RGBA,
    Encoding,
    Picture,
    PictureFile,
    Pixels,
    Protected,
    is_rounded_up,
)
from fondaco.imaging.reading import UnusablePictureError, read

MOST_PIXELS = 16 * 2**20
"""Of an engine's file: 4096 x 4096, far above the output of any model."""
_IMAGE_DESCRIPTION, _SOFTWARE, _EXIF_TABLE, _USER_COMMENT = 0x010E, 0x0131, 0x8769, 0x9286
_LARGE_PIXELS = 4 * 2**20
"""Larger PNGs are compressed with less effort: 16 million pixels in 3 seconds, not in 8."""
_UNDEFINED_CHARSET = bytes(8)
"""Precedes a user comment. Source: Exif 2.32, "UserComment"; UTF-8 has no code of its own."""


def fitted(picture: Picture, width: int, height: int) -> Image.Image:
    """Return a picture of this size.

    Raises:
        UnusablePictureError: it is damaged, too large or of another size.
    """
    return _fitted(_image(picture), width, height)


def restored(image: Image.Image, protected: Protected) -> Image.Image:
    """Return an edited picture with what was protected in it as it was.

    Raises:
        UnusablePictureError: what was protected is none.
    """
    before, mask = _image(protected.picture), _image(protected.mask)
    if before.size != image.size:
        before = before.resize(image.size, Image.Resampling.LANCZOS)
    if mask.size != image.size:
        mask = mask.resize(image.size, Image.Resampling.BILINEAR)
    opaque = mask.getchannel("A") if mask.mode == "RGBA" else Image.new("L", image.size, 255)
    if image.mode != before.mode:
        image, before = image.convert("RGBA"), before.convert("RGBA")
    return Image.composite(before, image, opaque)


def file_of(image: Image.Image, encoding: Encoding) -> bytes:
    """Return a picture as a file."""
    if encoding.format is Format.JPEG:
        image = _opaque(image)
    out = io.BytesIO()
    exif = _exif(encoding) if encoding.exif else None
    options = {} if exif is None else {"exif": exif}
    match encoding.format:
        case Format.PNG:
            large = image.width * image.height > _LARGE_PIXELS
            image.save(out, "PNG", compress_level=1 if large else 6, **options)
        case Format.JPEG:
            image.save(out, "JPEG", quality=encoding.quality, subsampling=0, **options)
        case _:
            image.save(out, "WEBP", quality=encoding.quality, method=3, **options)
    return out.getvalue()


def _image(picture: Picture) -> Image.Image:
    match picture:
        case Pixels():
            mode: Literal["RGB", "RGBA"] = "RGBA" if picture.channels == RGBA else "RGB"
            size = (picture.width, picture.height)
            if len(picture.data) != picture.width * picture.height * picture.channels:
                raise UnusablePictureError
            return Image.frombytes(mode, size, picture.data)
        case PictureFile():
            return _decoded(picture.data)


def _decoded(data: bytes) -> Image.Image:
    """Return the picture in an engine's file."""
    kind = format_of(data)
    if kind is None or kind is Format.GIF:
        raise UnusablePictureError
    try:
        header = header_of(data, kind)
    except UnreadableImageError as error:
        raise UnusablePictureError from error
    if header.width * header.height > MOST_PIXELS:
        raise UnusablePictureError
    return read(data, header)


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.size == (width, height):
        return image
    if not is_rounded_up(image.size, (width, height)):
        raise UnusablePictureError
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _opaque(image: Image.Image) -> Image.Image:
    """Return an image on white where it is transparent: JPEG knows no transparency."""
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _exif(encoding: Encoding) -> bytes:
    """Return the prompt, the parameters and the program as EXIF, all text as UTF-8."""
    exif = Image.Exif()
    exif[_IMAGE_DESCRIPTION] = encoding.exif.encode("utf-8", "replace")
    exif[_SOFTWARE] = b"Fondaco"
    comment = _UNDEFINED_CHARSET + encoding.parameters.encode("utf-8", "replace")
    exif.get_ifd(_EXIF_TABLE)[_USER_COMMENT] = comment
    return exif.tobytes()
