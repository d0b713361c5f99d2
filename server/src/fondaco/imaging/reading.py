"""Files to pixels by Pillow: functions that run in the child process.

A file is opened by the one decoder of its format, looked at before it is decoded, and decoded once; only
the pixels of its first frame stay.
"""

import io
import re
import warnings
from collections.abc import Mapping
from typing import Final, Literal

from PIL import Image, ImageCms, ImageMath

from fondaco.domain.media.image_file import Format, Header, first_frame
from fondaco.domain.media.picture import RGB, RGBA, UPLOAD_PIXELS, Pixels, reduced_size

_DECODERS: Final[Mapping[Format, str]] = {
    Format.PNG: "PNG",
    Format.JPEG: "JPEG",
    Format.WEBP: "WEBP",
    Format.GIF: "GIF",
}
_EIGHT_OF_SIXTEEN = 1 / 256
_OPAQUE = 255
_PROFILE = "icc_profile"
_SPACES = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "LA": "GRAY", "CMYK": "CMYK"}
"""Mode of an image -> the colour space that its profile must be of."""
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Orientation -> what makes the picture upright. Source: Exif 2.32, "Orientation"."""

_SCANNED_PIXELS = 20 * UPLOAD_PIXELS
"""Pixels times scans of a JPEG: encoders make some ten scans, and each of more costs as much as a picture."""
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])", re.DOTALL)
"""The next marker in coded data, but for those that restart its coding and the zero behind a plain 255."""
_SCAN, _END, _BARE = 0xDA, 0xD9, (0x01, 0xD8)

# Beyond it, `open` warns; the warning is raised as an error below.
Image.MAX_IMAGE_PIXELS = UPLOAD_PIXELS


class UnusablePictureError(Exception):
    """A picture cannot be decoded, or has another size than was expected of it."""


def pixels_of(data: bytes, header: Header, within: int) -> Pixels:
    """Return the picture in a caller's file, reduced to at most `within` pixels.

    Raises:
        UnusablePictureError: it is damaged, too large, or not what its header says.
    """
    image = read(data, header, within)
    channels: Literal[3, 4] = RGBA if image.mode == "RGBA" else RGB
    return Pixels(image.width, image.height, image.tobytes(), channels)


def read(data: bytes, header: Header, within: int | None = None) -> Image.Image:
    """Return the first frame of a file: upright, in sRGB, as RGB or RGBA without any metadata.

    Args:
        data: the file.
        header: its format, and the size that it must have.
        within: the most pixels of the result; larger pictures are reduced.

    Raises:
        UnusablePictureError: it is damaged, too large, or of another format or size.
    """
    if header.format is Format.JPEG:
        most = _SCANNED_PIXELS // max(1, header.width * header.height)
        if _scans(data, most) > most:
            raise UnusablePictureError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[_DECODERS[header.format]]) as opened:
                return _read(opened, data, header, within)
    except Exception as error:  # decoders raise arbitrary errors at hostile bytes
        raise UnusablePictureError from error


def _scans(data: bytes, most: int) -> int:
    """Return the scans of a JPEG's own picture, counted to one above `most`; none of its previews."""
    scans, at = 0, 2
    while scans <= most and (marker := _MARKER.search(data, at)) is not None:
        kind, at = marker[1][0], marker.end()
        if kind == _END:
            break
        if kind in _BARE:
            continue
        scans += kind == _SCAN
        at += int.from_bytes(data[at : at + 2])  # skips segments, which may contain previews
    return scans


def _read(opened: Image.Image, data: bytes, header: Header, within: int | None) -> Image.Image:
    if opened.size != (header.width, header.height):
        raise UnusablePictureError
    size = reduced_size(*opened.size, within or UPLOAD_PIXELS)
    if size != opened.size:
        opened.draft(None, size)  # a JPEG is decoded at a fraction of its size
    opened.load()
    profile = opened.info.get(_PROFILE)
    image = _eight_bits(opened)
    if header.format is Format.WEBP:
        image = _on_clear(image, data)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = _in_srgb(image, profile if isinstance(profile, bytes) else b"")
    return _plain(_opaque_as_rgb(_upright(image, opened)))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image as RGB, RGBA, L, LA or CMYK, 8 bits a channel."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return _grey(image)
    if image.has_transparency_data:
        return image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _grey(image: Image.Image) -> Image.Image:
    """Return an image of 16 bits of grey as L, or as LA where one grey of it is transparent."""
    grey = image.point(lambda value: value * _EIGHT_OF_SIXTEEN).convert("L")
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    seen = ImageMath.lambda_eval(lambda of: of["image"] != clear, image=image.convert("I"))
    opaque = seen.point(lambda value: value * _OPAQUE).convert("L")
    return Image.merge("LA", (grey, opaque))


def _on_clear(image: Image.Image, data: bytes) -> Image.Image:
    """Return an image as RGBA where its first frame leaves some of it bare; Pillow makes that black."""
    if image.mode != "RGB" or (frame := first_frame(data)) is None:
        return image
    left, top, right, bottom = frame
    if left <= 0 and top <= 0 and right >= image.width and bottom >= image.height:
        return image
    opaque = Image.new("L", image.size)
    opaque.paste(_OPAQUE, frame)
    clear = image.copy()
    clear.putalpha(opaque)
    return clear


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return an image in sRGB as RGB or RGBA; a profile that does not fit it is ignored."""
    clear = image.mode in ("RGBA", "LA")
    colours = image.convert(image.mode[:-1]) if clear else image
    converted = _converted(colours, profile) if profile else None
    converted = colours.convert("RGB") if converted is None else converted
    if clear:
        converted.putalpha(image.getchannel("A"))
    return converted


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return an image without transparency in sRGB, by its profile; None: the profile is of no use."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        fits = own.profile.xcolor_space.strip() == _SPACES[image.mode]
        if not fits or "srgb" in ImageCms.getProfileDescription(own).lower():
            return None
        standard = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, own, standard, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _upright(image: Image.Image, opened: Image.Image) -> Image.Image:
    """Return an image as the orientation in its file's EXIF says; EXIF that is damaged says nothing."""
    try:
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - whatever parsers raise over hostile bytes
        return image
    return image if turn is None else image.transpose(turn)


def _opaque_as_rgb(image: Image.Image) -> Image.Image:
    """Return an image as RGB where no pixel of it is transparent."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Return the pixels of an image: nothing that its file had beside them stays."""
    return Image.frombytes(image.mode, image.size, image.tobytes())
