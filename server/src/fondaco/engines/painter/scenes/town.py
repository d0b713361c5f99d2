"""Towns: skylines, streets and harbours."""

import itertools

import numpy as np

from fondaco.engines.painter.scenes.land import hills
from fondaco.engines.painter.scenes.sky import paint_sky
from fondaco.engines.painter.scenes.water import paint_water
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, Points, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix

NEON: tuple[Colour, ...] = (
    (255, 60, 170),
    (40, 225, 255),
    (160, 90, 255),
    (255, 170, 60),
    (70, 255, 190),
)
PLASTER: tuple[Colour, ...] = (
    (222, 190, 150),
    (206, 150, 120),
    (232, 212, 176),
    (188, 178, 170),
    (170, 120, 104),
    (214, 200, 190),
)
LAMP: Colour = (255, 214, 134)


def paint_city(stage: Stage) -> None:
    """Paint a skyline in three layers, over water that mirrors it or over a park."""
    chance = stage.chance("city")
    paint_sky(stage)
    shore = stage.horizon + stage.height * 0.16
    neon = stage.brief.stroke == "neon"
    with stage.canvas() as canvas:
        for layer in range(3):
            _towers(stage, canvas, chance, shore, layer / 2, neon=neon)
    if stage.brief.has("field", "forest", "hills"):
        hills(stage, chance, shore, layers=3)
    else:
        paint_water(stage, shore, mirror=0.85)
    stage.ground = stage.height * 0.93


def _towers(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    base: float,
    near: float,
    *,
    neon: bool,
) -> None:
    light, dark = stage.light, stage.brief.time != "day"
    x = -stage.width * 0.02
    middle = stage.side(0.6)
    while x < stage.width:
        width = stage.width * chance.uniform(0.035, 0.085) * (0.8 + 0.35 * near)
        rise = np.exp(-(((x - middle) / (stage.width * 0.3)) ** 2))
        height = (
            stage.height
            * (0.1 + 0.3 * rise * chance.uniform(0.5, 1.15) + 0.08 * chance.random())
            * (1.1 - 0.32 * near)
        )
        body: Colour = (
            stage.light.on(mix((120, 128, 146), PLASTER[chance.integers(6)], 0.4))
            if not dark
            else mix((26, 28, 50), light.sky[1], 0.25)
        )
        body = mix(body, light.haze, 0.62 * (1 - near))
        left = (x, base - height, width, height + 4)
        canvas.rectangle(
            *left,
            linear(
                (x, 0),
                (x + width, 0),
                (mix(body, light.colour, 0.12), body, darker(body, 0.14)),
                at=(0, 0.45, 1),
            ),
        )
        if chance.random() < 0.35:  # a third has a spire
            canvas.polygon(
                (
                    (x + width * 0.4, base - height),
                    (x + width * 0.5, base - height - stage.height * 0.07 * chance.random()),
                    (x + width * 0.6, base - height),
                ),
                flat(body),
            )
        if chance.random() < 0.4:  # a setback
            canvas.rectangle(
                x + width * 0.2,
                base - height - stage.height * 0.025,
                width * 0.6,
                stage.height * 0.03,
                flat(darker(body, 0.12)),
            )
        _windows(stage, canvas, chance, left, near, dark=dark, neon=neon)
        x += width * chance.uniform(0.9, 1.15)


def _windows(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    box: tuple[float, float, float, float],
    near: float,
    *,
    dark: bool,
    neon: bool,
) -> None:
    x, y, width, height = box
    across, down = stage.unit * 0.0085, stage.unit * 0.0125
    lit = NEON[chance.integers(5)] if neon and chance.random() < 0.6 else LAMP  # most
    share, alpha = (0.5, 0.35 + 0.6 * near) if dark else (0.86, 0.34 + 0.36 * near)
    pane = flat(lit if dark else mix(stage.light.sky[1], (60, 80, 110), 0.5), alpha)
    for column in range(int(width / across) - 1):
        for row in range(int(height / down) - 1):
            if chance.random() < share:
                canvas.rectangle(
                    x + across * (column + 0.7),
                    y + down * (row + 0.7),
                    across * 0.5,
                    down * 0.5,
                    pane,
                )


def paint_street(stage: Stage) -> None:
    """Paint a street of old houses that runs to a vanishing point."""
    chance = stage.chance("street")
    stage.horizon = stage.height * chance.uniform(0.52, 0.6)
    paint_sky(stage)
    eye = (stage.side(chance.uniform(0.42, 0.5)), stage.horizon)
    dark = stage.brief.time in ("night", "dusk") or stage.brief.has("rain")
    pave = stage.light.on(
        (156, 146, 136) if not stage.brief.has("snow", "winter") else (232, 238, 246)
    )
    with stage.canvas() as canvas:
        canvas.polygon(
            (eye, (stage.width * 1.5, stage.height), (-stage.width * 0.5, stage.height)),
            linear(
                (0, stage.horizon),
                (0, stage.height),
                (mix(pave, stage.light.haze, 0.5), pave, darker(pave, 0.3)),
            ),
        )
        for side in (-1, 1):
            _row(stage, canvas, chance, eye, side, dark=dark)
        _paving(stage, canvas, chance, eye, pave)
    if stage.brief.has("rain"):
        _wet(stage)
    stage.ground = stage.height * 0.93


