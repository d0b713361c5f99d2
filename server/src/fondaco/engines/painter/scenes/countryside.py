"""Open country: fields, hills, mountains, deserts and ice."""

import itertools
import math

import numpy as np

from fondaco.engines.painter.scenes import plants
from fondaco.engines.painter.scenes.land import grass, hills, mountains, ridge, strata
from fondaco.engines.painter.scenes.sky import paint_sky
from fondaco.engines.painter.scenes.water import paint_water
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, darker, lighter, mix
from fondaco.engines.painter.surface.noise import fractal, profile


def paint_field(stage: Stage) -> None:
    """Paint a meadow or a field under the sky, with what the prompt lets grow in it."""
    chance = stage.chance("field")
    paint_sky(stage)
    if stage.brief.has("mountain") or chance.random() < 0.4:  # some fields
        mountains(stage, chance, stage.horizon + stage.height * 0.02, stage.height * 0.2, layers=2)
    hills(stage, chance, stage.horizon, layers=3)
    plants.far_trees(stage, chance)
    _meadow(stage, chance, stage.horizon + stage.height * 0.1)
    stage.ground = stage.height * 0.9


def paint_hills(stage: Stage) -> None:
    """Paint rolling hills with scattered trees."""
    chance = stage.chance("hills")
    paint_sky(stage)
    if stage.brief.has("mountain"):
        mountains(stage, chance, stage.horizon, stage.height * 0.22, layers=2)
    hills(stage, chance, stage.horizon - stage.height * 0.02, layers=5)
    plants.far_trees(stage, chance)
    _meadow(stage, chance, stage.horizon + stage.height * 0.2)
    stage.ground = stage.height * 0.86


def paint_vineyard(stage: Stage) -> None:
    """Paint rows of vines over hills."""
    chance = stage.chance("vineyard")
    paint_sky(stage)
    hills(stage, chance, stage.horizon - stage.height * 0.04, layers=3)
    top = stage.horizon + stage.height * 0.08
    ridge(
        stage,
        chance,
        top + stage.height * 0.03,
        stage.height * 0.03,
        stage.light.on((176, 142, 86)),
        cells=1.5,
    )
    with stage.canvas() as canvas:
        tones = [
            stage.light.on(tone)
            for tone in ((92, 128, 52), (120, 152, 64), (150, 160, 70), (74, 104, 46))
        ]
        plants.blossoms(stage, canvas, chance, top, 5200, tones, rows=True)
    stage.ground = stage.height * 0.92


def paint_mountains(stage: Stage) -> None:
    """Paint ranges of mountains over a valley."""
    chance = stage.chance("mountains")
    paint_sky(stage)
    base = stage.horizon + stage.height * 0.1
    mountains(stage, chance, base, stage.height * chance.uniform(0.34, 0.46), layers=3)
    stage.veil(
        _mist(stage, chance, base),
        mix(stage.light.haze, (240, 240, 244), 0.2 if not stage.night else 0.0),
    )
    hills(stage, chance, base, layers=3)
    with stage.canvas() as canvas:
        plants.firs(stage, canvas, chance, base + stage.height * 0.05)
    _meadow(stage, chance, base + stage.height * 0.12, sparse=True)
    stage.ground = stage.height * 0.92


