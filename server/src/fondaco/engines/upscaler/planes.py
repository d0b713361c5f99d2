"""Pictures as arrays: resampling, blurring and brightness, any part of a picture at a time."""

from math import ceil, floor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture [height, width, 3] of red, green and blue, or [height, width, 1] of grey, 0 to 255."""
Planes: TypeAlias = NDArray[np.float32]
"""Values [height, width, bands] that may lie outside of 0 to 255."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels; fractions are parts of a pixel."""

LANCZOS = Image.Resampling.LANCZOS
"""The filter for pictures."""
BICUBIC = Image.Resampling.BICUBIC
"""The filter for differences: around edges it rings less."""
_LANCZOS_REACH = 3
"""In pixels of the smaller of two sizes."""
_BAND_PIXELS = 2**20
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_BLUR_REACH = 3.0
"""A blur looks so many deviations far; what is beyond has no weight worth the name."""


def resized(
    planes: Planes,
    width: int,
    height: int,
    box: Box | None = None,
    *,
    by: Image.Resampling = LANCZOS,
) -> Planes:
    """Return planes [height, width, bands] in another size.

    Args:
        planes: what is resampled.
        width: of the result.
        height: of the result.
        box: the part that the result shows; pixels around it count for its edges. None: all.
        by: the filter.
    """
    rows, columns = planes.shape[:2]
    if (width, height) == (columns, rows) and box in {None, (0, 0, columns, rows)}:
        return planes
    bands = np.ascontiguousarray(planes.transpose(2, 0, 1))
    done = [Image.fromarray(band).resize((width, height), by, box) for band in bands]
    return np.stack([np.asarray(band) for band in done], -1)


def scaled(picture: Pixels, width: int, height: int) -> Pixels:
    """Return a picture in another size, or itself in its own.

    It is done in bands, as Pillow's copy of a whole picture would take a third more than the picture.
    """
    rows, columns, bands = picture.shape
    if (rows, columns) == (height, width):
        return picture
    result = np.empty((height, width, bands), np.uint8)
    scale = rows / height
    reach = ceil(_LANCZOS_REACH * max(1.0, scale)) + 1
    step = max(1, round(_BAND_PIXELS / max(width, columns * scale)))
    for top in range(0, height, step):
        bottom = min(height, top + step)
        start, end = top * scale, bottom * scale
        first, last = max(0, floor(start) - reach), min(rows, ceil(end) + reach)
        image = Image.fromarray(picture[first:last, :, 0] if bands == 1 else picture[first:last])
        # Separate axes: the order that Pillow chooses, and its rounding, differ between tiles.
        wide = image.resize((width, image.height), LANCZOS)
        box = (0, start - first, width, min(end, rows) - first)
        band = np.asarray(wide.resize((width, bottom - top), LANCZOS, box))
        result[top:bottom] = band.reshape(bottom - top, width, bands)
    return result


def blurred(planes: Planes, deviation: float) -> Planes:
    """Return planes [height, width, bands], blurred across height and width."""
    sigma = (deviation, deviation, 0.0)
    return np.asarray(ndimage.gaussian_filter(planes, sigma, mode="nearest", truncate=_BLUR_REACH))


def luma(planes: Planes) -> Planes:
    """Return the brightness of each pixel of a picture, as one band [height, width, 1]."""
    return np.asarray(planes @ _LUMA, np.float32)[..., None]


def brightness(picture: Pixels) -> Pixels:
    """Return the brightness of a picture, as a grey one."""
    result = np.empty((*picture.shape[:2], 1), np.uint8)
    for row, pixels in zip(result, picture, strict=True):
        row[:] = to_pixels(luma(pixels[None].astype(np.float32)))[0]
    return result


def is_grey(picture: Pixels) -> bool:
    """Whether all bands of a picture are the same."""
    return all(np.array_equal(picture[..., 0], picture[..., band]) for band in (1, 2))


def to_pixels(planes: Planes) -> Pixels:
    """Return planes as whole numbers from 0 to 255."""
    return np.asarray(np.clip(planes + 0.5, 0, 255.5), np.uint8)
