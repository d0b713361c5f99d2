"""Shores: the open sea, beaches, lakes, rivers and waterfalls."""

import itertools
import math

import numpy as np

from fondaco.engines.painter.scenes import plants
from fondaco.engines.painter.scenes.land import grass, hills, mountains, ridge, strata
from fondaco.engines.painter.scenes.sky import paint_sky
from fondaco.engines.painter.scenes.water import paint_surf, paint_swell, paint_water
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear
from fondaco.engines.painter.surface.colour import blend, darker, lighter, mix
from fondaco.engines.painter.surface.noise import fractal, profile


def paint_sea(stage: Stage) -> None:
    """Paint the open sea, with mountains on its far shore where the prompt has them."""
    chance = stage.chance("sea")
    paint_sky(stage)
    if stage.brief.has("mountain", "hills", "beach", "volcano"):
        mountains(stage, chance, stage.horizon + 2, stage.height * 0.16, layers=2)
    paint_water(stage, stage.horizon, mirror=0.3)
    if stage.brief.has("storm"):
        paint_swell(stage, stage.horizon)
    stage.ground = stage.horizon + (stage.height - stage.horizon) * 0.5


def paint_beach(stage: Stage) -> None:
    """Paint a shore with palms."""
    chance = stage.chance("beach")
    paint_sky(stage)
    if stage.brief.has("mountain") or chance.random() < 0.5:  # one in two
        mountains(stage, chance, stage.horizon + 2, stage.height * 0.1, layers=2)
    paint_water(stage, stage.horizon, mirror=0.2)
    paint_surf(stage, stage.horizon + (stage.height - stage.horizon) * chance.uniform(0.4, 0.5))
    if (
        not stage.brief.has("snow", "winter")
        and not {"palm", "palm-tree", "palms"} & stage.brief.without
    ):
        with stage.canvas() as canvas:
            for k in range(2):
                foot = (
                    stage.side(0.06 + 0.1 * k + chance.uniform(0, 0.04)),
                    stage.height * (0.96 - 0.07 * k),
                )
                _palm(stage, canvas, chance, foot, stage.height * chance.uniform(0.5, 0.66))
    stage.ground = stage.height * 0.93


def _palm(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    foot: tuple[float, float],
    height: float,
) -> None:
    lean = height * 0.3 * (-1 if stage.mirrored else 1)
    line = [(foot[0] + lean * t**2, foot[1] - height * t) for t in np.linspace(0, 1, 12)]
    bark, green = stage.light.on((128, 98, 66)), stage.light.on((66, 124, 56))
    for k, (a, b) in enumerate(itertools.pairwise(line)):
        canvas.line((a, b), flat(darker(bark, 0.15 * (k % 2))), height * (0.045 - 0.0018 * k))
    x, y = line[-1]
    for turn in np.linspace(-2.9, -0.2, 9):
        long = height * chance.uniform(0.32, 0.42)
        spine = [
            (
                x + math.cos(turn) * long * t,
                y + math.sin(turn) * long * t * 0.6 + long * 0.75 * t**2.2,
            )
            for t in np.linspace(0, 1, 9)
        ]
        canvas.line(spine, flat(darker(green, 0.2)), height * 0.01)
        for k, (px, py) in enumerate(spine[1:]):
            for side in (-1, 1):
                drop = long * 0.2 * (1 - k / 11)
                canvas.line(
                    ((px, py), (px + side * drop * 0.4 + math.cos(turn) * drop * 0.5, py + drop)),
                    flat(mix(green, stage.light.colour, chance.uniform(0, 0.3))),
                    height * 0.011,
                )


def paint_lake(stage: Stage) -> None:
    """Paint a lake before mountains that it mirrors."""
    chance = stage.chance("lake")
    paint_sky(stage)
    shore = stage.horizon + stage.height * 0.08
    if not stage.brief.has("field", "hills", "desert"):
        mountains(stage, chance, shore, stage.height * chance.uniform(0.3, 0.42), layers=3)
    ridge(
        stage,
        chance,
        shore,
        stage.height * 0.05,
        darker(grass(stage), 0.3),
        cells=3,
        rough=0.4,
        fade=0.12,
    )
    with stage.canvas() as canvas:
        plants.firs(stage, canvas, chance, shore, small=True)
    paint_water(stage, shore, mirror=0.8)
    bank = stage.height * 0.9
    ridge(
        stage,
        chance,
        bank + stage.height * 0.06,
        stage.height * 0.08,
        grass(stage),
        cells=1.2,
        rough=0.4,
    )
    with stage.canvas() as canvas:
        plants.blades(
            stage,
            canvas,
            chance,
            bank,
            900,
            [darker(grass(stage), k) for k in (0.1, 0.3)],
            height=0.05,
        )
    stage.ground = stage.height * 0.93


