"""The frames of an AVI file of JPEG pictures, as an engine elsewhere sent it: nothing in it is believed.

Source: stable-diffusion.cpp, `examples/common/media_io.cpp`, `create_mjpg_avi_from_sd_images_to_vector`.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

from fondaco.domain.media.picture import is_rounded_up
from fondaco.engines.common.videos.planes import Planes

_CODEC = "mjpeg"
_SPARE = 64
_FORMATS = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "yuv420p", "yuv422p", "yuv444p"})


class UnusableVideoError(Exception):
    """An unusable video file; the message for the operator has the reason."""


def frames_in(file: bytes, size: tuple[int, int], count: int, least: int) -> Iterator[Planes]:
    """Yield exactly `count` frames of a video, cropped to their middle, one at a time.

    Further ones are not decoded. Where up to `count - least` are missing, the last one stays.

    Args:
        file: an AVI file of JPEG pictures.
        size: width and height of the frames, even; the file's may be up to 63 pixels larger.
        count: frames that are wanted, at least 1.
        least: frames that the file must have, at least 1.

    Raises:
        UnusableVideoError: it is no such file, or has too few frames, or of another size.
    """
    last, found = None, 0
    try:
        for frame in islice(_decoded(file, size), count):
            last = _planes(frame, size)
            found += 1
            yield last
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        raise UnusableVideoError("It cannot be decoded: it is damaged.") from error
    if last is None or found < least:
        raise UnusableVideoError(f"It has {found} frames instead of {count}.")
    for _ in range(count - found):
        yield last


def _decoded(file: bytes, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """Yield the frames as they are, each of the same size."""
    with av.open(BytesIO(file), "r", format="avi") as container:
        if not container.streams.video:
            raise UnusableVideoError("It has no pictures.")
        stream = container.streams.video[0]
        context = stream.codec_context
        if context.name != _CODEC:
            raise UnusableVideoError(f"Its codec is {context.name}, not JPEG.")
        context.thread_count = 1
        context.options = {"max_pixels": str(_most_pixels(size))}
        sides = context.width, context.height
        _expect_size(sides, size)
        for frame in container.decode(stream):
            if (frame.width, frame.height) != sides or frame.format.name not in _FORMATS:
                raise UnusableVideoError("Its pictures are of several kinds.")
            yield frame


def _most_pixels(size: tuple[int, int]) -> int:
    """Return how many pixels a picture may say that it has, whatever the file said before."""
    return (size[0] + _SPARE) * (size[1] + _SPARE)


def _expect_size(sides: tuple[int, int], size: tuple[int, int]) -> None:
    if not is_rounded_up(sides, size):
        raise UnusableVideoError(
            f"It has {sides[0]} x {sides[1]} pixels instead of {size[0]} x {size[1]}."
        )


def _planes(frame: av.VideoFrame, size: tuple[int, int]) -> Planes:
    """Return the middle of a frame, in the colours of video: JPEG has others, of the full range."""
    same = frame.reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU601,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )
    left, top = (
        (side - wanted) // 4 for side, wanted in zip((frame.width, frame.height), size, strict=True)
    )
    half = size[0] // 2, size[1] // 2
    return Planes(
        _cropped(same, 0, (2 * left, 2 * top), size),
        _cropped(same, 1, (left, top), half),
        _cropped(same, 2, (left, top), half),
    )


def _cropped(
    frame: av.VideoFrame, number: int, start: tuple[int, int], size: tuple[int, int]
) -> Image.Image:
    plane = frame.planes[number]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(
        -1, plane.line_size
    )
    (left, top), (width, height) = start, size
    return Image.fromarray(rows[top : top + height, left : left + width].copy())
