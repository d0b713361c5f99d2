"""Grading: a picture's colours, light and surface changed to a look."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from fondaco.engines.upscaler.enhancing.looks import Look
from fondaco.engines.upscaler.enhancing.texture import carved, noise, veins
from fondaco.engines.upscaler.network import Restyle
from fondaco.engines.upscaler.planes import (
    BICUBIC,
    Pixels,
    Planes,
    blurred,
    luma,
    resized,
    scaled,
    to_pixels,
)
from fondaco.engines.upscaler.tiles import Tile, tiles

_SIDE = 384
_SOFTNESS = 1 / 400
"""Of carved edges and outlines, as a share of the longer side."""
_FAR = 128
"""The longer side of the copy that tells what is around a pixel."""
_DARKEST, _LIGHTEST = 1.0, 99.0
"""Percentiles of brightness that become black and white before tones are laid on."""
_DEPTH = 0.9
"""Steepness of a carved surface."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """Facts of the whole picture while a piece of it is changed."""

    width: int
    height: int
    around: Planes
    """A small copy, blurred: the light around each pixel."""
    black: float
    white: float

    @property
    def side(self) -> int:
        return max(self.width, self.height)

    @property
    def softness(self) -> float:
        return max(0.7, self.side * _SOFTNESS)


def graded(picture: Pixels, looks: Sequence[Look], strength: float, restyle: Restyle) -> Pixels:
    """Return a picture in some looks, one after another.

    Args:
        picture: what is changed.
        looks: its looks to be.
        strength: 0 leaves the picture, 1 is all of each look.
        restyle: repaints a picture in a style.
    """
    if strength == 0:
        return picture
    for look in looks:
        restyled = restyle(picture, look.style) if look.style else picture
        picture = _graded(picture, restyled, look, strength)
    return picture


def _graded(picture: Pixels, restyled: Pixels, look: Look, strength: float) -> Pixels:
    scene = _scene(restyled)
    result = np.empty_like(picture)
    margin = ceil(3 * scene.softness) + 2
    for tile in tiles(picture, result, side=_SIDE, margin=margin):
        piece = tile.cut(picture)
        base = tile.cut(restyled)
        if look.own_colours:
            own = (piece - luma(piece)) - (base - luma(base))
            base += np.float32(look.own_colours) * own
        changed = _changed(base, look, scene, tile)
        shown = piece + np.float32(strength) * (changed - piece)
        tile.within(result)[:] = to_pixels(shown[margin:-margin, margin:-margin])
    return result


def _scene(picture: Pixels) -> _Scene:
    rows, columns = picture.shape[:2]
    share = min(1.0, _FAR / max(rows, columns))
    small = scaled(picture, max(1, round(columns * share)), max(1, round(rows * share)))
    planes = small.astype(np.float32)
    black, white = np.percentile(luma(planes), (_DARKEST, _LIGHTEST))
    around = blurred(planes, max(0.5, max(small.shape) / 32))
    return _Scene(columns, rows, around, float(black), max(float(white), float(black) + 32))


def _changed(piece: Planes, look: Look, scene: _Scene, tile: Tile) -> Planes:
    """Return a piece as the look has it."""
    around = _around(piece, scene, tile)
    out: Planes = piece
    if look.clarity:
        out = out + np.float32(look.clarity) * (luma(piece) - luma(around))
    if look.levels:
        out = _levelled(out, look.levels)
    if look.tones or look.relief:
        out = _matter(out, look, scene, tile)
    out = _coloured(out, look)
    if look.outlines:
        out = _outlined(out, piece, look, scene)
    if look.glow:
        light = np.clip(around * (look.contrast * 0.9), 0, 255)
        out = 255 - (255 - np.clip(out, 0, 255)) * (1 - look.glow * 0.45 * light / 255)
    if look.vignette:
        out = out * _corners(scene, tile, piece, look.vignette)
    return np.asarray(np.clip(out, 0, 255), np.float32)


def _matter(piece: Planes, look: Look, scene: _Scene, tile: Tile) -> Planes:
    """Return a piece made of a material: its brightness is the height of a surface."""
    height = np.clip((luma(piece) - scene.black) / (scene.white - scene.black), 0, 1)
    tone, shine = height, np.zeros_like(height)
    rows, columns = piece.shape[:2]
    if look.relief:
        light, shine = carved(height, _DEPTH * 12 * scene.softness, scene.softness)
        tone = tone + look.relief * 0.75 * (light - 0.63)
    if look.bands:
        tone = tone + look.bands * 0.16 * np.sin(2 * np.pi * 2.2 * height)
    tone = np.clip(tone, 0, 1)
    out = _ramp(look.tones, tone) if look.tones else piece * (0.5 + 0.8 * tone)
    if look.veins:
        clouds, cover = (noise(_place(scene, tile), columns, rows, cells=n) for n in (4, 3))
        vein = veins(clouds + 0.1 * (height - 0.5), cover)
        out = out + look.veins * vein * (np.array(look.vein, np.float32) - out)
    if look.gloss:
        out = out + look.gloss * 150 * np.clip(shine - 0.75, 0, 1) * 4 * (0.3 + 0.7 * height)
    return out


def _coloured(piece: Planes, look: Look) -> Planes:
    """Return a piece with the look's brightness, contrast, saturation and tint."""
    out = 128 + look.contrast * (piece - 128) + 255 * look.brightness
    grey = luma(out)
    out = grey + look.saturation * (out - grey)
    if look.tinted:
        tint = np.array(look.tint, np.float32)
        # The tint at the pixel's own brightness: shadows stay dark, and highlights light.
        level = np.clip(grey, 0, 255) / 255
        dark, bright = np.minimum(2 * level, 1), np.maximum(2 * level - 1, 0)
        toned = dark * tint + bright * (255 - tint)
        out = out + look.tinted * (toned - out)
    return np.asarray(out, np.float32)


