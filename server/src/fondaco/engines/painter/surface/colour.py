"""Colours as three numbers from 0 to 255, and how they mix."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, 0 to 255 each."""
Pixels: TypeAlias = NDArray[np.floating]
"""A picture [height, width, 3] or a map [height, width]; colours are 0 to 255, maps mostly 0 to 1."""

BLACK: Colour = (12, 12, 18)
WHITE: Colour = (255, 255, 255)
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two; `share` 0 is the first, 1 the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float) -> Colour:
    """Return the colour, nearer to a bluish black."""
    return mix(colour, BLACK, share)


def lighter(colour: Colour, share: float) -> Colour:
    """Return the colour, nearer to white."""
    return mix(colour, WHITE, share)


def times(colour: Colour, light: Colour) -> Colour:
    """Return the colour as it looks in a light."""
    red, green, blue = (a * b / 255 for a, b in zip(colour, light, strict=True))
    return red, green, blue


def luma(pixels: Pixels) -> Pixels:
    """Return the brightness of each pixel, 0 to 255."""
    return np.asarray(pixels @ _LUMA, np.float32)


def ramp(stops: Sequence[Colour], at: Pixels) -> Pixels:
    """Return colours along evenly spaced stops, for positions 0 to 1 of any shape."""
    knots = np.linspace(0, 1, len(stops))
    bands = [np.interp(at, knots, [stop[band] for stop in stops]) for band in range(3)]
    return np.stack(bands, -1).astype(np.float32)


def blend(under: Pixels, over: Pixels | Colour, share: Pixels | float) -> Pixels:
    """Return pixels, laid over with others where `share` [height, width] says so."""
    weight = share[..., None] if isinstance(share, np.ndarray) else share
    return np.asarray(under + (np.asarray(over, np.float32) - under) * weight, np.float32)


def screened(under: Pixels, light: Pixels) -> Pixels:
    """Return pixels with light added that never burns out."""
    return np.asarray(255 - (255 - under) * (255 - np.clip(light, 0, 255)) / 255, np.float32)
