"""Shapes: turns, mirrors, crops, sizes and frames."""

from math import cos, isclose, radians, sin

import numpy as np
from PIL import Image, ImageDraw

from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.instructions.operations import (
    Border,
    Crop,
    CropTo,
    CropToSize,
    Flip,
    Resize,
    Rotate,
    RoundCorners,
    Scale,
    Shape,
)
from fondaco.engines.editor.pixels.raster import MOST_PIXELS, Bytes, Raster, resized

_ROUGH = 4
"""A rounded corner is drawn so many times larger, for a smooth edge."""


def shaped(raster: Raster, shape: Shape) -> Raster:
    """Return a picture turned, cut, scaled or framed.

    Raises:
        UnsuitedError: the result would be too large, or the part is larger than the picture.
    """
    match shape:
        case Rotate() | Flip():
            return _turned(raster, shape)
        case Crop() | CropTo() | CropToSize():
            return _cropped(raster, shape)
        case Resize() | Scale():
            return _scaled(raster, shape)
        case Border():
            return _bordered(raster, shape)
        case RoundCorners():
            return _rounded(raster, shape)


def fitted(raster: Raster, width: int, height: int) -> Raster:
    """Return a picture at a size; what sticks out where the aspect ratios differ is cut off evenly."""
    if (raster.width, raster.height) == (width, height):
        return raster
    _expect_possible(width, height)
    if not isclose(raster.width * height, raster.height * width, rel_tol=0.01):
        raster = _cropped(raster, CropTo(width, height))
    return _resized(raster, width, height)


def _turned(raster: Raster, shape: Rotate | Flip) -> Raster:
    if isinstance(shape, Flip):
        axis = 1 if shape.axis == "horizontal" else 0
        alpha = None if raster.alpha is None else np.flip(raster.alpha, axis)
        return Raster(np.ascontiguousarray(np.flip(raster.rgb, axis)), alpha)
    quarters, rest = divmod(shape.degrees % 360, 90)
    if rest == 0:
        turns = -int(quarters)
        alpha = None if raster.alpha is None else np.rot90(raster.alpha, turns)
        return Raster(np.ascontiguousarray(np.rot90(raster.rgb, turns)), alpha)
    return _tilted(raster, shape.degrees)


def _tilted(raster: Raster, degrees: float) -> Raster:
    """Return a picture turned by any angle, whole, with transparent corners."""
    across, along = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    width, height = raster.width, raster.height
    raster = _with_room(raster, width * across + height * along, height * across + width * along)
    kind = Image.Resampling.BICUBIC
    alpha = np.full(raster.rgb.shape[:2], 255, np.uint8) if raster.alpha is None else raster.alpha
    turned = Image.fromarray(np.asarray(alpha)).rotate(-degrees, kind, expand=True)
    rgb = raster.image.rotate(-degrees, kind, expand=True)
    return Raster(np.asarray(rgb), np.asarray(turned))


def _cropped(raster: Raster, shape: Crop | CropTo | CropToSize) -> Raster:
    width, height = raster.width, raster.height
    match shape:
        case Crop():
            left, top = round(shape.left * width), round(shape.top * height)
            right, bottom = round(shape.right * width), round(shape.bottom * height)
            return _part(raster, left, top, max(1, right - left), max(1, bottom - top))
        case CropTo():
            ratio = shape.across / shape.down
            size = (
                min(width, max(1, round(height * ratio))),
                min(height, max(1, round(width / ratio))),
            )
        case CropToSize():
            size = (shape.width, shape.height)
            if shape.width > width or shape.height > height:
                raise UnsuitedError(
                    f"The picture of {width} x {height} pixels has no part of {shape.width} x {shape.height}."
                )
    return _part(raster, (width - size[0]) // 2, (height - size[1]) // 2, *size)


def _part(raster: Raster, left: int, top: int, width: int, height: int) -> Raster:
    left, top = min(left, raster.width - 1), min(top, raster.height - 1)
    part = slice(top, top + height), slice(left, left + width)
    alpha = None if raster.alpha is None else np.ascontiguousarray(raster.alpha[part])
    return Raster(np.ascontiguousarray(raster.rgb[part]), alpha)


def _scaled(raster: Raster, shape: Resize | Scale) -> Raster:
    match shape:
        case Scale():
            width, height = round(raster.width * shape.factor), round(raster.height * shape.factor)
        case Resize(width=int() as wide, height=int() as high):
            return fitted(raster, wide, high)
        case Resize(width=int() as width):
            height = round(raster.height * width / raster.width)
        case Resize():
            height = shape.height or raster.height
            width = round(raster.width * height / raster.height)
    width, height = max(1, width), max(1, height)
    _expect_possible(width, height)
    return _resized(raster, width, height)


def _resized(raster: Raster, width: int, height: int) -> Raster:
    alpha = None if raster.alpha is None else resized(raster.alpha, width, height)
    return Raster(resized(raster.rgb, width, height), alpha)


def _bordered(raster: Raster, border: Border) -> Raster:
    """Return a picture in a frame, which is opaque."""
    edge = border.share * raster.shorter if border.pixels is None else border.pixels
    raster = _with_room(raster, raster.width + 2 * edge, raster.height + (1 + border.bottom) * edge)
    wide = border.pixels or max(1, round(border.share * raster.shorter))
    low = round(wide * border.bottom)
    width, height = raster.width + 2 * wide, raster.height + wide + low
    _expect_possible(width, height)
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:] = border.colour
    inner = slice(wide, wide + raster.height), slice(wide, wide + raster.width)
    rgb[inner] = raster.rgb
    if raster.alpha is None:
        return Raster(rgb)
    alpha = np.full((height, width), 255, np.uint8)
    alpha[inner] = raster.alpha
    return Raster(rgb, alpha)


def _with_room(raster: Raster, width: float, height: float) -> Raster:
    """Return a picture, reduced if what it becomes would have too many pixels."""
    scale = (0.98 * MOST_PIXELS / (width * height)) ** 0.5
    if width * height <= MOST_PIXELS:
        return raster
    return _resized(raster, max(1, int(raster.width * scale)), max(1, int(raster.height * scale)))


def _rounded(raster: Raster, shape: RoundCorners) -> Raster:
    radius = max(1, round(shape.share * raster.shorter))
    alpha = np.full(raster.rgb.shape[:2], 255, np.uint8)
    corner = _corner(radius)
    alpha[:radius, :radius] = corner
    alpha[:radius, -radius:] = corner[:, ::-1]
    alpha[-radius:, :radius] = np.minimum(alpha[-radius:, :radius], corner[::-1])
    alpha[-radius:, -radius:] = np.minimum(alpha[-radius:, -radius:], corner[::-1, ::-1])
    return raster.with_alpha(alpha)


def _corner(radius: int) -> Bytes:
    """Return the opacity of the upper left corner, [radius, radius]."""
    side = radius * _ROUGH
    drawn = Image.new("L", (side, side), 0)
    ImageDraw.Draw(drawn).ellipse((0, 0, 2 * side, 2 * side), fill=255)
    return np.asarray(drawn.resize((radius, radius), Image.Resampling.BOX))


def _expect_possible(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UnsuitedError(
            f"The result would have {width} x {height} pixels; the limit is {MOST_PIXELS:,}."
        )
