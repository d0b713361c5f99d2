"""Prints: flat colours, comics with outlines and dots, and layers of cut paper."""

import numpy as np
from scipy import ndimage

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.strokes.palette import quantized
from fondaco.engines.painter.surface.colour import Pixels, blend, luma
from fondaco.engines.painter.surface.noise import blurred, fractal, shifted


def flat_print(stage: Stage, medium: Medium) -> None:
    """Reduce the picture to smooth areas of few colours."""
    stage.pixels = blurred(_areas(stage, int(medium.number("colours", 16)), medium.detail), 0.7)


def comic(stage: Stage, medium: Medium) -> None:
    """Ink outlines over flat colours, with `dots` of a halftone in the shadows."""
    scale = stage.unit / 768
    outlines = _outlines(stage.pixels, 1.4 * scale, medium.number("line", 1.0))
    areas = _areas(stage, int(medium.number("colours", 18)), medium.detail)
    dots = medium.number("dots", 0.0)
    if dots:
        areas = _halftone(stage, areas, medium.number("period", 9) * scale, dots)
    stage.pixels = blend(areas, medium.colour("ink", (22, 20, 30)), outlines)


def cut_paper(stage: Stage, medium: Medium) -> None:
    """Lay the picture in sheets of coloured paper that throw shadows on each other."""
    chance, scale = stage.chance("paper"), stage.unit / 768
    levels = int(medium.number("levels", 7))
    areas = _areas(stage, int(medium.number("colours", 12)), medium.detail)
    bright = blurred(luma(stage.pixels), 5 * scale)
    cuts = np.quantile(bright, np.linspace(0, 1, levels + 1)[1:-1])
    grain = fractal(
        chance, stage.width, stage.height, cells=max(stage.width, stage.height) / 3, octaves=2
    )
    image = areas + (grain[..., None] - 0.5) * 16
    shift = max(2, int(medium.number("depth", 6) * scale))
    for cut in cuts:
        sheet = np.asarray(bright < cut, np.float32)
        above = shifted(sheet, shift, shift // 2 + 1)
        shadow = blurred(above, shift * 0.7) * (1 - sheet)
        image *= (1 - 0.42 * shadow)[..., None]
        image += (np.clip(sheet - shifted(sheet, 1, 1), 0, 1) * 26)[..., None]
    stage.pixels = np.asarray(image, np.float32)


def _areas(stage: Stage, colours: int, detail: float) -> Pixels:
    """Return smooth areas of few colours."""
    scale = stage.unit / 768
    size = max(3, int((9 - 4 * detail) * scale) | 1)
    calm = np.stack(
        [
            ndimage.median_filter(np.clip(stage.pixels[..., band], 0, 255).astype(np.uint8), size)
            for band in range(3)
        ],
        -1,
    )
    return quantized(
        calm.astype(np.float32),
        max(4, round(colours * (0.4 + 0.6 * detail))),
        stage.chance("palette"),
    )


def _outlines(image: Pixels, width: float, strength: float) -> Pixels:
    smooth = ndimage.gaussian_filter(luma(image), (width, width))
    chroma = ndimage.gaussian_filter(image[..., 0] - image[..., 2], (width, width))
    edge = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) + 0.6 * np.hypot(
        ndimage.sobel(chroma, 0), ndimage.sobel(chroma, 1)
    )
    return np.asarray(np.clip((edge - 62 / strength) / 46, 0, 1), np.float32)


def _halftone(stage: Stage, areas: Pixels, period: float, strength: float) -> Pixels:
    xs, ys = stage.grid()
    u, v = (xs + ys) / period, (xs - ys) / period
    distance = np.hypot(u - np.round(u), v - np.round(v))
    dark = 1 - blurred(luma(areas), period * 0.4) / 255
    dots = np.clip((np.sqrt(np.clip(dark, 0, 1)) * 0.62 - distance) * 9, 0, 1)
    return blend(
        np.clip(areas * 1.12 + 10, 0, 255), areas * 0.55, np.asarray(dots * strength, np.float32)
    )
