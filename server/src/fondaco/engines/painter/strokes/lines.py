"""Line media: pencil, charcoal, pastel, engraving and woodcut."""

import numpy as np
from scipy import ndimage

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, luma, ramp
from fondaco.engines.painter.surface.noise import blurred, fractal


def pencil(stage: Stage, medium: Medium) -> None:
    """Draw contours and hatching, darker with `weight`, with `tint` of the picture's colours."""
    chance, scale = stage.chance("pencil"), stage.unit / 768
    bright = _stretched(luma(stage.pixels))
    weight = medium.number("weight", 1.0)
    dodge = np.clip(bright * 255 / np.maximum(256 - blurred(255 - bright, 5 * scale), 1), 0, 255)
    lines = 255 - np.clip((255 - dodge) * 1.8 * weight, 0, 255)
    grain = fractal(
        chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 2.6, octaves=2
    )
    shade = np.zeros_like(bright)
    for turn, limit in ((0.9, 190), (-0.7, 130), (0.2, 80), (1.5, 46)):
        if limit < 190 - 150 * medium.detail:
            continue
        shade += (
            _hatching(stage, chance, turn, 5.2 * scale)
            * np.clip((limit - bright) / 60, 0, 1)
            * 62
            * weight
        )
    tone = lines * (0.62 + 0.38 * np.clip(bright * 1.2, 0, 255) / 255) - shade * (
        0.55 + 0.9 * grain
    )
    tone = np.clip(tone - (grain - 0.5) * 26, 22, 250) / 255
    paper = medium.colour("paper", (255, 251, 242))
    drawn = tone[..., None] * np.array(paper, np.float32)
    tint = medium.number("tint", 0.0)
    if tint:
        own = stage.pixels / np.maximum(luma(stage.pixels), 24)[..., None]
        drawn = drawn * (1 - tint) + np.clip(drawn * (0.25 + 0.75 * own), 0, 255) * tint
    stage.pixels = np.asarray(drawn, np.float32)


def charcoal(stage: Stage, medium: Medium) -> None:
    """Smudge the picture's tones in charcoal on toned paper, with lights in chalk."""
    chance, scale = stage.chance("charcoal"), stage.unit / 768
    bright = _stretched(luma(stage.pixels)) / 255
    tooth = fractal(
        chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 3, octaves=2
    )
    rough = fractal(chance, stage.width, stage.height, cells=90, octaves=3, stretch=0.3)
    smudged = blurred(np.asarray(bright, np.float32), (4.5 - 3 * medium.detail) * scale)
    smooth = ndimage.gaussian_filter(bright, 1.5 * scale)
    edges = np.clip(np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) * 1.3 - 0.08, 0, 1)
    coal = np.clip((0.62 - smudged) * 1.7 + edges * 0.7, 0, 1) * np.clip(
        0.45 + tooth * 0.75 + (rough - 0.5) * 0.5, 0, 1
    )
    chalk = np.clip((smudged - 0.7) * 2.6, 0, 1) * np.clip(tooth * 1.5 - 0.15, 0, 1)
    paper = medium.colour("paper", (206, 196, 180))
    base = (
        np.broadcast_to(np.array(paper, np.float32), stage.pixels.shape)
        + (tooth[..., None] - 0.5) * 16
    )
    stage.pixels = blend(
        blend(base, (250, 247, 240), np.asarray(chalk, np.float32)),
        (30, 28, 30),
        np.asarray(coal, np.float32),
    )


def pastel(stage: Stage, medium: Medium) -> None:
    """Rub colours into rough paper with visible, slanted strokes."""
    chance, scale = stage.chance("pastel"), stage.unit / 768
    soft = blurred(stage.pixels, (5 - 3 * medium.detail) * scale)
    streaks = _hatching(stage, chance, 0.8, 3.4 * scale)
    tooth = fractal(
        chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 3.2, octaves=2
    )
    cover = np.clip(0.5 + streaks * 0.3 + (tooth - 0.42) * 1.5, 0, 1)
    paper = np.array(medium.colour("paper", (232, 222, 206)), np.float32)
    light = np.clip(soft + 20 + (streaks[..., None] - 0.5) * 26, 0, 255)
    stage.pixels = blend(
        np.broadcast_to(paper, light.shape),
        np.asarray(light, np.float32),
        np.asarray(cover, np.float32),
    )


