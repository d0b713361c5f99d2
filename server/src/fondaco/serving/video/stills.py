"""Stills: pictures that videos begin with."""

from fondaco.domain.media.image_file import Format
from fondaco.domain.media.picture import RGBA, Encoding, Pixels
from fondaco.domain.media.picture_source import PictureSource
from fondaco.ports import ImageCodec
from fondaco.serving.inputs.pictures import PictureReader, picture_bounds

_BOUNDS = picture_bounds(least_pixels=1)


async def opaque(pixels: Pixels, codec: ImageCodec, reader: PictureReader) -> Pixels:
    """Return a picture as RGB: on white where it is transparent, as JPEG has it.

    Raises:
        EngineError: nothing writes or reads files at present.
    """
    if pixels.channels != RGBA:
        return pixels
    width, height = pixels.width, pixels.height
    file = await codec.encode(pixels, width, height, Encoding(Format.JPEG, 95))
    upload = await reader.upload(PictureSource(file, "image_url"), _BOUNDS)
    return await codec.decode(file, upload.header, width * height)