def paint_volcano(stage: Stage) -> None:
    """Paint a volcano with glowing lava and smoke."""
    chance = stage.chance("volcano")
    paint_sky(stage)
    base, top = stage.horizon + stage.height * 0.16, stage.height * 0.24
    x, half = stage.side(chance.uniform(0.38, 0.56)), stage.width * 0.42
    mountains(stage, chance, base, stage.height * 0.16, layers=2)
    rock = stage.light.on((74, 60, 62))
    rim = stage.width * 0.05
    with stage.canvas() as canvas:
        smoke = mix((90, 82, 88), stage.light.sky[1], 0.3)
        for k in range(70):
            up = k / 70
            sway = stage.unit * 0.2 * up * math.sin(up * 3 + chance.normal(0, 0.3))
            canvas.circle(
                x + sway + chance.normal(0, stage.unit * 0.04 * (1 + 2 * up)),
                top - top * 1.1 * up,
                stage.unit * (0.03 + 0.06 * up),
                flat(
                    mix(smoke, (250, 130, 60), 0.5 * (1 - up) ** 3), 0.35, blur=stage.unit * 0.012
                ),
            )
        left = [
            (x - rim - (half - rim) * (t**1.7), top + (base - top) * t + chance.normal(0, 2))
            for t in np.linspace(1, 0, 16)
        ]
        right = [
            (x + rim + (half - rim) * (t**1.7), top + (base - top) * t + chance.normal(0, 2))
            for t in np.linspace(0, 1, 16)
        ]
        canvas.polygon(
            (*left, *right),
            linear((x - half, 0), (x + half, 0), (lighter(rock, 0.2), rock, darker(rock, 0.6))),
        )
        canvas.ellipse(x, top, rim, rim * 0.22, flat((255, 190, 80)))
        canvas.circle(
            x,
            top,
            stage.unit * 0.24,
            radial(
                (x, top),
                stage.unit * 0.24,
                ((255, 170, 60), (255, 90, 20)),
                alphas=(0.8, 0),
                glow=True,
            ),
        )
        for _ in range(6):
            wander, points = x + chance.normal(0, rim * 0.5), []
            slope = chance.normal(0, 0.6)
            for t in np.linspace(0, chance.uniform(0.5, 1), 14):
                wander += slope * stage.unit * 0.016 + chance.normal(0, stage.unit * 0.006)
                points.append((wander, top + (base - top) * t))
            canvas.line(
                points,
                flat((255, 96, 24), 0.6, blur=stage.unit * 0.012, glow=True),
                stage.unit * 0.03,
            )
            canvas.line(
                points,
                linear((0, top), (0, base), ((255, 226, 120), (240, 70, 20))),
                stage.unit * 0.009,
            )
        canvas.dots(
            (
                x + chance.normal(0, stage.unit * 0.09),
                top - abs(chance.normal(0, stage.unit * 0.1)),
                stage.unit * chance.uniform(0.001, 0.005),
                (255, 180, 70),
                0.9,
            )
            for _ in range(90)
        )
    hills(stage, chance, base, layers=3, colour=stage.light.on((70, 72, 58)))
    stage.ground = stage.height * 0.92


def paint_desert(stage: Stage) -> None:
    """Paint dunes: each with a lit and a shaded side along a winding crest."""
    chance = stage.chance("desert")
    paint_sky(stage)
    sand = stage.light.on(stage.brief.tint("land") or (232, 178, 108))
    for layer in range(5):
        near = layer / 4
        base = (
            stage.horizon
            + (stage.height * 1.0 - stage.horizon) * near**1.3 * 0.85
            + stage.height * 0.03
        )
        tone = mix(sand, stage.light.haze, 0.5 * (1 - near))
        crest = ridge(
            stage,
            chance,
            base,
            stage.height * (0.06 + 0.09 * near) * chance.uniform(0.8, 1.3),
            tone,
            cells=1.0 + chance.random(),
            rough=0.18,
        )
        _slip_face(stage, chance, crest, tone, near)
    if "mountain" in stage.brief.also:
        stage.veil(0.05)
    stage.ground = stage.height * 0.9


def _slip_face(
    stage: Stage, chance: np.random.Generator, crest: Pixels, tone: Colour, near: float
) -> None:
    """Shade the side of a dune that lies away from the light, and ripple the other."""
    ys = stage.grid()[1]
    top = max(0, int(crest.min()))
    depth = np.asarray(ys[top:] - crest[None, :], np.float32)
    slope = np.gradient(crest) * (1 if stage.light.x < stage.width / 2 else -1)
    away = np.clip(slope * 2.5, 0, 1)[None, :]
    reach = stage.height * (0.06 + 0.12 * near)
    shade = np.where(depth > 0, np.clip(1 - depth / reach, 0, 1) ** 0.7 * away, 0) * 0.75
    dark = mix(darker(tone, 0.42), stage.light.sky[0], 0.25)
    stage.pixels[top:] = blend(stage.pixels[top:], dark, np.asarray(shade, np.float32))
    ripple = np.sin(
        (
            depth
            + 6
            * fractal(chance, stage.width, stage.height - top, cells=6, octaves=3)
            * stage.unit
            * 0.06
        )
        / (stage.unit * (0.004 + 0.004 * near))
    )
    stage.pixels[top:] += (ripple * (depth > 2) * 3.2 * near)[..., None]  # below the crest


