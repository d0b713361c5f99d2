"""A picture as planes of brightness and of two colours, as video has them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb: TypeAlias = NDArray[np.uint8]
"""A picture [height, width, 3]."""
Map: TypeAlias = NDArray[np.float32]
"""A number for each part of a picture, in rows and columns."""

_RGB_TO_YUV = np.array(
    (
        (0.182586, 0.614231, 0.062007),
        (-0.100644, -0.338572, 0.439216),
        (0.439216, -0.398942, -0.040274),
    ),
    np.float32,
)
_BLACK = np.array((16, 128, 128), np.float32)
"""ITU-R BT.709, in the narrow range."""
_BAND_ROWS = 128


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture in Y'CbCr, 8 bits."""

    light: Image.Image
    blue: Image.Image
    """Half as wide and high."""
    red: Image.Image
    """Likewise."""


def planes_of(rgb: Rgb, size: tuple[int, int]) -> Planes:
    """Return a picture as planes, scaled.

    Args:
        rgb: the picture.
        size: the width and height of its brightness, even.
    """
    height, width = rgb.shape[:2]
    planes = np.empty((3, height, width), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        converted = rgb[rows] @ _RGB_TO_YUV.T + _BLACK
        planes[:, rows] = np.clip(converted + 0.5, 0, 255).transpose(2, 0, 1)
    half = size[0] // 2, size[1] // 2
    light, blue, red = (
        Image.fromarray(plane).resize(wanted, Image.Resampling.LANCZOS)
        for plane, wanted in zip(planes, (size, half, half), strict=True)
    )
    return Planes(light, blue, red)
