"""Colours: tints, duotones, and one colour instead of another."""

from math import pi

import numpy as np

from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.instructions.colours import COLOURS
from fondaco.engines.editor.instructions.operations import (
    Colour,
    Duotone,
    KeepColour,
    Recolour,
    Tint,
)
from fondaco.engines.editor.pixels.light import saturated
from fondaco.engines.editor.pixels.oklab import from_oklab, oklab_of, to_oklab
from fondaco.engines.editor.pixels.raster import (
    LUMA,
    Bytes,
    Floats,
    Raster,
    bands,
    brightness,
    to_floats,
)

_TINT = 0.85
"""Strength with which a tint of 1 draws the colours."""
_COLOURLESS = 0.04
"""Mean distance of the channels below which a picture counts as grey."""
_OLD_PRINT = ((0, 20, 22, 38), (70, 84, 66, 62), (140, 166, 132, 104), (205, 226, 202, 168), (255, 255, 250, 238))  # fmt: skip
"""Brightness, and the colour that it gets: cool shadows, warm lights."""
_VIVID = 0.3
_GREY_CHROMA = 0.045
_WIDTH = 0.5
"""Half the width of a colour's range of hues, in radians."""
_NARROW = {"red": 0.34, "crimson": 0.34, "scarlet": 0.34, "orange": 0.34, "yellow": 0.36, "brown": 0.5, "gold": 0.3, "amber": 0.3, "golden": 0.3, "pink": 0.55}  # fmt: skip
_LEAST_CHROMA = {"red": 0.07, "crimson": 0.07, "scarlet": 0.07, "orange": 0.07}
"""Of colours whose pale neighbours are skin and wood."""
_LEAST_SHARE = 0.002
"""Of the picture that must have a colour, so that it can be changed."""
_SMALL_PIXELS = 512 * 512


def tinted(raster: Raster, tint: Tint) -> Raster:
    """Return a picture with its colours drawn towards one, its brightness kept."""
    return raster.mixed(
        raster.ramped(_through(tint.colour)), min(1.0, _TINT * min(1.2, tint.strength))
    )


def duotoned(raster: Raster, duotone: Duotone) -> Raster:
    """Return a picture between two colours, by its brightness."""
    dark, light = np.array(duotone.dark, np.float32), np.array(duotone.light, np.float32)
    at = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    return raster.ramped(np.asarray(dark + (light - dark) * at + 0.5, np.uint8))


def colourised(raster: Raster) -> Raster:
    """Return a grey picture in the tones of a hand-coloured print, a coloured one more vivid.

    It is a tint by brightness: what things are, and so which colours they had, it does not know.
    """
    small = to_floats(np.asarray(raster.within(_SMALL_PIXELS)[0]))
    if float((small.max(-1) - small.min(-1)).mean()) > _COLOURLESS:
        return saturated(raster, _VIVID)
    knots = [stop[0] for stop in _OLD_PRINT]
    columns = [
        np.interp(np.arange(256), knots, [stop[band] for stop in _OLD_PRINT]) for band in (1, 2, 3)
    ]
    return raster.ramped(np.asarray(np.stack(columns, -1) + 0.5, np.uint8))


def recoloured(raster: Raster, wanted: Recolour) -> Raster:
    """Return a picture in which what has one colour has another, lit as before.

    Raises:
        UnsuitedError: too little of the picture has the colour.
    """
    means = _means(raster, wanted.source)
    target = oklab_of(wanted.target)
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        lab = to_oklab(raster.rgb[rows])
        share = belonging(lab, wanted.source)[..., None]
        moved = _moved(lab, means, target)
        result[rows] = from_oklab(np.asarray(lab + (moved - lab) * share, np.float32))
    return raster.with_rgb(result)


def kept(raster: Raster, wanted: KeepColour) -> Raster:
    """Return a picture in grey, except for what has the colour.

    Raises:
        UnsuitedError: too little of the picture has the colour.
    """
    _means(raster, wanted.source)
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        rgb = to_floats(raster.rgb[rows])
        share = belonging(to_oklab(raster.rgb[rows]), wanted.source)[..., None]
        grey = brightness(rgb)[..., None]
        result[rows] = np.clip((grey + (rgb - grey) * share) * 255 + 0.5, 0, 255).astype(np.uint8)
    return raster.with_rgb(result)


def belonging(lab: Floats, name: str) -> Floats:
    """Return how much each pixel has a named colour, from 0 to 1."""
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    own_lightness, own_chroma, own_hue = oklab_of(COLOURS[name])
    if own_chroma < _GREY_CHROMA:
        grey = _falling(chroma, 0.035, 0.07)
        near = _falling(np.abs(lightness - own_lightness), 0.14, 0.3)
        return np.asarray(grey * near, np.float32)
    away = np.abs((np.arctan2(lab[..., 2], lab[..., 1]) - own_hue + pi) % (2 * pi) - pi)
    width = _NARROW.get(name, _WIDTH)
    least = _LEAST_CHROMA.get(name, 0.035)
    share = _falling(away, width * 0.7, width * 1.25) * _falling(-chroma, -least - 0.035, -least)
    if name == "brown":  # a dark orange
        share *= _falling(lightness, 0.58, 0.7)
    elif name == "orange":
        share *= _falling(-lightness, -0.56, -0.46)
    elif name == "pink":  # a light red
        share *= _falling(-lightness, -0.66, -0.56)
    return np.asarray(share, np.float32)


def _falling(values: Floats, one: float, none: float) -> Floats:
    """Return 1 up to a value, 0 from another on, and a slope between."""
    return np.asarray(np.clip((none - values) / (none - one), 0, 1), np.float32)


def _means(raster: Raster, name: str) -> tuple[float, float]:
    """Return the mean lightness and chroma of what has a colour.

    Raises:
        UnsuitedError: too little of the picture has it.
    """
    lab = to_oklab(np.asarray(raster.within(_SMALL_PIXELS)[0]))
    share = belonging(lab, name)
    if float(share.mean()) < _LEAST_SHARE:
        raise UnsuitedError(f"Nothing in the image is {name}.")
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return (
        float(np.average(lab[..., 0], weights=share)),
        float(np.average(chroma, weights=share)),
    )


def _moved(lab: Floats, means: tuple[float, float], target: tuple[float, float, float]) -> Floats:
    """Return colours with the hue, the mean lightness and the mean chroma of another one."""
    lightness, chroma, hue = target
    mean_lightness, mean_chroma = means
    own = np.hypot(lab[..., 1], lab[..., 2])
    coloured = own / max(mean_chroma, 0.05) if mean_chroma > _GREY_CHROMA else np.ones_like(own)
    reach = np.clip(coloured, 0, 1.6) * chroma
    apart = (lab[..., 0] - mean_lightness) * 0.9
    return np.stack(
        (
            np.clip(lightness * 0.75 + mean_lightness * 0.25 + apart, 0, 1),
            reach * np.cos(hue),
            reach * np.sin(hue),
        ),
        -1,
    ).astype(np.float32)


def _through(colour: Colour) -> Bytes:
    """Return a table from black over a colour, where it is as bright as it is, to white."""
    values = np.array(colour, np.float32)
    middle = float(np.clip(values @ LUMA, 40, 215))
    knots = (0.0, middle, 255.0)
    columns = [
        np.interp(np.arange(256), knots, (0.0, float(values[band]), 255.0)) for band in range(3)
    ]
    return np.asarray(np.stack(columns, -1) + 0.5, np.uint8)
