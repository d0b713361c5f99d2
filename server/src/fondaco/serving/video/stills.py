"""Stills: pictures that videos begin with."""

from fondaco.domain.errors import EngineUnavailableError, FileNotWrittenError
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.picture import RGBA, Encoding, Pixels
from fondaco.domain.media.picture_source import PictureSource
from fondaco.ports import ImageCodec
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.inputs.pictures import PictureReader, picture_bounds
from fondaco.serving.video.order import VideoOrder

_BOUNDS = picture_bounds(least_pixels=1)
_SHARP = 2
"""A picture is reduced to so many times the pixels of its video, so that a camera can come closer."""


async def still_of(
    order: VideoOrder, codec: ImageCodec, reader: PictureReader, memory: MemoryShare
) -> Pixels | None:
    """Return the picture that an order begins with, which `memory` then holds; None where it has none.

    Raises:
        InvalidRequestError: it cannot be read.
        ConcurrencyLimitError, EngineBusyError: there is no memory for it.
        EngineError: the process that reads files is unavailable.
    """
    if order.picture is None:
        return None
    upload = await reader.upload(PictureSource(order.picture, "image_url"), _BOUNDS)
    pixels = await reader.pixels(upload, _SHARP * order.task.width * order.task.height, memory)
    return await opaque(pixels, codec, reader)


async def opaque(pixels: Pixels, codec: ImageCodec, reader: PictureReader) -> Pixels:
    """Return a picture as RGB: on white where it is transparent, as JPEG has it.

    Raises:
        EngineError: the process that reads and writes files is unavailable.
    """
    if pixels.channels != RGBA:
        return pixels
    width, height = pixels.width, pixels.height
    try:
        file = await codec.encode(pixels, width, height, Encoding(Format.JPEG, 95))
    except FileNotWrittenError as error:
        raise EngineUnavailableError from error
    upload = await reader.upload(PictureSource(file, "image_url"), _BOUNDS)
    return await codec.decode(file, upload.header, width * height)
