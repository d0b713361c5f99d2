"""Oklab: colours as lightness and two axes of hue, in which equal steps look equal.

Source: Ottosson, "A perceptual color space for image processing", 2020.
"""

import numpy as np

from fondaco.engines.editor.instructions.operations import Colour
from fondaco.engines.editor.pixels.raster import Bytes, Floats

_TO_LMS = np.array(
    (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    ),
    np.float32,
)
_TO_LAB = np.array(
    (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    ),
    np.float32,
)
_FROM_LAB = np.asarray(np.linalg.inv(_TO_LAB), np.float32)
_FROM_LMS = np.asarray(np.linalg.inv(_TO_LMS), np.float32)
_STEPS = 4095


def _linear(srgb: Floats) -> Floats:
    low = srgb <= 0.04045
    return np.asarray(np.where(low, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), np.float32)


def _encoded(linear: Floats) -> Floats:
    low = linear <= 0.0031308
    return np.asarray(
        np.where(low, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055),
        np.float32,
    )


_LINEAR = _linear(np.linspace(0, 1, 256, dtype=np.float32))
_ENCODED = np.asarray(
    _encoded(np.linspace(0, 1, _STEPS + 1, dtype=np.float32) ** 2) * 255 + 0.5, np.uint8
)
"""sRGB for each square root of a linear value: fine where the dark tones are."""


def to_oklab(rgb: Bytes) -> Floats:
    """Return sRGB colours as lightness from 0 to 1, green to red, and blue to yellow."""
    return np.asarray(np.cbrt(_LINEAR[rgb] @ _TO_LMS.T) @ _TO_LAB.T, np.float32)


def from_oklab(lab: Floats) -> Bytes:
    """Return colours as sRGB; those that it has not are cut off."""
    linear = ((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T
    at = np.sqrt(np.clip(linear, 0, 1)) * _STEPS + 0.5
    return _ENCODED[at.astype(np.int32)]


def oklab_of(colour: Colour) -> tuple[float, float, float]:
    """Return lightness, chroma and hue (in radians) of one colour.

    >>> lightness, chroma, hue = oklab_of((255, 0, 0))
    >>> round(lightness, 2), round(chroma, 2), round(hue, 2)
    (0.63, 0.26, 0.51)
    """
    lightness, a, b = to_oklab(np.array([[colour]], np.uint8))[0, 0].tolist()
    return lightness, float(np.hypot(a, b)), float(np.arctan2(b, a))
