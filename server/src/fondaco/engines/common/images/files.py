"""Pictures as engines elsewhere send and take them: base64 of a file, and PNG files of pixels."""

import binascii
import struct
import zlib
from base64 import b64decode, b64encode
from dataclasses import replace

from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_file import Format, UnreadableImageError, format_of, header_of
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGB, PictureFile, Pixels, is_rounded_up

FILE_LIMIT_BYTES = 64 * 2**20
"""Of a picture as base64, or of a file; a PNG of noise, 1792 pixels a side, has 13 MB."""
_HEAD_BYTES = 64
_READABLE = frozenset({Format.PNG, Format.JPEG, Format.WEBP})
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _RGBA = 0, 2, 6
"""PNG's colour types."""
_QUICK = 1
_LEAST_PIXELS = 65_536
"""Of a picture that engines take. Source: POST /image/edit, `image`."""


def file_in_base64(text: object) -> bytes:
    """Return the file in a base64 text, with or without the head of a data URL.

    Raises:
        EngineError: it is no base64, or the file is no PNG, JPEG or WebP.
    """
    if not isinstance(text, str):
        raise EngineError("The model's engine sent no base64 image.")
    if text.startswith("data:image/"):
        text = text.partition(";base64,")[2]
    try:
        file = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EngineError("The model's engine sent an image that is not base64.") from error
    return expect_picture(file)


def expect_picture(file: bytes) -> bytes:
    """Return a file if it begins as a picture does; whether it is one, the codec finds out.

    Raises:
        EngineError: it is no PNG, JPEG or WebP.
    """
    if format_of(file[:_HEAD_BYTES]) not in _READABLE:
        raise EngineError("The model's engine sent a file that is not an image.")
    return file


def expect_size(file: bytes, task: ImageTask | EditTask) -> PictureFile:
    """Return a file as a picture of its task's size, or of what engines round that up to, as its head says.

    Raises:
        EngineError: it has another size, or none that can be read.
    """
    asked = task.width, task.height
    try:
        if (kind := format_of(file[:_HEAD_BYTES])) is not None:
            header = header_of(file, kind)
            if is_rounded_up((header.width, header.height), asked):
                return PictureFile(file)
    except UnreadableImageError:
        pass
    raise EngineError(f"The model's engine sent no image of {asked[0]} x {asked[1]} pixels.")


def base64_of(file: bytes) -> str:
    """Return a file as base64."""
    return b64encode(file).decode()


def png_of(pixels: Pixels) -> bytes:
    """Return pixels as a PNG file, compressed little: it travels once.

    >>> from fondaco.domain.media.picture import Pixels
    >>> format_of(png_of(Pixels(1, 2, bytes(6)))).value
    'image/png'
    """
    colour = _RGB if pixels.channels == RGB else _RGBA
    return _png(pixels.width, pixels.height, pixels.data, pixels.channels, colour)


def in_register(pixels: Pixels, task: EditTask, width: int, height: int) -> Pixels:
    """Return a picture, or its mask, for an engine whose result is larger than the task's, and then cropped.

    Its outermost pixels are repeated all around, so that the crop shows what was there before; a picture
    of another size than the result is the engine's to fit.
    """
    if (pixels.width, pixels.height) != (task.width, task.height):
        return pixels
    left, top = (width - task.width) // 2, (height - task.height) // 2
    right, bottom = width - task.width - left, height - task.height - top
    step, row_bytes = pixels.channels, pixels.width * pixels.channels
    rows = [
        row[:step] * left + row + row[-step:] * right
        for row in (
            pixels.data[at : at + row_bytes] for at in range(0, len(pixels.data), row_bytes)
        )
    ]
    data = b"".join([rows[0]] * top + rows + [rows[-1]] * bottom)
    return replace(pixels, width=width, height=height, data=data)


def of_shape(picture: Pixels, width: int, height: int) -> Pixels:
    """Return the middle of a picture, as wide to its height as a video: many models take their shape from it.

    A picture of which too little would remain stays unchanged, so the engine determines its shape.
    """
    across = max(1, min(picture.width, round(picture.height * width / height)))
    down = max(1, min(picture.height, round(picture.width * height / width)))
    if (across, down) == (picture.width, picture.height) or across * down < _LEAST_PIXELS:
        return picture
    left, top = (picture.width - across) // 2, (picture.height - down) // 2
    step, row_bytes = picture.channels, picture.channels * picture.width
    rows = (
        picture.data[start + left * step : start + (left + across) * step]
        for start in range(top * row_bytes, (top + down) * row_bytes, row_bytes)
    )
    return replace(picture, width=across, height=down, data=b"".join(rows))


def mask_png(mask: Pixels) -> bytes:
    """Return a mask as a grey PNG: white where the picture may change, where the mask is transparent.

    A mask without transparency allows no change.
    """
    alpha = mask.data[3::4] if mask.channels != RGB else b"\xff" * (mask.width * mask.height)
    return _png(mask.width, mask.height, alpha.translate(_CHANGE), 1, _GREY)


def white_png(width: int, height: int) -> bytes:
    """Return a white PNG of a size: a mask that allows all change."""
    return _png(width, height, b"\xff" * (width * height), 1, _GREY)


_CHANGE = bytes([255, *bytes(255)])
"""Alpha -> the mask's grey: 0 is white, all else black."""


def _png(width: int, height: int, data: bytes, channels: int, colour: int) -> bytes:
    row_bytes = width * channels
    packer = zlib.compressobj(_QUICK)
    view = memoryview(data)
    packed = bytearray()
    for start in range(0, row_bytes * height, row_bytes):
        packed += packer.compress(b"\0")  # filter type of the row: none
        packed += packer.compress(view[start : start + row_bytes])
    packed += packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", bytes(packed)), _chunk(b"IEND", b""))
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return b"%b%b%b%b" % (struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum))
