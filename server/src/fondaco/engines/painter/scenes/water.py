"""Water: calm and rough surfaces in perspective, waves, foam, reflections, and the deep below."""

import math

import numpy as np
from scipy import ndimage

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import (
    Colour,
    Pixels,
    blend,
    darker,
    lighter,
    mix,
    ramp,
    screened,
)
from fondaco.engines.painter.surface.noise import blurred, fractal, periodic, profile

_TILE = 512


def deep_colour(stage: Stage) -> Colour:
    """Return the colour of water near the viewer."""
    tint = stage.brief.tint("water")
    base: Colour = (24, 92, 122) if tint is None else darker(tint, 0.12)
    return mix(
        mix(stage.light.sky[0], base, 0.6 if tint is None else 0.9),
        (0, 8, 16),
        0.12 if tint else 0.2,
    )


def paint_water(stage: Stage, top: float, *, mirror: float = 0.0) -> None:
    """Paint water from a row down to the picture's end.

    Args:
        stage: the picture; what is above `top` is reflected.
        top: the y of the far shore or the horizon.
        mirror: how much the water reflects what stands above, 0 to 1.
    """
    first = int(top)
    rows = stage.height - first
    if rows < 2:  # too little water to be visible
        return
    brief, light = stage.brief, stage.light
    rough = 1.7 if brief.has("storm", "wind") else 0.55 if brief.has("calm") else 1.0
    near = np.linspace(0.004, 1, rows, dtype=np.float32)[:, None]
    waves = _waves(stage, near)
    far = mix(
        light.sky[2], brief.tint("water") or light.sky[1], 0.6 if brief.tint("water") else 0.3
    )
    base = np.broadcast_to(
        ramp((far, mix(far, deep_colour(stage), 0.62), deep_colour(stage)), near**0.6),
        (rows, stage.width, 3),
    )
    if mirror:
        base = blend(base, _reflection(stage, first, waves, near), mirror * (1 - 0.5 * near))
    slope = np.clip(waves * rough, -2.2, 2.2) * (0.3 + 0.7 * near)
    water = base + slope[..., None] * np.array((9, 12, 13), np.float32)
    crest = np.clip(waves * rough - 1.55, 0, 1) * near**0.35
    water = blend(
        water,
        lighter(light.on((222, 236, 238)), 0.15),
        np.asarray(crest * (0.75 if brief.has("storm") else 0.28), np.float32),
    )
    stage.pixels[first:] = water
    if not brief.has("storm", "overcast", "fog", "rain"):
        _glitter(stage, first, waves, near)


def _waves(stage: Stage, near: Pixels) -> Pixels:
    """Return wave heights [rows, width], seen in perspective, of mean 0; the tile has no seam."""
    chance = stage.chance("water")
    fine, coarse = periodic(chance, _TILE, detail=26), periodic(chance, _TILE, detail=9)
    xs = (np.arange(stage.width, dtype=np.float32)[None, :] - stage.width / 2) / stage.unit
    depth = 1 / (0.06 + near)
    across, down = xs * depth * 62 + 91, depth * 150
    total = np.zeros((near.shape[0], stage.width), np.float32)
    for tile, scale, weight in ((coarse, 1.0, 0.75), (fine, 1.37, 0.6)):
        rows = np.broadcast_to(down * scale * 1.9, total.shape)
        columns = across * scale
        total += weight * ndimage.map_coordinates(
            tile, (rows % _TILE, columns % _TILE), order=1, mode="grid-wrap"
        )
    return total


def _reflection(stage: Stage, first: int, waves: Pixels, near: Pixels) -> Pixels:
    """Return what stands above the water, upside down and rippled."""
    rows = waves.shape[0]
    source = np.clip(
        first - 1 - np.arange(rows)[:, None] * 0.9 + waves * 4 * (0.3 + near * 2),
        0,
        max(0, first - 1),
    ).astype(int)
    columns = np.clip(
        np.arange(stage.width)[None, :] + waves * stage.unit * 0.006, 0, stage.width - 1
    ).astype(int)
    return darker_pixels(stage.pixels[source, columns], 0.16)


def darker_pixels(pixels: Pixels, share: float) -> Pixels:
    """Return pixels, a little darker and bluer."""
    return np.asarray(pixels * (1 - share) + np.array((10, 22, 34), np.float32) * share, np.float32)