def paint_river(stage: Stage) -> None:
    """Paint a river that winds towards the viewer through meadows."""
    chance = stage.chance("river")
    paint_sky(stage)
    if stage.brief.has("mountain") or chance.random() < 0.6:  # most rivers
        mountains(stage, chance, stage.horizon + stage.height * 0.02, stage.height * 0.26, layers=2)
    hills(stage, chance, stage.horizon, layers=3)
    plants.far_trees(stage, chance)
    meadow = stage.pixels.copy()
    paint_water(stage, stage.horizon + stage.height * 0.06, mirror=0.6)
    _, ys = stage.grid()
    xs = stage.grid()[0]
    near = np.clip(
        (ys - stage.horizon - stage.height * 0.07) / (stage.height * 0.93 - stage.horizon), 0, 1
    )
    middle = stage.side(0.5) + stage.width * 0.22 * np.sin(
        near**0.6 * 6.4 + chance.uniform(0, 6)
    ) * (0.35 + near)
    half = stage.width * (0.012 + 0.3 * near**1.6) * (near > 0)
    edge = (
        (fractal(chance, stage.width, stage.height, cells=26, octaves=4) - 0.5)
        * stage.unit
        * 0.03
        * (0.2 + near)
    )
    inside = np.clip((half - np.abs(xs - middle) + edge) / 2, 0, 1) * (near > 0)
    stage.pixels = blend(meadow, stage.pixels, np.asarray(inside, np.float32))
    bank = np.exp(-(((np.abs(xs - middle) - half - edge) / (stage.unit * 0.008)) ** 2)) * (
        near > 0.02
    )
    stage.pixels = blend(
        stage.pixels, darker(grass(stage), 0.5), np.asarray(bank * 0.6, np.float32)
    )
    stage.ground = stage.height * 0.9


def paint_waterfall(stage: Stage) -> None:
    """Paint a waterfall between cliffs, with spray over its pool."""
    chance = stage.chance("waterfall")
    paint_sky(stage)
    pool, lip = stage.height * 0.74, stage.height * chance.uniform(0.2, 0.3)
    x, half = stage.side(chance.uniform(0.42, 0.58)), stage.width * chance.uniform(0.06, 0.11)
    rock = stage.light.on((92, 92, 88))
    xs, ys = stage.grid()
    cliff = lip - stage.height * 0.14 * profile(chance, stage.width, cells=4, octaves=5)
    cliff = np.where(np.abs(xs[0] - x) < half, lip, cliff)
    strata(stage, chance, np.asarray(cliff, np.float32), rock)
    moss = (
        np.clip(fractal(chance, stage.width, stage.height, cells=9, octaves=5) - 0.5, 0, 1)
        * 2.2
        * (ys > cliff[None, :])
    )
    stage.pixels = blend(
        stage.pixels, stage.light.on((84, 122, 58)), np.asarray(np.clip(moss, 0, 0.8), np.float32)
    )
    streaks = (
        profile(chance, stage.width, cells=stage.width / 9, octaves=2)[None, :] * 0.6
        + fractal(chance, stage.width, stage.height, cells=26, octaves=4, stretch=0.16) * 0.6
    )
    wide = half * (1 + 0.35 * np.clip((ys - lip) / (pool - lip), 0, 1))
    inside = (
        np.clip((wide - np.abs(xs - x)) / (half * 0.25), 0, 1)
        * (ys > lip)
        * (ys < pool + stage.height * 0.02)
    )
    fall = blend(
        np.broadcast_to(np.array(stage.light.on((176, 206, 222)), np.float32), stage.pixels.shape),
        stage.light.on((252, 254, 255)),
        np.asarray(np.clip(streaks * 1.4 - 0.25, 0, 1), np.float32),
    )
    stage.pixels = blend(stage.pixels, fall, np.asarray(inside, np.float32))
    paint_water(stage, pool, mirror=0.55)
    with stage.canvas() as canvas:
        for _ in range(40):
            canvas.circle(
                x + chance.normal(0, half * 1.1),
                pool - abs(chance.normal(0, stage.unit * 0.03)),
                stage.unit * chance.uniform(0.02, 0.05),
                flat(stage.light.on((250, 252, 255)), 0.16, blur=stage.unit * 0.016),
            )
        for side in (-1, 1):
            for _ in range(7):
                foot = (
                    x + side * (half * 1.7 + stage.width * chance.uniform(0, 0.4)),
                    pool + stage.height * chance.uniform(-0.02, 0.05),
                )
                if chance.random() < 0.5:  # half of them trees
                    plants.conifer(
                        canvas,
                        chance,
                        foot,
                        stage.height * chance.uniform(0.14, 0.26),
                        stage.light.on((48, 88, 58)),
                        stage.light.colour,
                        snow=stage.brief.has("snow"),
                    )
                else:
                    size = stage.unit * chance.uniform(0.03, 0.07)
                    canvas.blob(
                        [
                            (
                                foot[0] + size * math.cos(t) * chance.uniform(0.8, 1.2),
                                foot[1] + size * 0.6 * math.sin(t),
                            )
                            for t in np.linspace(0, 5.6, 8)
                        ],
                        linear(
                            (0, foot[1] - size),
                            (0, foot[1] + size),
                            (lighter(rock, 0.15), darker(rock, 0.5)),
                        ),
                    )
    stage.ground = stage.height * 0.93