def paint_canyon(stage: Stage) -> None:
    """Paint table mountains of layered red rock."""
    chance = stage.chance("canyon")
    paint_sky(stage)
    rock = stage.light.on(stage.brief.tint("land") or (196, 104, 66))
    for layer in range(3):
        near = layer / 2
        line = profile(chance, stage.width, cells=3.2 - near * 0.6, octaves=2)
        steps = (
            np.clip((line - 0.5) * 9 + 0.5, 0, 1) * 0.75 + np.clip((line - 0.72) * 12, 0, 1) * 0.25
        )
        steps += profile(chance, stage.width, cells=60, octaves=3) * 0.05
        base = stage.horizon + stage.height * (0.05 + 0.13 * near)
        strata(
            stage,
            chance,
            base - stage.height * (0.3 - 0.08 * layer) * steps,
            mix(rock, stage.light.haze, 0.5 * (1 - near)),
        )
    hills(
        stage,
        chance,
        stage.horizon + stage.height * 0.2,
        layers=3,
        colour=stage.light.on((206, 132, 86)),
    )
    stage.ground = stage.height * 0.92


def paint_arctic(stage: Stage) -> None:
    """Paint icebergs in a cold sea before a snowfield."""
    chance = stage.chance("arctic")
    paint_sky(stage)
    mountains(stage, chance, stage.horizon + 2, stage.height * 0.16, layers=2)
    paint_water(stage, stage.horizon, mirror=0.55)
    with stage.canvas() as canvas:
        for x, size, y in (
            (chance.uniform(0.1, 0.3), 0.2, 0.05),
            (chance.uniform(0.62, 0.9), 0.3, 0.09),
        ):
            _iceberg(
                stage,
                canvas,
                chance,
                stage.side(x),
                stage.horizon + stage.height * y,
                stage.unit * size,
            )
    snow = stage.light.on((236, 243, 252))
    for layer in range(2):
        ridge(
            stage,
            chance,
            stage.horizon + stage.height * (0.24 + 0.14 * layer),
            stage.height * 0.06,
            darker(snow, 0.08 * (1 - layer)),
            cells=1.4,
            rough=0.3,
        )
    stage.ground = stage.height * 0.92


def _iceberg(
    stage: Stage, canvas: Canvas, chance: np.random.Generator, x: float, y: float, size: float
) -> None:
    ice = stage.light.on((222, 240, 250))
    points = [
        (
            x + size * (k / 8 - 0.5) * 1.7,
            y - size * math.sin(k / 8 * math.pi) * chance.uniform(0.45, 1.1),
        )
        for k in range(9)
    ]
    canvas.polygon(
        (*points, (x + size * 0.85, y), (x - size * 0.85, y)),
        linear(
            (x - size, 0), (x + size, 0), (lighter(ice, 0.6), ice, mix(ice, (60, 120, 170), 0.55))
        ),
    )
    for a, b in itertools.pairwise(points):
        canvas.polygon(
            (a, b, ((a[0] + b[0]) / 2 + size * 0.1, y)), flat(mix(ice, (70, 140, 190), 0.45), 0.45)
        )
    canvas.ellipse(
        x, y + size * 0.05, size * 0.9, size * 0.07, flat((120, 190, 210), 0.4, blur=size * 0.02)
    )


def _mist(stage: Stage, chance: np.random.Generator, base: float) -> Pixels:
    """Return how thick the mist in the valley is, for each pixel."""
    ys = stage.grid()[1]
    thick = 0.75 if stage.brief.has("fog") else 0.42
    cloud = fractal(chance, stage.width, stage.height, cells=4, octaves=5, stretch=3)
    return np.asarray(
        np.exp(-(((ys - base) / (stage.height * 0.09)) ** 2))
        * thick
        * np.clip(cloud * 2 - 0.35, 0, 1),
        np.float32,
    )


def _meadow(stage: Stage, chance: np.random.Generator, top: float, *, sparse: bool = False) -> None:
    """Draw grass and flowers; furrows and ears where it is a field of one crop."""
    brief, ground = stage.brief, grass(stage)
    snowy = brief.has("snow", "winter")
    tones = [stage.light.on(tone) for tone in plants.flowers(brief)]
    blades = [darker(ground, 0.1), darker(ground, 0.34), mix(ground, stage.light.colour, 0.22)]
    with stage.canvas() as canvas:
        if not snowy:
            plants.blades(
                stage,
                canvas,
                chance,
                top,
                1300 if sparse else 2600,
                blades,
                height=0.045 if brief.has("wheat", "grass") else 0.028,
            )
        rows = brief.has("lavender", "tulips", "sunflowers")
        if tones and not snowy:
            plants.blossoms(stage, canvas, chance, top, 7500 if rows else 3400, tones, rows=rows)
        if brief.has("fireflies"):
            canvas.dots(
                (
                    chance.uniform(0, stage.width),
                    chance.uniform(top - stage.height * 0.2, stage.height),
                    stage.unit * 0.003,
                    (250, 255, 150),
                    0.9,
                )
                for _ in range(70)
            )