def _glitter(stage: Stage, first: int, waves: Pixels, near: Pixels) -> None:
    """Paint the light of the sun or moon on the waves below it."""
    light = stage.light
    xs = stage.grid()[0]
    path = np.exp(-(((xs - light.x) / (stage.width * (0.035 + 0.14 * near))) ** 2))
    sparkle = (
        np.clip(waves - 0.25, 0, 1.6)
        * path
        * (0.8 if stage.night else 0.6 if stage.brief.time == "day" else 1.0)
    )
    stage.pixels[first:] = screened(
        stage.pixels[first:], sparkle[..., None] * np.array(light.colour, np.float32)
    )


def paint_swell(stage: Stage, top: float) -> None:
    """Paint rows of high waves with breaking crests, the near ones larger."""
    chance, light = stage.chance("swell"), stage.light
    deep, depth = deep_colour(stage), stage.height - top
    foam = light.on((240, 246, 244), 0.7)
    with stage.canvas() as canvas:
        xs = np.linspace(-20, stage.width + 20, 160)
        for index in range(8):
            near = (index + 0.5) / 8
            y, high = top + depth * near**1.55, stage.unit * 0.085 * (0.2 + near)
            length = stage.unit * (0.1 + 0.34 * near) * chance.uniform(0.8, 1.3)
            bend = (
                xs / length
                + chance.uniform(0, 9)
                + 0.8 * np.interp(np.arange(160), np.linspace(0, 159, 9), chance.normal(0, 1, 9))
            )
            crest = y - high * (1 - np.abs(np.sin(bend))) ** 1.25 * (
                0.55 + 0.45 * profile(chance, 160, cells=3, octaves=2)
            )
            tone = mix(mix(deep, light.sky[1], 0.38 * (1 - near)), light.sky[2], 0.12 * (1 - near))
            fill = linear(
                (0, y - high),
                (0, y + high * 2.2),
                (mix(tone, (170, 206, 204), 0.34), tone, darker(tone, 0.5)),
                at=(0, 0.4, 1),
            )
            canvas.polygon(
                (
                    *zip(xs, crest, strict=True),
                    (stage.width + 20, stage.height),
                    (-20, stage.height),
                ),
                fill,
            )
            tips = np.flatnonzero(crest < y - high * 0.42)
            drops = chance.choice(tips, min(len(tips) * 7, 520)) if len(tips) else ()
            canvas.dots(
                (
                    xs[k] + chance.normal(0, length * 0.05),
                    crest[k] + abs(chance.normal(0, high * 0.13)),
                    stage.unit * chance.uniform(0.0008, 0.004) * (0.4 + near),
                    foam,
                    chance.uniform(0.3, 0.9),
                )
                for k in drops
            )
            for k in tips[::2]:
                canvas.line(
                    (
                        (xs[k], crest[k]),
                        (xs[k] + chance.normal(0, 4), crest[k] + high * chance.uniform(0.2, 0.8)),
                    ),
                    flat(foam, 0.16),
                    stage.unit * 0.003,
                )


def paint_surf(stage: Stage, shore: float) -> None:
    """Paint a beach from a row downwards, with foam where the waves end."""
    chance, light = stage.chance("surf"), stage.light
    sand = light.on(stage.brief.tint("land") or (232, 206, 158))
    line = (
        shore
        + stage.unit * 0.05 * profile(chance, stage.width, cells=2.4, octaves=3)
        + np.linspace(0, stage.height * 0.1, stage.width)[:: -1 if stage.mirrored else 1]
    )
    ys = stage.grid()[1]
    below = np.asarray(ys - line[None, :], np.float32)
    top = max(0, int(line.min()) - int(stage.unit * 0.05))
    grain = fractal(chance, stage.width, stage.height, cells=9, octaves=7, stretch=2.5)
    body = ramp((darker(sand, 0.3), sand, mix(sand, light.colour, 0.4)), grain)
    wet = np.clip(1 - below / (stage.unit * 0.09), 0, 1)
    body = blend(body, darker(mix(sand, light.sky[1], 0.25), 0.28), wet * 0.75)
    stage.pixels[top:] = blend(stage.pixels[top:], body[top:], np.clip(below[top:] + 0.5, 0, 1))
    ragged = (
        below
        + (fractal(chance, stage.width, stage.height, cells=24, octaves=4) - 0.5)
        * stage.unit
        * 0.03
    )
    for at, strength in ((0.0, 0.9), (-0.028, 0.6), (-0.06, 0.4)):
        foam = np.exp(-(((ragged - at * stage.unit) / (stage.unit * 0.0075)) ** 2)) * strength
        stage.pixels = blend(
            stage.pixels, light.on((250, 252, 250), 0.6), np.asarray(foam, np.float32)
        )


