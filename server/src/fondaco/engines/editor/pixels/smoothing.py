"""Smoothing that keeps edges: the guided filter."""

import numpy as np
from scipy import ndimage

from fondaco.engines.editor.pixels.raster import Floats


def box(values: Floats, radius: int) -> Floats:
    """Return the mean of each pixel's square of `2 * radius + 1` a side."""
    return np.asarray(ndimage.uniform_filter(values, 2 * radius + 1, mode="nearest"), np.float32)


def guided(guide: Floats, values: Floats, radius: int, softness: float) -> Floats:
    """Return values smoothed, except along the edges of a guide.

    Source: He, Sun, Tang, "Guided Image Filtering", 2010.

    Args:
        guide: [height, width].
        values: [height, width].
        radius: of the squares that are averaged.
        softness: differences of the guide smaller than its square root are smoothed away.
    """
    mean_guide, mean_values = box(guide, radius), box(values, radius)
    covariance = box(guide * values, radius) - mean_guide * mean_values
    variance = box(guide * guide, radius) - mean_guide * mean_guide
    slope = np.asarray(covariance / (variance + np.float32(softness)), np.float32)
    offset = np.asarray(mean_values - slope * mean_guide, np.float32)
    return np.asarray(box(slope, radius) * guide + box(offset, radius), np.float32)
