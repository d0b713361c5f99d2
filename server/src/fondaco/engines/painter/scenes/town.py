"""Towns: skylines, streets, and a city seen from above in isometric view."""

import itertools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from fondaco.engines.painter.scenes.land import hills
from fondaco.engines.painter.scenes.sky import paint_sky
from fondaco.engines.painter.scenes.water import paint_water
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, Points, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix, ramp

Projection: TypeAlias = Callable[[float, float, float], tuple[float, float]]
"""From two directions on the ground and a height to a point of the picture."""

_NEON: tuple[Colour, ...] = (
    (255, 60, 170),
    (40, 225, 255),
    (160, 90, 255),
    (255, 170, 60),
    (70, 255, 190),
)
_PLASTER: tuple[Colour, ...] = (
    (222, 190, 150),
    (206, 150, 120),
    (232, 212, 176),
    (188, 178, 170),
    (170, 120, 104),
    (214, 200, 190),
)
_LAMP: Colour = (255, 214, 134)


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
            stage.light.on(mix((120, 128, 146), _PLASTER[chance.integers(6)], 0.4))
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
    lit = _NEON[chance.integers(5)] if neon and chance.random() < 0.6 else _LAMP  # most
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
            stage.light.on(_PLASTER[chance.integers(6)]), stage.light.haze, 0.55 * (1 - k / 7)
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
            lit = dark and chance.random() < 0.62  # most are at home
            glass: Colour = _LAMP if lit else mix((60, 74, 96), tone, 0.2)
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
                    radial(
                        (x, y), abs(x1 - x0) * 0.25, (_LAMP, _LAMP), alphas=(0.35, 0), glow=True
                    ),
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


def paint_isometric(stage: Stage) -> None:
    """Paint a city of blocks, seen from above at an angle; at night it glows."""
    chance = stage.chance("isometric")
    glowing = stage.night or stage.brief.stroke == "neon"
    sky: tuple[Colour, ...] = (
        ((14, 10, 36), (34, 16, 66), (58, 22, 84))
        if glowing
        else (lighter(stage.light.sky[1], 0.2), lighter(stage.light.sky[2], 0.3))
    )
    stage.pixels = np.broadcast_to(
        ramp(sky, stage.grid()[1] / stage.height), stage.pixels.shape
    ).copy()
    blocks = int(chance.integers(8, 11))
    cell = min(stage.width / (blocks * 1.55), stage.height / (blocks * 1.02))
    middle, top = stage.width / 2, stage.height * 0.5 - blocks * cell * 0.36

    def at(i: float, j: float, z: float) -> tuple[float, float]:
        return middle + (i - j) * cell * 0.74, top + (i + j) * cell * 0.42 - z

    with stage.canvas() as canvas:
        base: Colour = (24, 22, 46) if glowing else stage.light.on((168, 172, 172))
        canvas.polygon(
            (
                at(-1, -1, 0),
                at(blocks + 1, -1, 0),
                at(blocks + 1, blocks + 1, 0),
                at(-1, blocks + 1, 0),
            ),
            flat(base),
        )
        for side in (
            (at(-1, blocks + 1, 0), at(blocks + 1, blocks + 1, 0)),
            (at(blocks + 1, -1, 0), at(blocks + 1, blocks + 1, 0)),
        ):
            canvas.polygon(
                (*side, *[(x, y + cell * 0.4) for x, y in side[::-1]]), flat(darker(base, 0.45))
            )
        _roads(canvas, at, blocks, cell, glowing=glowing)
        for i in range(blocks):
            for j in range(blocks):
                if i % 3 == 2 or (j % 3 == 2 and chance.random() < 0.5):  # every third is a road
                    continue
                _block(stage, canvas, chance, at, (i, j), cell, glowing=glowing)
    stage.ground = stage.height * 0.95


def _roads(canvas: Canvas, at: Projection, blocks: int, cell: float, *, glowing: bool) -> None:
    for k in range(2, blocks + 1, 3):
        tone = _NEON[k % 5] if glowing else (250, 248, 236)
        for ends in (
            (at(k + 0.5, -1, 0), at(k + 0.5, blocks + 1, 0)),
            (at(-1, k + 0.5, 0), at(blocks + 1, k + 0.5, 0)),
        ):
            if glowing:
                canvas.line(ends, flat(tone, 0.5, blur=cell * 0.12, glow=True), cell * 0.3)
            canvas.line(ends, flat(tone, 0.9), cell * 0.05)


def _block(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    at: Projection,
    place: tuple[int, int],
    cell: float,
    *,
    glowing: bool,
) -> None:
    i, j = place
    height = cell * chance.choice(
        (0.5, 0.8, 1.2, 1.8, 2.6, 3.6), p=(0.2, 0.24, 0.22, 0.18, 0.1, 0.06)
    )
    hue = _NEON[chance.integers(5)]
    body = (
        mix((36, 30, 70), hue, chance.uniform(0.03, 0.2))
        if glowing
        else stage.light.on(mix((232, 224, 212), _PLASTER[chance.integers(6)], 0.6))
    )
    m, n = i + 0.12, i + 0.88
    p, q = j + 0.12, j + 0.88
    canvas.polygon(
        (at(m, q, 0), at(n, q, 0), at(n, q, height), at(m, q, height)),
        linear(at(m, q, height), at(m, q, 0), (darker(body, 0.12), darker(body, 0.3))),
    )
    canvas.polygon(
        (at(n, p, 0), at(n, q, 0), at(n, q, height), at(n, p, height)),
        linear(at(n, q, height), at(n, q, 0), (darker(body, 0.36), darker(body, 0.56))),
    )
    roof = (at(m, p, height), at(n, p, height), at(n, q, height), at(m, q, height))
    canvas.polygon(roof, flat(lighter(body, 0.16)))
    if glowing and chance.random() < 0.75:  # most roofs glow
        canvas.line(roof, flat(hue, 0.7, blur=cell * 0.06, glow=True), cell * 0.1, closed=True)
        canvas.line(roof, flat(lighter(hue, 0.45)), cell * 0.025, closed=True)
    elif not glowing and chance.random() < 0.3:  # gardens
        x, y = at((m + n) / 2, (p + q) / 2, height)
        canvas.ellipse(x, y, cell * 0.3, cell * 0.17, flat(stage.light.on((110, 160, 84))))
    lamps: tuple[Colour, ...] = (_LAMP, mix(_LAMP, hue, 0.75))
    for floor in range(int(height / (cell * 0.22))):
        low = height * 0.06 + floor * cell * 0.22
        for k in range(4):
            s, t = 0.15 + k * 0.19, 0.27 + k * 0.19
            for face in (0, 1):
                if chance.random() > (0.5 if glowing else 0.95):
                    continue
                u, v = (
                    (m + (n - m) * s, m + (n - m) * t)
                    if face == 0
                    else (p + (q - p) * s, p + (q - p) * t)
                )
                pane = [
                    at(a, q, z) if face == 0 else at(n, a, z)
                    for a, z in ((u, low), (v, low), (v, low + cell * 0.12), (u, low + cell * 0.12))
                ]
                canvas.polygon(
                    pane,
                    flat(
                        lamps[chance.integers(2)]
                        if glowing
                        else darker(stage.light.on((150, 190, 214)), 0.25 * face)
                    ),
                )