def _levelled(piece: Planes, levels: int) -> Planes:
    """Return a piece with few tones of brightness, their edges softened."""
    grey = luma(piece)
    step = 255 / levels
    place = grey / step
    part = place - np.floor(place)
    soft = np.clip((part - 0.5) * 4 + 0.5, 0, 1)
    return np.asarray(piece + (np.floor(place) + soft - place) * step, np.float32)


def _outlined(out: Planes, piece: Planes, look: Look, scene: _Scene) -> Planes:
    """Return a piece with lines where the picture's forms end: dark ones, or light ones below 0."""
    fine = blurred(luma(piece), scene.softness * 0.6)
    wide = blurred(luma(piece), scene.softness * 1.2)
    line = np.clip((np.abs(fine - wide) - 4) / 20, 0, 1) * abs(look.outlines)
    ink = 20.0 if look.outlines > 0 else 255.0
    return np.asarray(out + line * (ink - out), np.float32)


def _around(piece: Planes, scene: _Scene, tile: Tile) -> Planes:
    """Return the light around each pixel of a piece."""
    rows, columns = scene.around.shape[:2]
    across, down = columns / scene.width, rows / scene.height
    left, right = (
        min(max(edge, 0), scene.width) * across for edge in (tile.source_left, tile.source_right)
    )
    top, bottom = (
        min(max(edge, 0), scene.height) * down for edge in (tile.source_top, tile.source_bottom)
    )
    inside = (
        min(tile.source_right, scene.width) - max(tile.source_left, 0),
        min(tile.source_bottom, scene.height) - max(tile.source_top, 0),
    )
    planes = resized(scene.around, *inside, (left, top, right, bottom), by=BICUBIC)
    before = (max(0, -tile.source_top), max(0, -tile.source_left))
    after = (piece.shape[0] - inside[1] - before[0], piece.shape[1] - inside[0] - before[1])
    padding = ((before[0], after[0]), (before[1], after[1]), (0, 0))
    return np.pad(planes, padding, mode="edge")


def _corners(scene: _Scene, tile: Tile, piece: Planes, strength: float) -> Planes:
    """Return what a piece is multiplied with so that the picture's corners are darker."""
    rows, columns = piece.shape[:2]
    down = (tile.source_top + np.arange(rows) + 0.5) / scene.height * 2 - 1
    across = (tile.source_left + np.arange(columns) + 0.5) / scene.width * 2 - 1
    far = np.clip((down[:, None] ** 2 + across[None, :] ** 2) / 2, 0, 1)
    return np.asarray(1 - strength * far[..., None], np.float32)


def _place(scene: _Scene, tile: Tile) -> tuple[float, float, float, float]:
    """Return where a piece lies, as shares of the picture's longer side."""
    side = scene.side
    return (
        tile.source_left / side,
        tile.source_top / side,
        tile.source_right / side,
        tile.source_bottom / side,
    )


def _ramp(tones: Sequence[tuple[float, float, float]], at: Planes) -> Planes:
    """Return colours along evenly spaced tones, for places 0 to 1."""
    knots = np.linspace(0, 1, len(tones))
    bands = [np.interp(at[..., 0], knots, [tone[band] for tone in tones]) for band in range(3)]
    return np.stack(bands, -1).astype(np.float32)
