"""Brush strokes: a picture painted again with ever finer strokes along its contours (Hertzmann, 1998)."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.surface.canvas import Canvas
from fondaco.engines.painter.surface.colour import Pixels, luma
from fondaco.engines.painter.surface.noise import blurred, fractal

_REPAINT = 24.0
"""Sum of the differences of colours above which a finer stroke corrects a coarser one."""


def brushed(stage: Stage, medium: Medium) -> None:
    """Repaint with strokes; `radii` at a side of 768, coarse to fine."""
    radii = medium.numbers("radii", (22.0, 12.0, 6.5, 3.6, 2.2))
    layers = max(1, round(len(radii) * medium.detail))
    reference = stage.pixels
    ground = medium.colour("ground", tuple(reference.mean((0, 1)).tolist()))
    chance = stage.chance("strokes")
    painted: Pixels = np.broadcast_to(np.array(ground, np.float32), reference.shape).copy()
    for index, radius in enumerate(radii[:layers]):
        painted = _layer(
            stage, chance, medium, reference, painted, radius * stage.unit / 768, first=index == 0
        )
    stage.pixels = painted
    _relief(stage, chance, medium.number("relief", 0.35), medium.number("canvas", 7))


def _layer(
    stage: Stage,
    chance: np.random.Generator,
    medium: Medium,
    reference: Pixels,
    painted: Pixels,
    radius: float,
    *,
    first: bool,
) -> Pixels:
    """Paint the strokes of one radius where what is painted differs from the reference."""
    target = blurred(reference, max(0.6, radius * 0.45))
    gap = max(2, int(radius * medium.number("gap", 0.85)))
    ys, xs = (axis.ravel() for axis in np.mgrid[0 : stage.height : gap, 0 : stage.width : gap])
    order = chance.permutation(len(xs))
    xs = np.clip(xs + chance.integers(-gap, gap + 1, len(xs)), 0, stage.width - 1)[order]
    ys = np.clip(ys + chance.integers(-gap, gap + 1, len(ys)), 0, stage.height - 1)[order]
    if not first:
        error = np.abs(target - blurred(painted, max(0.6, radius * 0.5))).sum(-1)
        kept = error[ys, xs] > _REPAINT
        xs, ys = xs[kept], ys[kept]
    jitter = medium.number("jitter", 7)
    shift = chance.normal(0, jitter, (len(xs), 1)) + chance.normal(0, jitter * 0.5, (len(xs), 3))
    colours = np.concatenate(
        (target[ys, xs] + shift, np.full((len(xs), 1), medium.number("alpha", 0.94) * 255)), -1
    )
    tracks = _tracks(target, xs, ys, radius, int(medium.number("curve", 6)))
    buffer = np.empty((stage.height, stage.width, 4), np.uint8)
    buffer[..., :3] = np.clip(painted, 0, 255)
    buffer[..., 3] = 255
    canvas = Canvas(buffer)
    if medium.number("dots", 0):
        size = radius * 0.62
        canvas.dots(
            (x, y, size, (red, green, blue), 1.0)
            for x, y, (red, green, blue, _) in zip(
                xs.tolist(), ys.tolist(), colours.tolist(), strict=True
            )
        )
    else:
        canvas.brush(tracks, np.asarray(colours, np.float32), radius * medium.number("width", 1.15))
    canvas.finish()
    return buffer[..., :3].astype(np.float32)


def _tracks(
    target: Pixels, xs: NDArray[np.int64], ys: NDArray[np.int64], radius: float, length: int
) -> NDArray[np.float32]:
    """Return the strokes' points [strokes, length + 1, 2]: along contours, until the colour changes."""
    bright = luma(target)
    smooth = max(1.0, radius * 0.7)
    down = ndimage.gaussian_filter(ndimage.sobel(bright, 0), smooth, truncate=2)
    across = ndimage.gaussian_filter(ndimage.sobel(bright, 1), smooth, truncate=2)
    height, width = bright.shape
    at = np.stack((xs, ys), -1).astype(np.float32)
    colour = target[ys, xs]
    heading = np.tile(np.array((1.0, 0.12), np.float32), (len(xs), 1))
    going = np.ones(len(xs), bool)
    track = [at.copy()]
    for step in range(length):
        column, row = (
            np.clip(at[:, 0], 0, width - 1).astype(int),
            np.clip(at[:, 1], 0, height - 1).astype(int),
        )
        way = np.stack((-down[row, column], across[row, column]), -1)
        strength = np.hypot(way[:, 0], way[:, 1])
        steep = strength > 2  # a weaker gradient has no contour to follow
        way = np.where(steep[:, None], way / np.maximum(strength, 1e-6)[:, None], heading)
        way = np.where(((way * heading).sum(-1) < 0)[:, None] & (step > 0), -way, way)
        # The stroke has reached another object.
        going &= np.abs(target[row, column] - colour).sum(-1) < 64
        heading = way
        at = np.where(going[:, None], at + way * radius * 0.8, at)
        track.append(at.copy())
    return np.stack(track, 1)


def _relief(stage: Stage, chance: np.random.Generator, depth: float, canvas: float) -> None:
    """Let light graze the paint, and the canvas show through."""
    bright = luma(stage.pixels)
    slope = np.diff(bright, axis=0, prepend=bright[:1]) + np.diff(
        bright, axis=1, prepend=bright[:, :1]
    )
    weave = (
        fractal(
            chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 4, octaves=1
        )
        - 0.5
    )
    stage.pixels += (np.clip(slope * depth, -34, 34) + weave * canvas)[..., None]


def swirled(stage: Stage, medium: Medium) -> None:
    """Turn what is smooth, such as skies, into currents before it is brushed."""
    chance = stage.chance("swirls")
    field = fractal(chance, stage.width, stage.height, cells=4, octaves=2) * math.tau * 1.5
    xs, ys = stage.grid()
    bend = stage.unit * 0.03
    source = (
        np.clip(ys + np.sin(field) * bend, 0, stage.height - 1),
        np.clip(xs + np.cos(field) * bend, 0, stage.width - 1),
    )
    bands = np.sin(field * 7)[..., None] * 9
    rough = np.clip(blurred(np.abs(ndimage.laplace(luma(stage.pixels))), 6) / 10, 0, 1)[..., None]
    moved = np.stack(
        [ndimage.map_coordinates(stage.pixels[..., k], source, order=1) for k in range(3)], -1
    )
    stage.pixels = np.asarray(stage.pixels * rough + (moved + bands) * (1 - rough), np.float32)
    brushed(stage, medium)
