"""What can be measured of a picture, and an edit of it by its instruction."""

import colorsys
from pathlib import Path

import numpy as np

from engines.editor.scenes import Array
from fondaco.engines.editor.editing import Edit, Networks, edited
from fondaco.engines.editor.instructions.grammar import read
from fondaco.engines.editor.pixels.raster import Raster

_NOWHERE = Path("/nonexistent")


def edit(
    raster: Raster,
    prompt: str,
    networks: Networks | None = None,
    *,
    seed: int = 0,
    mask: Array | None = None,
) -> Raster:
    """Return a picture after an instruction; without networks, those that need none."""
    operations = read(prompt)
    assert isinstance(operations, tuple), operations
    wanted = Edit(operations=operations, seed=seed, mask=mask)
    return edited(raster, wanted, networks or Networks(_NOWHERE, _NOWHERE))


def luma(rgb: Array) -> float:
    """Return the mean brightness, 0 to 255."""
    return float((rgb @ np.array((0.299, 0.587, 0.114))).mean())


def contrast(rgb: Array) -> float:
    """Return the deviation of the brightness."""
    return float((rgb @ np.array((0.299, 0.587, 0.114))).std())


def colourfulness(rgb: Array) -> float:
    """Return the mean distance of the channels."""
    return float((rgb.max(-1).astype(int) - rgb.min(-1)).mean())


def roughness(rgb: Array) -> float:
    """Return the mean step between pixels beside each other."""
    return float(np.abs(np.diff(rgb.astype(int), axis=1)).mean())


def mean(rgb: Array) -> tuple[float, float, float]:
    """Return the mean colour."""
    red, green, blue = rgb.reshape(-1, 3).mean(0).tolist()
    return red, green, blue


def hue(rgb: Array) -> float:
    """Return the hue of the mean colour in degrees: 0 red, 120 green, 240 blue."""
    red, green, blue = (one / 255 for one in mean(rgb))
    return 360 * colorsys.rgb_to_hsv(red, green, blue)[0]


def share(alpha: Array | None) -> float:
    """Return how much of a picture is opaque, 0 to 1."""
    assert alpha is not None
    return float((alpha > 127).mean())
