"""Depth map of a picture: its subject, the ground, and the background.

A guess, and a soft one: depth changes so gently that the picture is stretched where a camera moves, and never
torn. A part of a subject that the network overlooked bends with it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from fondaco.engines.camera.path import FAR
from fondaco.engines.common.videos.planes import Map

_SIDE = 128
"""Of the map, whatever the picture's shape."""
_HORIZON = 0.45
"""Of the height: above, nothing but what is far."""
_GROUND = 0.85
"""The nearness of the ground at the picture's lower edge, without a subject."""
_STANDING = 0.6
"""A subject whose foot is further down than this share of the height stands on the ground; any other
floats."""
_BEHIND = 0.4
"""Of the height: how far the ground reaches up behind a subject's foot."""
_PRESENT = 0.15
"""From here on, the network's map means the subject."""
_AROUND = 13
"""Cells: the square in which a subject's nearness spreads. What the map misses at its edge is in it."""
_ABOVE = 10
"""Cells: how much further it spreads up and down. Depth that changes along an upright subject would bend
it when a camera moves aside; depth that changes beside it stretches the background alone."""
_SOFT_ACROSS, _SOFT_DOWN = 5.0, 8.0
"""Cells: the radius over which depth changes."""


@dataclass(frozen=True, slots=True)
class Depth:
    """The nearness of a picture's parts, as a square map of the whole."""

    nearness: Map

    def at(self, across: Map, down: Map) -> Map:
        """Return the nearness of places, given as shares of the picture's width and height."""
        side = len(self.nearness)
        x = np.clip(across * side - 0.5, 0, side - 1.001)
        y = np.clip(down * side - 0.5, 0, side - 1.001)
        left, top = x.astype(np.int32), y.astype(np.int32)
        x, y = x - left, y - top
        upper = self.nearness[top, left] * (1 - x) + self.nearness[top, left + 1] * x
        lower = self.nearness[top + 1, left] * (1 - x) + self.nearness[top + 1, left + 1] * x
        return np.asarray(upper * (1 - y) + lower * y, np.float32)


def depth_of(subject: Map | None) -> Depth:
    """Return the depth of a picture.

    Args:
        subject: where its subject is; None: it has none.
    """
    rows = np.asarray((np.arange(_SIDE) + 0.5) / _SIDE, np.float32)
    if subject is None:
        return Depth(_softened(np.repeat(_ground(rows, 1.0, _GROUND)[:, None], _SIDE, axis=1)))
    small = Image.fromarray(subject).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    found = Image.fromarray(((np.asarray(small) > _PRESENT) * 255).astype(np.uint8))
    spread = np.asarray(found.filter(ImageFilter.MaxFilter(_AROUND)), np.float32) / 255
    padded = np.pad(spread, ((_ABOVE, _ABOVE), (0, 0)))
    spread = np.max([padded[:_SIDE], spread, padded[-_SIDE:]], axis=0)
    foot = float(np.flatnonzero(np.asarray(found).any(1)).max(initial=0) + 1) / _SIDE
    stands = foot > _STANDING
    ground = _ground(rows, foot, 1.0) if stands else _ground(rows, 1.0, _GROUND)
    return Depth(_softened(np.maximum(ground[:, None], FAR + (1 - FAR) * spread)))


def _ground(rows: Map, foot: float, nearness: float) -> Map:
    """Return how near each row is, of a level ground that has a nearness at a row."""
    horizon = max(min(_HORIZON, foot - _BEHIND), 0.0)
    share = np.clip((rows - horizon) / (foot - horizon), 0, 1)
    return np.asarray(FAR + (nearness - FAR) * share, np.float32)


def _softened(nearness: Map) -> Map:
    """Return a map whose values change gently."""
    soft = nearness
    for axis, radius in enumerate((_SOFT_DOWN, _SOFT_ACROSS)):
        reach = round(3 * radius)
        kernel = np.exp(-((np.arange(-reach, reach + 1) / radius) ** 2) / 2)
        sides = [(reach, reach) if axis == one else (0, 0) for one in (0, 1)]
        padded = np.pad(soft, sides, mode="edge")
        soft = np.apply_along_axis(np.convolve, axis, padded, kernel / kernel.sum(), "valid")
    return np.asarray(soft, np.float32)
