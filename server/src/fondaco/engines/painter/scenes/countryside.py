"""Open country: fields, hills, mountains, deserts, ice, and what grows there."""

import itertools
import math

import numpy as np

from fondaco.engines.painter.scenes import plants
from fondaco.engines.painter.scenes.land import grass, hills, mountains, ridge
from fondaco.engines.painter.scenes.sky import paint_sky
from fondaco.engines.painter.scenes.water import paint_surf, paint_swell, paint_water
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, darker, lighter, mix
from fondaco.engines.painter.surface.noise import fractal, profile, shifted


def paint_field(stage: Stage) -> None:
    """Paint a meadow or a field under the sky, with what the prompt lets grow in it."""
    chance = stage.chance("field")
    paint_sky(stage)
    if stage.brief.has("mountain") or chance.random() < 0.4:  # some fields
        mountains(stage, chance, stage.horizon + stage.height * 0.02, stage.height * 0.2, layers=2)
    hills(stage, chance, stage.horizon, layers=3)
    _trees_far(stage, chance)
    _meadow(stage, chance, stage.horizon + stage.height * 0.1)
    stage.ground = stage.height * 0.9


def paint_hills(stage: Stage) -> None:
    """Paint rolling hills with scattered trees."""
    chance = stage.chance("hills")
    paint_sky(stage)
    if stage.brief.has("mountain"):
        mountains(stage, chance, stage.horizon, stage.height * 0.22, layers=2)
    hills(stage, chance, stage.horizon - stage.height * 0.02, layers=5)
    _trees_far(stage, chance)
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
        _firs(stage, canvas, chance, base + stage.height * 0.05)
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
        _strata(
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


def _strata(stage: Stage, chance: np.random.Generator, crest: Pixels, tone: Colour) -> None:
    ys = stage.grid()[1]
    top = max(0, int(crest.min()))
    rows = stage.height - top
    relief = fractal(chance, stage.width, rows, cells=16, octaves=5, stretch=0.5)
    bands = profile(chance, stage.height, cells=46, octaves=3)[top:, None] + (relief - 0.5) * 0.25
    lit = np.clip(
        0.5
        + (shifted(relief, 0, -3) - relief) * 9 * (1 if stage.light.x > stage.width / 2 else -1),
        0,
        1,
    )
    body = blend(
        np.broadcast_to(np.array(tone, np.float32), (rows, stage.width, 3)),
        darker(tone, 0.4),
        np.asarray(np.clip(bands * 0.7 + 0.35 * (1 - lit), 0, 1), np.float32),
    )
    body = blend(body, mix(tone, stage.light.colour, 0.5), np.asarray(lit * 0.3, np.float32))
    inside = np.clip(ys[top:] - crest[None, :] + 0.5, 0, 1)
    stage.pixels[top:] = blend(stage.pixels[top:], body, np.asarray(inside, np.float32))


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
        _firs(stage, canvas, chance, shore, small=True)
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
    _trees_far(stage, chance)
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
    _strata(stage, chance, np.asarray(cliff, np.float32), rock)
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


def _firs(
    stage: Stage, canvas: Canvas, chance: np.random.Generator, y: float, *, small: bool = False
) -> None:
    """Draw firs in groups, away from the middle."""
    if {"trees", "tree"} & stage.brief.without:
        return
    count = 26 if small else 30
    spots = sorted(
        (y + abs(chance.normal(0, 0.05)) * stage.height * (0.25 if small else 1.6), chance.random())
        for _ in range(count)
    )
    for foot, share in spots:
        x = share * 0.36 if chance.random() < 0.6 else 1 - share * 0.3  # more on one side
        near = np.clip((foot - y) / (stage.height * 0.3), 0, 1)
        height = stage.height * (0.05 + 0.16 * near) * chance.uniform(0.7, 1.3)
        tone = mix(stage.light.on((44, 84, 62)), stage.light.haze, 0.35 * (1 - near))
        plants.conifer(
            canvas,
            chance,
            (stage.side(x), foot),
            height,
            tone,
            stage.light.colour,
            snow=stage.brief.has("snow", "winter"),
        )


def _trees_far(stage: Stage, chance: np.random.Generator) -> None:
    """Draw small trees along the horizon."""
    if {"trees", "tree"} & stage.brief.without:
        return
    tones = [
        mix(stage.light.on(tone), stage.light.haze, 0.3) for tone in plants.leaves(stage.brief)
    ]
    with stage.canvas() as canvas:
        for _ in range(9):
            x, near = chance.uniform(-0.02, 1.02) * stage.width, chance.random()
            foot = (x, stage.horizon + stage.height * (0.03 + 0.08 * near))
            size = stage.unit * (0.012 + 0.022 * near)
            canvas.line((foot, (x, foot[1] - size * 2)), flat(darker(tones[1], 0.6)), size * 0.25)
            canvas.dots(
                (
                    x + chance.normal(0, size * 0.75),
                    foot[1] - size * 2.2 + chance.normal(0, size * 0.6),
                    size * chance.uniform(0.2, 0.5),
                    darker(tones[chance.integers(len(tones))], chance.uniform(0, 0.4)),
                    0.9,
                )
                for _ in range(40)
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
