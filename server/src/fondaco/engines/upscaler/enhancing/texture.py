"""Textures of matter: noise, veins, and the shading of a carved surface."""

from functools import cache
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from fondaco.engines.upscaler.planes import BICUBIC, Box, Planes, blurred, resized

_SEED = 26
"""One for all pictures, as the same picture must give the same bytes."""
_KNOTS = 256
"""Random values a side, before an octave of noise repeats."""
_AROUND = 3
"""Values around a part that its interpolation looks at."""
_LIGHT = np.array((-0.5, -0.6, 0.63), np.float32)
"""Direction of the light: from upper left, and above."""
_SHINE = 18
"""Narrowness of highlights."""


def noise(box: Box, width: int, height: int, *, cells: int, finest: int = 256) -> Planes:
    """Return fractal noise of a part of a picture, one band from 0 to 1.

    Args:
        box: the part: left, top, right and bottom, as shares of the picture's longer side, which
            may lie outside of it.
        width: of the result in pixels.
        height: likewise.
        cells: of the coarsest octave, along the longer side.
        finest: likewise, of the finest.
    """
    total, weights, strength = np.zeros((height, width, 1), np.float32), 0.0, 1.0
    while cells <= finest:
        left, top, right, bottom = (cells * edge for edge in box)
        first, above = floor(left) - _AROUND, floor(top) - _AROUND
        rows = np.arange(above, ceil(bottom) + _AROUND) % _KNOTS
        columns = np.arange(first, ceil(right) + _AROUND) % _KNOTS
        knots = _octave(cells)[rows[:, None], columns]
        part = (left - first, top - above, right - first, bottom - above)
        total += strength * resized(knots, width, height, part, by=BICUBIC)
        weights += strength
        strength, cells = strength / 2, cells * 2
    return np.asarray(np.clip(total / weights, 0, 1), np.float32)


def veins(clouds: Planes, cover: Planes) -> Planes:
    """Return how strongly a vein runs through each pixel, 0 to 1.

    Args:
        clouds: noise: a vein runs where it is near its middle.
        cover: other noise: veins fade where it is low.
    """
    away = np.abs(clouds - 0.5)
    line, haze = np.clip(1 - away / 0.02, 0, 1), np.clip(1 - away / 0.1, 0, 1)
    shown = np.clip((cover - 0.4) * 5, 0, 1)
    return np.asarray((0.6 * line + 0.4 * haze**2) * shown, np.float32)


def carved(height: Planes, depth: float, softness: float) -> tuple[Planes, Planes]:
    """Return the light on a surface, and its highlights, each one band.

    Args:
        height: one band, 0 to 1.
        depth: how steep slopes are.
        softness: the deviation of the blur that rounds edges.
    """
    soft = blurred(height, softness)[..., 0] * np.float32(depth)
    down, across = _slope(soft, 0), _slope(soft, 1)
    length = np.sqrt(1 + down**2 + across**2)
    light = (_LIGHT[2] - _LIGHT[0] * across - _LIGHT[1] * down) / length
    # The half vector between the light and the viewer, who looks from straight above.
    half = _LIGHT + np.array((0, 0, 1), np.float32)
    half /= np.linalg.norm(half)
    shine = np.clip((half[2] - half[0] * across - half[1] * down) / length, 0, 1) ** _SHINE
    return np.clip(light, 0, 1)[..., None], shine[..., None]


def _slope(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    if values.shape[axis] == 1:
        return np.zeros_like(values)
    return np.asarray(np.gradient(values, axis=axis), np.float32)


@cache
def _octave(cells: int) -> Planes:
    """Return the random values that an octave of noise is interpolated from, which repeat."""
    return np.random.default_rng((_SEED, cells)).random((_KNOTS, _KNOTS, 1), np.float32)