def paint_underwater(stage: Stage) -> None:
    """Paint the sea from within: light from above, rays, a reef below, bubbles."""
    chance = stage.chance("underwater")
    tint = stage.brief.tint("water") or (
        stage.brief.palette[0] if stage.brief.palette else (24, 132, 176)
    )
    dark = 0.5 if stage.night else 0.0
    xs, ys = stage.grid()
    stops = tuple(
        darker(tone, dark)
        for tone in (
            lighter(mix(tint, (120, 226, 226), 0.4), 0.35),
            tint,
            darker(tint, 0.5),
            darker(tint, 0.72),
        )
    )
    stage.pixels = np.broadcast_to(ramp(stops, ys / stage.height), stage.pixels.shape).copy()
    stage.pixels += (
        fractal(chance, stage.width, stage.height, cells=3, octaves=4)[..., None] - 0.5
    ) * 34
    turn = np.arctan2(xs - stage.side(0.36), ys + stage.unit * 0.35)
    bands = profile(chance, 720, cells=34, octaves=3)[
        np.clip((turn / math.pi * 360 + 360).astype(int), 0, 719)
    ]
    fall = np.exp(-ys / (stage.height * 0.55))
    stage.pixels = screened(
        stage.pixels,
        (np.clip(bands - 0.45, 0, 1) * fall * (1 - dark))[..., None]
        * np.array((150, 190, 180), np.float32),
    )
    stage.pixels = blurred(stage.pixels, 2)
    _reef(stage, chance)
    stage.ground = stage.height * 0.93


def _reef(stage: Stage, chance: np.random.Generator) -> None:
    light = mix((120, 190, 200), (30, 70, 110), 0.7 if stage.night else 0.2)
    tones: tuple[Colour, ...] = (
        (232, 98, 110),
        (242, 150, 70),
        (176, 96, 190),
        (240, 196, 92),
        (90, 190, 150),
    )
    with stage.canvas() as canvas:
        for layer in range(3):
            y, depth = stage.height * (0.8 + 0.08 * layer), 1 - layer / 3
            line = y - stage.unit * 0.07 * profile(chance, 90, cells=3 + layer, octaves=3)
            xs = np.linspace(0, stage.width, 90)
            sand = mix((206, 190, 150), light, 0.35 + 0.4 * depth)
            canvas.polygon(
                (*zip(xs, line, strict=True), (stage.width, stage.height), (0, stage.height)),
                linear((0, y - stage.unit * 0.07), (0, stage.height), (sand, darker(sand, 0.45))),
            )
            for _ in range(11):
                x = stage.width * chance.random()
                if (
                    layer == 2 and abs(x - stage.width / 2) < stage.width * 0.24
                ):  # leave space for subjects
                    continue
                root = float(np.interp(x, xs, line)) + stage.unit * 0.012
                tone = mix(tones[chance.integers(5)], light, 0.2 + 0.5 * depth)
                size = stage.unit * chance.uniform(0.05, 0.13) * (0.6 + 0.35 * layer)
                _coral(canvas, chance, (x, root), size, tone)
        canvas.dots(
            (
                chance.uniform(0, stage.width),
                chance.uniform(0, stage.height * 0.85),
                stage.unit * chance.uniform(0.001, 0.006),
                (220, 246, 250),
                chance.uniform(0.15, 0.5),
            )
            for _ in range(90)
        )


def _coral(
    canvas: Canvas,
    chance: np.random.Generator,
    root: tuple[float, float],
    size: float,
    tone: Colour,
) -> None:
    x, y = root
    kind = chance.integers(3)
    if kind == 0:  # a fan of branches
        for turn in np.linspace(-1.1, 1.1, 7):
            bend = [
                (x + math.sin(turn) * size * k * (0.8 + 0.3 * k), y - math.cos(turn) * size * k)
                for k in (0, 0.3, 0.6, 1)
            ]
            canvas.line(
                bend,
                linear((0, y - size), (0, y), (lighter(tone, 0.3), darker(tone, 0.3))),
                size * 0.1,
            )
    elif kind == 1:  # a brain coral
        canvas.circle(
            x,
            y,
            size * 0.5,
            radial(
                (x - size * 0.2, y - size * 0.3),
                size * 0.8,
                (lighter(tone, 0.35), darker(tone, 0.4)),
            ),
        )
    else:  # weed
        for _ in range(5):
            lean, wave = chance.normal(0, 0.25), chance.uniform(0, 6)
            bend = [
                (
                    x + size * (lean * k + 0.07 * math.sin(wave + k * 6)) + size * 0.1 * lean,
                    y - size * 1.6 * k,
                )
                for k in np.linspace(0, 1, 9)
            ]
            canvas.line(bend, flat(mix(tone, (40, 120, 80), 0.75)), size * 0.07)
