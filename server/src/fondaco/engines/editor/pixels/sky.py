"""The sky in other light, with its clouds."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from fondaco.engines.editor.instructions.operations import Colour, Light, PaintSky
from fondaco.engines.editor.pixels.raster import (
    Bytes,
    Floats,
    Raster,
    bands,
    resized,
    to_bytes,
    to_floats,
)

_COARSE_PIXELS = 250_000
_CLOUD_SIZE = 0.12
"""Of the shorter side: larger differences of brightness are the old light, and go with it."""

_Stop: TypeAlias = tuple[float, Colour]

_SKIES: Mapping[Light, tuple[_Stop, ...]] = {
    "sunrise": ((0.0, (92, 124, 190)), (0.4, (178, 160, 200)), (0.68, (248, 178, 156)), (0.88, (255, 206, 132)), (1.0, (255, 232, 170))),
    "sunset": ((0.0, (58, 60, 118)), (0.35, (140, 78, 128)), (0.62, (226, 96, 84)), (0.84, (252, 146, 60)), (1.0, (255, 204, 98))),
    "dusk": ((0.0, (26, 34, 84)), (0.5, (70, 70, 136)), (0.8, (150, 112, 150)), (1.0, (222, 160, 146))),
    "night": ((0.0, (6, 10, 28)), (0.6, (14, 24, 58)), (1.0, (36, 52, 92))),
    "storm": ((0.0, (46, 52, 62)), (0.5, (82, 90, 100)), (1.0, (140, 146, 148))),
    "overcast": ((0.0, (158, 164, 170)), (0.6, (190, 194, 197)), (1.0, (212, 214, 214))),
    "clear": ((0.0, (38, 108, 206)), (0.55, (98, 164, 230)), (1.0, (188, 220, 244))),
}  # fmt: skip
"""Light -> its colours from the top of the sky to its lower edge."""
_GROUND: Mapping[Light, tuple[float, float, float]] = {
    "sunrise": (1.06, 0.99, 0.92),
    "sunset": (1.06, 0.94, 0.86),
    "dusk": (0.74, 0.74, 0.86),
    "night": (0.36, 0.42, 0.58),
    "storm": (0.84, 0.86, 0.88),
    "overcast": (0.97, 0.98, 1.0),
    "clear": (1.0, 1.0, 1.0),
}
"""Factors by which its light multiplies the rest of the picture."""
_CLOUDS: Mapping[Light, float] = {"storm": 2.2, "night": 0.5, "dusk": 1.0}
"""Strength with which clouds show; 1.1 for others."""


def painted(raster: Raster, wanted: PaintSky, sky: Bytes, seed: int) -> Raster:
    """Return a picture with its sky in another light; the seed is that of its stars.

    The clouds stay where they are, and the land takes on a little of the light.
    """
    light = wanted.light
    heights = _heights(sky)
    ramp = _gradient(light)
    named = light if isinstance(light, str) else None
    clouds = _CLOUDS.get(named, 1.1) if named else 1.0
    fine, around = np.asarray(raster.luma), _brightness_around(raster, sky)
    ground = np.array(_GROUND[named] if named else (1, 1, 1), np.float32)
    stars = _stars(raster, seed) if named == "night" else None
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        at = np.clip(heights(np.arange(rows.start, rows.stop)), 0, 1)
        base = ramp[(at * 255).astype(np.int32)][:, None, :]
        detail = (to_floats(fine[rows]) - to_floats(around[rows]))[..., None] * clouds
        own = base + detail * (0.55 + base)
        if stars is not None:
            own = own + (to_floats(stars[rows]) * (1 - 0.7 * at[:, None]))[..., None]
        land = to_floats(raster.rgb[rows]) * ground
        share = to_floats(sky[rows])[..., None]
        result[rows] = to_bytes(np.asarray(land + (own - land) * share, np.float32))
    return raster.with_rgb(result)


def _brightness_around(raster: Raster, sky: Bytes) -> Bytes:
    """Return the sky's brightness without its clouds, [height, width]; the land has no part in it."""
    small, scale = raster.within(_COARSE_PIXELS)
    share = resized(sky, *small.size)
    soft = ImageFilter.GaussianBlur(max(2.0, _CLOUD_SIZE * raster.shorter * scale))
    light = np.asarray(small.convert("L"), np.float32) * to_floats(share)
    sums = np.asarray(Image.fromarray(light.astype(np.uint8)).filter(soft), np.float32)
    weight = to_floats(np.asarray(Image.fromarray(share).filter(soft)))
    mean = np.clip(sums / np.maximum(weight, 0.02), 0, 255).astype(np.uint8)
    return resized(mean, raster.width, raster.height)


class _Heights:
    """Height of rows between the top of the sky and its lower edge, from 0 to 1."""

    def __init__(self, lowest: int) -> None:
        self._lowest = max(1, lowest)

    def __call__(self, rows: "np.typing.NDArray[np.int_]") -> Floats:
        return np.asarray(rows / self._lowest, np.float32)


def _heights(sky: Bytes) -> _Heights:
    filled = (sky > 127).mean(1)
    reached = np.nonzero(filled > 0.02)[0]
    return _Heights(int(reached.max()) if len(reached) else len(sky))


def _gradient(light: "Light | Colour") -> Floats:
    """Return 256 colours from the top of the sky to its lower edge."""
    if isinstance(light, str):
        stops = _SKIES[light]
    else:
        red, green, blue = light
        deep = (round(red * 0.82), round(green * 0.82), round(blue * 0.82))
        pale = tuple(round(one + (255 - one) * 0.4) for one in light)
        stops = ((0.0, deep), (0.5, light), (1.0, (pale[0], pale[1], pale[2])))
    at = np.linspace(0, 1, 256)
    columns = [
        np.interp(at, [stop[0] for stop in stops], [stop[1][band] for stop in stops])
        for band in range(3)
    ]
    return np.asarray(np.stack(columns, -1) / 255, np.float32)


def _stars(raster: Raster, seed: int) -> Bytes:
    """Return a map of stars, the same for a seed at every size."""
    chance = np.random.default_rng(seed % 2**32)
    field = np.zeros((raster.height, raster.width), np.uint8)
    size = max(1, round(raster.shorter / 600))
    for x, y, bright in chance.random((260, 3)):
        left, top = int(x * (raster.width - size)), int(y * (raster.height - size))
        field[top : top + size, left : left + size] = round(60 + 190 * bright**3)
    return np.asarray(Image.fromarray(field).filter(ImageFilter.GaussianBlur(0.45 * size)))
