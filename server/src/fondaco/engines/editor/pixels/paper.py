"""Paper: the bare margin around a painting that does not reach the edges of its picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fondaco.engines.editor.pixels.oklab import to_oklab
from fondaco.engines.editor.pixels.raster import Bytes, Raster, resized

_PIXELS = 90_000
"""Size of the copy on which paper is detected."""
_ALIKE = 0.05
"""Largest distance of paper's colours from its usual one, in Oklab."""
_GRAIN = 5
"""Pixels of a square whose median has none."""
_WIDEST = 0.12
"""Of the shorter side: it mostly reaches no further in."""
_RAGGED, _STRAY = 2.0, 0.02
"""Times its usual depth, and shares of a side: the most that its edge strays."""
_OF_EDGE = 0.9
"""The share of each edge that it covers."""
_LEAST, _MOST = 0.01, 0.3
"""Its share of the picture; more is a background."""


def paper_of(raster: Raster) -> Bytes | None:
    """Return how much each pixel is bare paper, [height, width], 0 to 255; None: there is no margin."""
    small, _ = raster.within(_PIXELS)
    lab = to_oklab(np.asarray(small.filter(ImageFilter.MedianFilter(_GRAIN))))
    edges = (lab[0], lab[-1], lab[:, 0], lab[:, -1])
    usual = np.median(np.concatenate(edges), axis=0)
    alike = np.abs(lab - usual).max(-1) < _ALIKE
    sides = (alike[0], alike[-1], alike[:, 0], alike[:, -1])
    if min(float(side.mean()) for side in sides) < _OF_EDGE:
        return None
    reach = _WIDEST * min(alike.shape)
    found = np.zeros(alike.shape, np.bool_)
    for turn in range(4):
        depths = _depths(np.rot90(alike, turn))
        if np.median(depths) > reach:
            return None
        within = np.arange(found.shape[1 - turn % 2]) < depths[:, None]
        found |= np.rot90(within, -turn)
    if not _LEAST < float(found.mean()) < _MOST:
        return None
    mask = Image.fromarray(np.asarray(found, np.uint8) * 255)
    return resized(np.asarray(mask), raster.width, raster.height)


def _depths(alike: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far in paper reaches from the left, row by row.

    A pale sky beside it looks alike: where it would reach much further than elsewhere, the usual depth
    counts.
    """
    other = ~alike
    depths = np.where(other.any(1), other.argmax(1), alike.shape[1]).astype(np.float64)
    usual = float(np.median(depths))
    most = _RAGGED * usual + _STRAY * max(alike.shape)
    return np.where(depths > most, usual, depths)
