"""Sprites: drawings as small pictures with transparency, recoloured and lit for the scene they join."""

import gzip
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from fondaco.engines.painter.surface.canvas import Canvas
from fondaco.engines.painter.surface.colour import Colour, Pixels, luma, ramp

_SIDE = 128
"""Of Noto's drawings, in their own units."""


@cache
def bodies() -> Mapping[str, str]:
    """Return Noto's drawings: the bodies of SVG documents, by name."""
    data = resources.files(__package__).joinpath("noto.json.gz").read_bytes()
    found: dict[str, str] = json.loads(gzip.decompress(data))
    return found


def noto(name: str, size: int) -> NDArray[np.uint8]:
    """Return a drawing of Noto's, [size, size, 4], premultiplied."""
    pixels = np.zeros((size, size, 4), np.uint8)
    canvas = Canvas(pixels)
    draw_noto(canvas, name, (0, 0, size, size))
    canvas.finish()
    return pixels


def draw_noto(canvas: Canvas, name: str, box: tuple[float, float, float, float]) -> None:
    """Draw one of Noto's drawings into a box of x, y, width, height."""
    markup = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 {_SIDE} {_SIDE}" width="{_SIDE}" height="{_SIDE}">{bodies()[name]}</svg>'
    )
    canvas.svg(markup.encode(), box, _SIDE)


def trimmed(sprite: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the sprite without empty rows and columns around it."""
    opaque = sprite[..., 3] > 40  # softer edges don't count
    rows, columns = np.flatnonzero(opaque.any(1)), np.flatnonzero(opaque.any(0))
    if not len(rows):
        return sprite
    return np.ascontiguousarray(sprite[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def recoloured(sprite: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Return the sprite in shades of a colour; eyes, outlines and what is white stay."""
    alpha, plain = _plain(sprite)
    bright = luma(plain)
    body = (bright > 45) & (alpha > 0.5)  # without outlines
    if not body.any():
        return sprite
    low, high = np.percentile(bright[body], (6, 94))
    at = np.clip((bright - low) / max(20.0, high - low), 0, 1)
    red, green, blue = colour
    stops = (
        (red * 0.42, green * 0.4, blue * 0.46),
        colour,
        (red + (255 - red) * 0.5, green + (255 - green) * 0.5, blue + (255 - blue) * 0.5),
    )
    shades = ramp(stops, np.asarray(at, np.float32))
    keep = np.clip((62 - bright) / 24, 0, 1)
    spread = plain.max(-1) - plain.min(-1)
    pale = np.clip((bright - 226) / 20, 0, 1) * np.clip((40 - spread) / 30, 0, 1)
    share = (1 - np.maximum(keep, pale * (0.9 if high < 250 else 0.0)))[
        ..., None
    ]  # white things are recoloured
    return _packed(plain * (1 - share) + shades * share, alpha)


def lit(
    sprite: NDArray[np.uint8], light: Colour, ambient: Colour, *, from_left: bool
) -> NDArray[np.uint8]:
    """Return the sprite in the light of a scene: one side brighter, its foot darker."""
    alpha, plain = _plain(sprite)
    height, width = alpha.shape
    across = np.linspace(1, -1, width, dtype=np.float32)[None, :] * (1 if from_left else -1)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    tone = np.array(ambient, np.float32) / 255
    shaded = plain * tone * (1.02 + 0.12 * across - 0.24 * np.clip(down - 0.35, 0, 1))[..., None]
    glow = (np.clip(across - 0.1, 0, 1) * np.clip(1 - down, 0, 1) * 0.26)[..., None]
    shaded = shaded + (np.array(light, np.float32) - shaded) * glow
    return _packed(shaded, alpha)


def _plain(sprite: NDArray[np.uint8]) -> tuple[Pixels, Pixels]:
    """Return the opacity [height, width] from 0 to 1, and colours that are not premultiplied."""
    alpha = sprite[..., 3].astype(np.float32) / 255
    return alpha, sprite[..., :3] / np.maximum(alpha, 1 / 255)[..., None]


def _packed(plain: Pixels, alpha: Pixels) -> NDArray[np.uint8]:
    colours = np.clip(plain, 0, 255) * alpha[..., None]
    return np.concatenate((colours, alpha[..., None] * 255), -1).astype(np.uint8)
