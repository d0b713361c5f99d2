"""Grading: contrast, saturation, toning and vignette of a whole picture, and colours that are unwanted."""

from collections.abc import Mapping, Sequence

import numpy as np

from fondaco.engines.painter.strokes.medium import Medium, Value
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, luma, ramp
from fondaco.engines.painter.surface.noise import blurred

_RANGE = 130.0
"""Of brightness: less looks flat."""
_MOST_SPREAD = 1.7
_DIMMEST = 62.0
"""Of the middle of the range: below, forms are lost."""
_PLAIN_CFG = 7.0
"""The guidance at which colours stay as they are."""


def guided(pixels: Pixels, cfg: float) -> Pixels:
    """Return the picture with contrast and colour as strong as the guidance scale asks, 0 to 20."""
    share = (min(20.0, max(0.0, cfg)) - _PLAIN_CFG) / 13
    contrast, saturation = (
        (1 + 0.34 * share, 1 + 0.7 * share) if share > 0 else (1 + 0.75 * share, 1 + 1.1 * share)
    )
    return _graded(pixels, contrast, saturation, 0.0)


def spread(pixels: Pixels) -> Pixels:
    """Return the picture with more contrast where it has little, as fog and night leave it."""
    low, high = (float(edge) for edge in np.percentile(luma(pixels), (2, 98)))
    factor = min(_MOST_SPREAD, _RANGE / max(1.0, high - low))
    if factor <= 1:
        return pixels
    middle = (low + high) / 2
    raised = middle + max(0.0, _DIMMEST - middle)
    return np.asarray(np.clip((pixels - middle) * factor + raised, 0, 255), np.float32)


def recipe(pixels: Pixels, values: Mapping[str, Value]) -> Pixels:
    """Return the picture in a colour recipe.

    Args:
        pixels: the picture.
        values: `contrast`, `saturation`, `exposure`, `turn` (of hues, in degrees), `shadows` and
            `lights` (colours mixed in, by `toning`), `stops` (a ramp of colours by brightness,
            mixed in by `map`), `vignette`, `fade`, `bloom`.
    """
    medium = Medium(1.0, values)
    image = _graded(
        pixels,
        medium.number("contrast", 1),
        medium.number("saturation", 1),
        medium.number("exposure", 0),
    )
    if turn := medium.number("turn", 0):
        image = _turned(image, turn)
    bright = np.asarray(np.clip(luma(image) / 255, 0, 1), np.float32)
    if toning := medium.number("toning", 0):
        tones = ramp(
            (medium.colour("shadows", (128, 128, 128)), medium.colour("lights", (128, 128, 128))),
            bright,
        )
        image = image + (tones - 128) * toning
    stops = values.get("stops")
    if isinstance(stops, list):
        colours = [(one[0], one[1], one[2]) for one in stops if isinstance(one, list)]
        image = blend(np.asarray(image, np.float32), ramp(colours, bright), medium.number("map", 1))
    if bloom := medium.number("bloom", 0):
        image = np.asarray(
            image + blurred(np.clip(image - 140, 0, 255), image.shape[0] / 60) * bloom, np.float32
        )
    if fade := medium.number("fade", 0):
        image = np.asarray(image * (1 - fade) + 214 * fade, np.float32)
    return np.asarray(_vignette(image, medium.number("vignette", 0)), np.float32)


def without(pixels: Pixels, unwanted: Sequence[Colour]) -> Pixels:
    """Return the picture with colours near to some greyed."""
    grey = luma(pixels)[..., None]
    chroma = pixels - grey
    strength = np.linalg.norm(chroma, axis=-1)
    for colour in unwanted:
        own = np.array(colour, np.float32) - float(luma(np.array(colour, np.float32)))
        size = float(np.linalg.norm(own))
        if size < 20:  # a grey has no hue
            continue
        alike = (chroma @ (own / size)) / np.maximum(strength, 1)
        share = np.clip((alike - 0.72) * 5, 0, 0.92)
        chroma = chroma * (1 - share)[..., None]
    return np.asarray(grey + chroma, np.float32)


def _graded(pixels: Pixels, contrast: float, saturation: float, exposure: float) -> Pixels:
    image = (pixels - 128) * contrast + 128 + exposure
    grey = luma(np.asarray(image, np.float32))[..., None]
    return np.asarray(np.clip(grey + (image - grey) * saturation, 0, 255), np.float32)


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    """Return the picture with its hues turned around the grey axis."""
    turn = np.radians(degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    third, root = (1 - cosine) / 3, sine / np.sqrt(3)
    matrix = (
        np.full((3, 3), third)
        + np.eye(3) * cosine
        + np.array(((0, -root, root), (root, 0, -root), (-root, root, 0)))
    )
    return np.asarray(np.clip(pixels @ matrix.T.astype(np.float32), 0, 255), np.float32)


def _vignette(pixels: Pixels, share: float) -> Pixels:
    if not share:
        return pixels
    height, width = pixels.shape[:2]
    ys, xs = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    return np.asarray(
        pixels * (1 - share * np.clip(np.hypot(xs, ys) - 0.55, 0, 1))[..., None], np.float32
    )
