"""Skies: gradient, glow, clouds, sun and moon, stars, and other lights."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import flat, linear, radial
from fondaco.engines.painter.surface.colour import (
    WHITE,
    Colour,
    Pixels,
    blend,
    lighter,
    mix,
    ramp,
    screened,
)
from fondaco.engines.painter.surface.noise import blurred, fractal, profile, shifted

_BANDS: tuple[Colour, ...] = (
    (220, 40, 50), (240, 140, 40), (246, 216, 70), (70, 180, 90), (60, 120, 220), (110, 70, 170),
)  # fmt: skip


def paint_sky(stage: Stage, *, down_to: float | None = None) -> None:
    """Paint the sky over the whole picture, with its horizon at `down_to`."""
    end = down_to or stage.horizon
    xs, ys = stage.grid()
    stage.pixels = np.broadcast_to(
        ramp(stage.light.sky, np.clip(ys / end, 0, 1) ** 0.85), stage.pixels.shape
    ).copy()
    if stage.night:
        _stars(stage, end)
    _glow(stage, xs, ys)
    brief = stage.brief
    if brief.has("aurora"):
        _aurora(stage, end)
    if not brief.has("storm", "overcast", "rain", "fog", "snowfall"):
        _disc(stage)
    if not brief.has("clear") and not {"clouds", "cloud", "cloudy"} & brief.without:
        _clouds(stage, end, xs, ys)
    for name, paint in _LIGHTS.items():
        if brief.has(name):
            paint(stage, end)


def _glow(stage: Stage, xs: Pixels, ys: Pixels) -> None:
    light = stage.light
    distance = np.hypot(xs - light.x, (ys - light.y) * 1.3) / stage.unit
    strength = 0.3 if stage.night else 0.8
    if stage.brief.has("storm", "overcast", "fog", "rain"):
        strength *= 0.4
    stage.pixels = blend(stage.pixels, light.colour, np.exp(-((distance / 0.26) ** 1.1)) * strength)


def _disc(stage: Stage) -> None:
    """Paint the sun or the moon."""
    brief, light = stage.brief, stage.light
    if {"sun", "moon"} & brief.without:
        return
    large = brief.has("moon", "sun")
    radius = stage.unit * (0.058 if large else 0.034)
    with stage.canvas() as canvas:
        glow = (lighter(light.colour, 0.5), light.colour)
        canvas.circle(
            light.x,
            light.y,
            radius * 4,
            radial((light.x, light.y), radius * 4, glow, alphas=(0.55, 0), glow=True),
        )
        if not stage.night:
            canvas.circle(light.x, light.y, radius, flat(mix(light.colour, WHITE, 0.65)))
            return
        canvas.circle(
            light.x,
            light.y,
            radius,
            radial(
                (light.x - radius * 0.3, light.y - radius * 0.3),
                radius * 1.6,
                ((252, 250, 236), (214, 216, 214)),
            ),
        )
        chance = stage.chance("moon")
        for _ in range(9):
            turn, far = chance.uniform(0, math.tau), radius * 0.75 * chance.random() ** 0.5
            canvas.circle(
                light.x + math.cos(turn) * far,
                light.y + math.sin(turn) * far,
                radius * chance.uniform(0.06, 0.22),
                flat((190, 194, 200), 0.5, blur=radius * 0.04),
            )


def _clouds(stage: Stage, end: float, xs: Pixels, ys: Pixels) -> None:
    """Paint clouds that are lit from where the sun stands."""
    brief, light, chance = stage.brief, stage.light, stage.chance("clouds")
    heavy = brief.has("storm", "overcast", "rain", "snowfall")
    rows = min(stage.height, int(end) + 2)
    shape = fractal(chance, stage.width, rows, cells=chance.uniform(3, 5), octaves=6, stretch=2.2)
    shape += 0.12 * (fractal(chance, stage.width, rows, cells=12, octaves=4, stretch=1.5) - 0.5)
    cover = 0.38 if heavy else 0.5 if brief.has("cloudy") else chance.uniform(0.54, 0.62)
    density = np.clip((shape - cover) / 0.16, 0, 1)
    density = density * density * (3 - 2 * density)
    if not heavy:
        density *= np.clip(1.25 - ys[:rows] / end, 0, 1)
    step = max(1, int(stage.unit * 0.012))
    side = step if light.x > stage.width / 2 else -step
    lit = np.clip((shape - shifted(shape, -step, -side)) * 7 + 0.55, 0, 1)
    shade = (
        mix(light.sky[0], light.sky[1], 0.6) if not heavy else mix(light.sky[0], (26, 28, 36), 0.35)
    )
    bright = (
        mix(light.colour, light.sky[2], 0.25)
        if not stage.night
        else mix(light.sky[2], light.colour, 0.25)
    )
    if heavy:
        bright = mix(bright, light.sky[1], 0.45)
    body = ramp((shade, mix(shade, bright, 0.55), bright), lit)
    stage.pixels[:rows] = blend(stage.pixels[:rows], body, density * (0.94 if heavy else 0.8))


def _stars(stage: Stage, end: float) -> None:
    chance, brief = stage.chance("stars"), stage.brief
    count = 900 if brief.has("stars", "milky_way") else 320
    if {"stars", "star"} & brief.without:
        return
    if brief.has("milky_way", "stars"):
        _milky_way(stage, end)
    scale = stage.unit / 768
    with stage.canvas() as canvas:
        canvas.dots(
            (x, y, scale * size, mix((255, 255, 255), tone, 0.5), alpha)
            for x, y, size, tone, alpha in zip(
                chance.uniform(0, stage.width, count),
                chance.uniform(0, end, count),
                0.5 + chance.exponential(0.55, count),
                [((190, 205, 255), (255, 226, 190))[k] for k in chance.integers(0, 2, count)],
                chance.uniform(0.35, 1, count),
                strict=True,
            )
        )


def _milky_way(stage: Stage, end: float) -> None:
    chance = stage.chance("milky way")
    xs, ys = stage.grid()
    slope, start = chance.uniform(0.5, 1.1) * (-1 if stage.mirrored else 1), stage.width * 0.5
    across = (xs - start - (ys - end * 0.5) * slope) / stage.unit
    dust = fractal(chance, stage.width, stage.height, cells=6, octaves=6)
    band = np.exp(-((across / 0.16) ** 2)) * np.clip(dust * 1.7 - 0.35, 0, 1)
    stage.pixels = screened(stage.pixels, band[..., None] * np.array((150, 140, 190), np.float32))


def _aurora(stage: Stage, end: float) -> None:
    """Paint curtains of light: brightest at their lower edge, fading upwards."""
    chance = stage.chance("aurora")
    ys = stage.grid()[1]
    tones: tuple[Colour, ...] = ((60, 255, 160), (80, 220, 230), (180, 90, 240))
    for index in range(3):
        edge = end * (0.5 + 0.14 * index) - end * 0.32 * profile(
            chance, stage.width, cells=2.2, octaves=3
        )
        folds = 0.45 + 0.55 * profile(chance, stage.width, cells=26, octaves=3)
        above = (edge[None, :] - ys) / (end * 0.4)
        curtain = np.where(above > 0, np.exp(-above * 2.4), np.exp(above * 26)) * folds[None, :]
        stage.pixels = screened(
            stage.pixels,
            blurred(np.asarray(curtain, np.float32), 2)[..., None]
            * np.array(tones[index], np.float32)
            * 0.75,
        )


def _rainbow(stage: Stage, end: float) -> None:
    xs, ys = stage.grid()
    radius = stage.unit * 0.72
    distance = np.hypot(xs - stage.side(0.62), ys - end * 1.12)
    at = (distance - radius) / (stage.unit * 0.085)
    colours = ramp(_BANDS[::-1], np.clip(at, 0, 1).astype(np.float32))
    share = np.clip(np.minimum(at, 1 - at) * 5, 0, 1) * 0.5
    stage.pixels = blend(stage.pixels, colours, np.asarray(share, np.float32))


def _lightning(stage: Stage, end: float) -> None:
    chance = stage.chance("lightning")
    with stage.canvas() as canvas:
        for _ in range(2):
            x, points = stage.width * chance.uniform(0.15, 0.85), []
            for y in np.linspace(0, end, 26):
                x += stage.unit * chance.normal(0, 0.018)
                points.append((x, float(y)))
            canvas.line(
                points,
                flat((170, 180, 255), 0.55, blur=stage.unit * 0.02, glow=True),
                stage.unit * 0.03,
            )
            canvas.line(points, flat((250, 250, 255)), stage.unit * 0.0045)
            fork = [(a + (b - end * 0.4) * 0.35, b) for a, b in points[10:19]]
            canvas.line(fork, flat((225, 228, 255), 0.8), stage.unit * 0.002)


def _fireworks(stage: Stage, end: float) -> None:
    chance = stage.chance("fireworks")
    tones: tuple[Colour, ...] = (
        (255, 90, 90),
        (255, 210, 90),
        (120, 220, 255),
        (200, 120, 255),
        (140, 255, 150),
    )
    with stage.canvas() as canvas:
        for index in range(6):
            x, y = (
                stage.width * (index + chance.uniform(0.2, 0.8)) / 6,
                end * chance.uniform(0.12, 0.6),
            )
            size, tone = stage.unit * chance.uniform(0.09, 0.2), tones[index % 5]
            canvas.circle(
                x,
                y,
                size * 1.1,
                radial((x, y), size * 1.1, (tone, tone), alphas=(0.45, 0), glow=True),
            )
            for turn in np.linspace(0, math.tau, 34, endpoint=False):
                far = size * chance.uniform(0.75, 1)
                tip = (x + math.cos(turn) * far, y + math.sin(turn) * far + size * 0.12)
                start = (x + math.cos(turn) * far * 0.25, y + math.sin(turn) * far * 0.25)
                canvas.line(
                    (start, tip),
                    linear(start, tip, (lighter(tone, 0.6), tone), alphas=(0.15, 1)),
                    stage.unit * 0.0035,
                )
                canvas.circle(*tip, stage.unit * 0.004, flat(lighter(tone, 0.7)))


def _rays(stage: Stage, end: float) -> None:
    chance, light = stage.chance("rays"), stage.light
    with stage.canvas() as canvas:
        for turn in np.linspace(0.1, math.pi - 0.1, 13):
            spread, far = chance.uniform(0.02, 0.06), stage.unit * 1.6
            ends = [
                (light.x + math.cos(turn + k) * far, light.y + math.sin(turn + k) * far)
                for k in (-spread, spread)
            ]
            canvas.polygon(
                ((light.x, light.y), *ends),
                radial(
                    (light.x, light.y),
                    far,
                    (light.colour, light.colour),
                    alphas=(0.3, 0),
                    blur=stage.unit * 0.01,
                    glow=True,
                ),
            )


_LIGHTS: Mapping[str, Callable[[Stage, float], None]] = {
    "rainbow": _rainbow,
    "lightning": _lightning,
    "fireworks": _fireworks,
    "rays": _rays,
}
"""Lights that shine before the clouds."""


def paint_clouds(stage: Stage) -> None:
    """Paint the sky seen from above a sea of clouds."""
    chance = stage.chance("above the clouds")
    paint_sky(stage)
    ys = stage.grid()[1]
    white = mix(stage.light.on((250, 250, 252)), stage.light.colour, 0.2)
    for layer in range(4):
        near = layer / 3
        base = stage.horizon + (stage.height - stage.horizon) * near * 0.7
        line = (
            base
            - stage.unit
            * (0.05 + 0.1 * near)
            * profile(chance, stage.width, cells=4, octaves=5) ** 1.3
        )
        body = fractal(chance, stage.width, stage.height, cells=5, octaves=6, stretch=1.6)
        lit = np.clip(
            0.62
            + (body - shifted(body, -int(stage.unit * 0.02), 0)) * 6
            - (ys - line[None, :]) / (stage.unit * 0.5),
            0,
            1,
        )
        tone = blend(
            np.broadcast_to(
                np.array(mix(stage.light.sky[1], white, 0.45), np.float32), stage.pixels.shape
            ),
            white,
            np.asarray(lit, np.float32),
        )
        soft = np.clip(
            (ys - line[None, :] + (body - 0.5) * stage.unit * 0.12) / (stage.unit * 0.03), 0, 1
        )
        stage.pixels = blend(stage.pixels, tone, np.asarray(soft * 0.95, np.float32))
    stage.ground = stage.height * 0.8
