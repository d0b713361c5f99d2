"""Paper: the bare margin around a painting that does not reach the edges of its picture."""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from fondaco.engines.editor.pixels.oklab import to_oklab
from fondaco.engines.editor.pixels.raster import Bytes, Raster, resized

_PIXELS = 90_000
"""What it is looked for on."""
_ALIKE = 0.05
"""How far its colours are from its usual one, as Oklab."""
_GRAIN = 5
"""Pixels of a square whose median has none."""
_WIDEST = 0.12
"""Of the shorter side: it reaches no further in, though a pale sky may look like it."""
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
    reach = round(_WIDEST * min(alike.shape))
    alike[reach:-reach, reach:-reach] = False
    labels, _ = ndimage.label(alike)
    outside = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    found = np.isin(labels, np.unique(outside[outside > 0]))
    sides = (found[0], found[-1], found[:, 0], found[:, -1])
    if not _LEAST < float(found.mean()) < _MOST or min(side.mean() for side in sides) < _OF_EDGE:
        return None
    closed = ndimage.binary_closing(np.pad(found, 3, mode="edge"), iterations=3)[3:-3, 3:-3]
    mask = Image.fromarray(np.asarray(closed, np.uint8) * 255)
    return resized(np.asarray(mask), raster.width, raster.height)