def engraving(stage: Stage, medium: Medium) -> None:
    """Engrave the picture in lines that swell where it is dark, crossed in the shadows."""
    scale = stage.unit / 768
    bright = _stretched(blurred(luma(stage.pixels), 1.1 * scale)) / 255
    xs, ys = stage.grid()
    period = medium.number("period", 5.2) * scale * (1.6 - 0.6 * medium.detail)
    wave = 5 * scale * np.sin(xs / (46 * scale)) + (bright - 0.5) * 9 * scale
    ink = _swelling((ys + wave) / period, 1.12 - bright)
    ink = np.maximum(ink, _swelling((xs * 0.7 + ys * 0.7) / period, 0.62 - bright))
    ink = np.maximum(ink, _swelling((xs * 0.7 - ys * 0.7) / period, 0.34 - bright))
    edge = np.clip(np.hypot(ndimage.sobel(bright, 0), ndimage.sobel(bright, 1)) * 1.7 - 0.28, 0, 1)
    cover = blurred(np.asarray(np.maximum(ink, edge), np.float32), 0.55)
    paper, tone = medium.colour("paper", (244, 236, 216)), medium.colour("ink", (34, 30, 38))
    stage.pixels = blend(
        np.broadcast_to(np.array(paper, np.float32), stage.pixels.shape), tone, cover
    )


def woodcut(stage: Stage, medium: Medium) -> None:
    """Cut the picture in a few flat tones with dark lines and the grain of wood."""
    chance, scale = stage.chance("woodcut"), stage.unit / 768
    soft = blurred(stage.pixels, (3.2 - 1.6 * medium.detail) * scale)
    bright = _stretched(luma(soft)) / 255
    grain = fractal(chance, stage.width, stage.height, cells=70, octaves=3, stretch=14)
    levels = int(medium.number("levels", 5))
    at = np.clip(np.floor((bright + (grain - 0.5) * 0.1) * levels) / (levels - 1), 0, 1)
    stops: tuple[Colour, ...] = tuple(
        (one[0], one[1], one[2]) for one in _triples(medium.values.get("stops"))
    ) or ((28, 36, 58), (52, 92, 120), (190, 130, 100), (236, 206, 160), (248, 238, 214))
    printed = ramp(stops, np.asarray(at, np.float32))
    own = (soft - luma(soft)[..., None]) * medium.number("tint", 0.7)
    smooth = ndimage.gaussian_filter(bright, 1.6 * scale)
    lines = np.clip(np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) * 2.6 - 0.35, 0, 1)
    printed = np.clip(printed + own, 0, 255) - (grain[..., None] - 0.5) * 18
    stage.pixels = blend(
        np.asarray(printed, np.float32), stops[0], np.asarray(lines * 0.92, np.float32)
    )


def _triples(value: object) -> list[list[float]]:
    return [one for one in value if isinstance(one, list)] if isinstance(value, list) else []


def _hatching(stage: Stage, chance: np.random.Generator, turn: float, period: float) -> Pixels:
    """Return slanted, slightly trembling lines, 0 to 1."""
    xs, ys = stage.grid()
    tremble = fractal(chance, stage.width, stage.height, cells=7, octaves=3)
    at = (xs * np.sin(turn) + ys * np.cos(turn)) / period + tremble * 3.2
    return np.asarray(np.clip(0.5 + 0.9 * np.sin(at * 2 * np.pi), 0, 1), np.float32)


def _swelling(at: Pixels, dark: Pixels) -> Pixels:
    """Return lines at whole numbers of `at`, as wide as it is dark."""
    distance = np.abs(at - np.round(at)) * 2
    return np.asarray(np.clip((np.clip(dark, 0, 1.05) - distance) * 6, 0, 1), np.float32)


def _stretched(bright: Pixels) -> Pixels:
    """Return brightness that uses the whole range, 0 to 255."""
    low, high = np.percentile(bright, (1, 98))
    return np.asarray(np.clip((bright - low) / max(12.0, high - low), 0, 1) * 255, np.float32)
