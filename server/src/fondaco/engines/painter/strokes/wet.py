"""Wet media: watercolour that bleeds and pools, and ink washes on paper."""

import numpy as np
from scipy import ndimage

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.surface.colour import Pixels, blend, luma, ramp
from fondaco.engines.painter.surface.noise import blurred, fractal


def watercolour(stage: Stage, medium: Medium) -> None:
    """Wash the picture over white paper, darker where paint pools, with a ragged margin."""
    chance, scale = stage.chance("watercolour"), stage.unit / 768
    flowed = _flowed(stage, chance, (9 + 9 * medium.detail) * scale, 7 - 3.5 * medium.detail)
    bright = ndimage.gaussian_filter(luma(flowed), 1.2 * scale)
    edges = np.clip(np.hypot(ndimage.sobel(bright, 0), ndimage.sobel(bright, 1)) / 130, 0, 1)
    pigment = fractal(chance, stage.width, stage.height, cells=5, octaves=6)
    paper = _paper(stage, chance)
    density = (1 - np.clip(flowed * 1.1 + 14, 0, 255) / 255) * (0.6 + 0.8 * pigment[..., None])
    washed = paper[..., None] * (1 - density) * (1 - 0.34 * edges[..., None])
    margin = medium.number("margin", 0.022)
    inside = _inside(stage, chance, margin)
    stage.pixels = blend(
        paper[..., None] * np.array((1, 0.995, 0.975), np.float32),
        np.asarray(washed, np.float32),
        inside,
    )


def ink(stage: Stage, medium: Medium) -> None:
    """Brush the picture's darks as diluted ink on rice paper."""
    chance, scale = stage.chance("ink"), stage.unit / 768
    flowed = luma(_flowed(stage, chance, 14 * scale, 7 - 3 * medium.detail))
    low, high = np.percentile(flowed, (2, 92))
    tone = np.clip((flowed - low) / max(1.0, high - low), 0, 1)
    pigment = fractal(chance, stage.width, stage.height, cells=6, octaves=6)
    smooth = ndimage.gaussian_filter(tone, 1.3 * scale)
    edges = np.clip(np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) * 1.1 - 0.06, 0, 1)
    dry = fractal(chance, stage.width, stage.height, cells=60, octaves=3, stretch=6)
    wash = np.clip(tone**0.75 + (pigment - 0.5) * 0.35, 0, 1)
    dark = np.clip(wash - edges * (0.55 + 0.5 * dry), 0, 1)
    levels = np.clip(np.round(dark * 5) / 5 * 0.55 + dark * 0.45, 0, 1)
    stops = ((26, 26, 32), (86, 88, 94), (168, 166, 162), (226, 220, 206), (244, 238, 224))
    coloured = ramp(stops, np.asarray(levels, np.float32))
    accent = medium.number("accent", 0.25)
    own = stage.pixels - luma(stage.pixels)[..., None]
    stage.pixels = np.asarray(coloured + own * accent * levels[..., None], np.float32) + (
        _paper(stage, chance)[..., None] - 246
    )


def _flowed(stage: Stage, chance: np.random.Generator, reach: float, blot: float) -> Pixels:
    """Return the picture with its forms run together a little."""
    down = (fractal(chance, stage.width, stage.height, cells=14, octaves=4) - 0.5) * 2 * reach
    across = (fractal(chance, stage.width, stage.height, cells=14, octaves=4) - 0.5) * 2 * reach
    xs, ys = stage.grid()
    size = max(3, int(blot * stage.unit / 768) | 1)
    bands = []
    for band in range(3):
        calm = ndimage.median_filter(
            np.clip(stage.pixels[..., band], 0, 255).astype(np.uint8), size
        )
        bands.append(
            ndimage.map_coordinates(
                calm.astype(np.float32), (ys + down, xs + across), order=1, mode="nearest"
            )
        )
    return np.stack(bands, -1)


def _paper(stage: Stage, chance: np.random.Generator) -> Pixels:
    grain = fractal(
        chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 3, octaves=2
    )
    return np.asarray(248 - (grain - 0.5) * 24, np.float32)


def _inside(stage: Stage, chance: np.random.Generator, margin: float) -> Pixels:
    """Return 1 where paint is, 0 on the paper's ragged margin."""
    if margin <= 0:
        return np.ones((stage.height, stage.width), np.float32)
    xs, ys = stage.grid()
    edge = np.minimum(np.minimum(xs, stage.width - 1 - xs), np.minimum(ys, stage.height - 1 - ys))
    ragged = (
        edge
        + (fractal(chance, stage.width, stage.height, cells=9, octaves=5) - 0.5)
        * stage.unit
        * 0.085
    )
    return blurred(
        np.asarray(
            np.clip((ragged - stage.unit * margin) / (stage.unit * 0.008), 0, 1), np.float32
        ),
        0.8,
    )
