"""A city seen from above in isometric view."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from fondaco.engines.painter.scenes.town import LAMP, NEON, PLASTER
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix, ramp

Projection: TypeAlias = Callable[[float, float, float], tuple[float, float]]
"""From two directions on the ground and a height to a point of the picture."""


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
        tone = NEON[k % 5] if glowing else (250, 248, 236)
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
    hue = NEON[chance.integers(5)]
    body = (
        mix((36, 30, 70), hue, chance.uniform(0.03, 0.2))
        if glowing
        else stage.light.on(mix((232, 224, 212), PLASTER[chance.integers(6)], 0.6))
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
    lamps: tuple[Colour, ...] = (LAMP, mix(LAMP, hue, 0.75))
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