def _row(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    eye: tuple[float, float],
    side: int,
    *,
    dark: bool,
) -> None:
    """Draw the houses of one side, far ones first."""
    depths = np.geomspace(9, 0.75, 8)
    roofs = chance.uniform(0.42, 0.62, 8)
    for k, (far, near) in enumerate(itertools.pairwise(depths)):
        x0, x1 = (eye[0] + side * stage.width * 0.42 / d for d in (far, near))
        tone = mix(
            stage.light.on(PLASTER[chance.integers(6)]), stage.light.haze, 0.55 * (1 - k / 7)
        )
        if side == (1 if stage.light.x > stage.width / 2 else -1):
            tone = darker(tone, 0.22)
        tops = [eye[1] - stage.height * roofs[k] / d for d in (far, near)]
        feet = [eye[1] + stage.height * 0.34 / d for d in (far, near)]
        wall = ((x0, tops[0]), (x1, tops[1]), (x1, feet[1]), (x0, feet[0]))
        canvas.polygon(wall, linear((x0, 0), (x1, 0), (darker(tone, 0.18), tone)))
        roof = darker(stage.light.on((150, 82, 62)), 0.25)
        if stage.brief.has("snow", "winter"):
            roof = stage.light.on((236, 242, 250))
        lift = [stage.height * 0.055 / d for d in (far, near)]
        canvas.polygon(
            ((x0, tops[0]), (x1, tops[1]), (x1, tops[1] - lift[1]), (x0, tops[0] - lift[0])),
            flat(mix(roof, stage.light.haze, 0.4 * (1 - k / 7))),
        )
        _panes(canvas, chance, wall, tone, dark=dark)


def _panes(
    canvas: Canvas, chance: np.random.Generator, wall: Points, tone: Colour, *, dark: bool
) -> None:
    """Draw the windows of a wall given by its four corners."""
    (x0, a0), (x1, a1), (_, b1), (_, b0) = ((float(x), float(y)) for x, y in wall)

    def at(across: float, down: float) -> tuple[float, float]:
        top, foot = a0 + (a1 - a0) * across, b0 + (b1 - b0) * across
        return x0 + (x1 - x0) * across, top + (foot - top) * down

    for row in range(3):
        for column in range(3):
            left, top = 0.14 + column * 0.28, 0.1 + row * 0.28
            lit = dark and chance.random() < 0.62  # most windows are lit
            glass: Colour = LAMP if lit else mix((60, 74, 96), tone, 0.2)
            pane = (
                at(left, top),
                at(left + 0.15, top),
                at(left + 0.15, top + 0.16),
                at(left, top + 0.16),
            )
            canvas.polygon(pane, flat(glass))
            canvas.line(
                pane, flat(lighter(tone, 0.35), 0.8), max(0.6, abs(x1 - x0) * 0.012), closed=True
            )
            if lit:
                x, y = at(left + 0.07, top + 0.08)
                canvas.circle(
                    x,
                    y,
                    abs(x1 - x0) * 0.25,
                    radial((x, y), abs(x1 - x0) * 0.25, (LAMP, LAMP), alphas=(0.35, 0), glow=True),
                )


def _paving(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    eye: tuple[float, float],
    pave: Colour,
) -> None:
    for near in np.linspace(0.02, 1, 26) ** 1.8:
        y = eye[1] + (stage.height - eye[1]) * near
        half = stage.width * 0.42 * near / 0.34 * (stage.height - eye[1]) / stage.height
        for x in np.arange(eye[0] - half, eye[0] + half, max(4.0, stage.unit * 0.09 * near)):
            canvas.ellipse(
                x + chance.normal(0, 2),
                y,
                stage.unit * 0.036 * near,
                stage.unit * 0.009 * near + 0.4,
                flat(darker(pave, chance.uniform(0.02, 0.3)), 0.5),
            )


def _wet(stage: Stage) -> None:
    """Let the ground shine with what stands above it."""
    first = int(stage.horizon + stage.height * 0.1)
    rows = stage.height - first
    source = np.clip(first - np.arange(rows) * 0.8, 0, stage.height - 1).astype(int)
    stage.pixels[first:] = stage.pixels[first:] * 0.7 + stage.pixels[source] * 0.3


def paint_harbour(stage: Stage) -> None:
    """Paint houses along a quay, mirrored by still water."""
    chance = stage.chance("harbour")
    paint_sky(stage)
    shore = stage.horizon + stage.height * 0.07
    hills(stage, chance, stage.horizon - stage.height * 0.06, layers=2)
    dark, x = stage.brief.time in ("night", "dusk"), -stage.width * 0.01
    with stage.canvas() as canvas:
        while x < stage.width:
            width, height = (
                stage.width * chance.uniform(0.06, 0.1),
                stage.height * chance.uniform(0.11, 0.19),
            )
            tones: tuple[Colour, ...] = (
                (206, 74, 62),
                (232, 178, 84),
                (86, 130, 170),
                (236, 226, 206),
                (120, 160, 120),
                (226, 146, 110),
            )
            wall = stage.light.on(tones[chance.integers(6)])
            canvas.rectangle(
                x,
                shore - height,
                width,
                height,
                linear((x, 0), (x + width, 0), (lighter(wall, 0.1), darker(wall, 0.22))),
            )
            canvas.polygon(
                (
                    (x, shore - height),
                    (x + width / 2, shore - height - width * 0.5),
                    (x + width, shore - height),
                ),
                flat(darker(stage.light.on((140, 76, 60)), 0.15)),
            )
            _panes(
                canvas,
                chance,
                ((x, shore - height), (x + width, shore - height), (x + width, shore), (x, shore)),
                wall,
                dark=dark,
            )
            x += width
        canvas.rectangle(
            0,
            shore - stage.height * 0.012,
            stage.width,
            stage.height * 0.02,
            flat(stage.light.on((120, 110, 100))),
        )
    paint_water(stage, shore + stage.height * 0.008, mirror=0.9)
    stage.ground = stage.height * 0.86
