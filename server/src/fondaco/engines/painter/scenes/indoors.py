"""Indoors: a table before a wall, a plain backdrop, a room with a window."""

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, blend, darker, lighter, mix, ramp
from fondaco.engines.painter.surface.noise import fractal

_WALLS: tuple[Colour, ...] = (
    (104, 98, 90),
    (74, 90, 96),
    (120, 92, 78),
    (88, 78, 98),
    (112, 116, 96),
    (62, 72, 84),
)
_ROOMS: tuple[Colour, ...] = (
    (214, 196, 168),
    (166, 188, 182),
    (206, 170, 150),
    (180, 180, 204),
    (224, 208, 150),
)
_WOODS: tuple[Colour, ...] = ((150, 104, 66), (120, 80, 52), (176, 132, 88), (98, 68, 52))
_CLOTHS: tuple[Colour, ...] = ((226, 220, 206), (172, 70, 62), (74, 98, 140), (214, 186, 120))


def _wall(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> Colour:
    """Return the wall's colour: as the prompt has it, or one that lets the subjects stand out."""
    if tint := stage.brief.tint("wall"):
        return tint
    if stage.brief.palette:
        return mix(stage.brief.palette[0], (70, 66, 64), 0.35)
    return tones[chance.integers(len(tones))]


def _lamplight(stage: Stage) -> None:
    """Let light fall from one upper side and leave the other corner dark."""
    xs, ys = stage.grid()
    far = np.hypot(xs - stage.side(0.3), (ys - stage.height * 0.38)) / stage.unit
    fall = np.clip((1.0 if stage.night else 1.24) - 0.62 * far, 0.3, 1.3)
    stage.pixels = np.asarray(stage.pixels * fall[..., None], np.float32)
    warm = mix(stage.light.colour, (255, 214, 150), 0.7 if stage.night else 0.2)
    stage.pixels = blend(stage.pixels, warm, np.asarray(np.clip(0.3 - far * 0.3, 0, 1), np.float32))


def paint_table(stage: Stage) -> None:
    """Paint a table, bare or under a cloth, before a wall."""
    chance = stage.chance("table")
    wall = _wall(stage, chance, _WALLS)
    edge = int(stage.height * chance.uniform(0.54, 0.64))
    ys = stage.grid()[1]
    stage.pixels = np.broadcast_to(
        ramp((darker(wall, 0.5), wall, lighter(wall, 0.14)), ys / edge), stage.pixels.shape
    ).copy()
    stage.pixels += (
        fractal(chance, stage.width, stage.height, cells=5, octaves=5)[..., None] - 0.5
    ) * 34
    _top(stage, chance, edge)
    _lamplight(stage)
    if not stage.night and chance.random() < 0.45:  # some have a window
        _sunbeam(stage)
    stage.ground = edge + (stage.height - edge) * 0.62
    stage.horizon = edge


def _top(stage: Stage, chance: np.random.Generator, edge: int) -> None:
    tint = stage.brief.tint("table")
    cloth = tint is None and chance.random() < 0.35  # a third under a cloth
    tone = tint or (_CLOTHS[chance.integers(4)] if cloth else _WOODS[chance.integers(4)])
    rows = stage.height - edge
    if cloth:
        grain = fractal(chance, stage.width, rows, cells=5, octaves=4, stretch=0.7)
    else:
        grain = fractal(chance, stage.width, rows, cells=22, octaves=5, stretch=9)
    stage.pixels[edge:] = ramp(
        (darker(tone, 0.42), tone, lighter(tone, 0.2)), np.clip(grain * 1.3 - 0.15, 0, 1)
    )
    stage.pixels[edge : edge + max(1, int(stage.unit * 0.006))] *= 0.72
    if not cloth:
        boards = stage.grid()[1][edge:]
        for share in (0.2, 0.48, 0.8):
            line = np.exp(-(((boards - edge - rows * share) / (stage.unit * 0.0022)) ** 2))
            stage.pixels[edge:] *= (1 - 0.5 * line)[..., None]


def _sunbeam(stage: Stage) -> None:
    """Lay the light of a window with crossbars over wall and table."""
    xs, ys = stage.grid()
    u = (xs - stage.side(0.62)) / stage.unit + (ys / stage.unit - 0.3) * (
        0.35 if stage.mirrored else -0.35
    )
    v = ys / stage.unit - 0.08
    inside = (
        np.clip((0.2 - np.abs(u)) * 60, 0, 1)
        * np.clip(v * 40, 0, 1)
        * np.clip((0.46 - v) * 40, 0, 1)
    )
    bars = np.clip((np.abs(u) - 0.008) * 200, 0, 1) * np.clip(
        (np.abs(v - 0.22) - 0.008) * 200, 0, 1
    )
    stage.pixels = blend(
        stage.pixels,
        mix(stage.light.colour, (255, 236, 190), 0.5),
        np.asarray(inside * bars * 0.2, np.float32),
    )


def paint_studio(stage: Stage) -> None:
    """Paint a plain backdrop that runs into the ground, for one thing alone."""
    chance = stage.chance("studio")
    wall = mix(_wall(stage, chance, _WALLS), (206, 198, 186), 0.3 * chance.random())
    xs, ys = stage.grid()
    stage.pixels = np.broadcast_to(
        ramp(
            (darker(wall, 0.45), wall, lighter(wall, 0.1), lighter(wall, 0.18), darker(wall, 0.18)),
            ys / stage.height,
        ),
        stage.pixels.shape,
    ).copy()
    stage.pixels += (
        fractal(chance, stage.width, stage.height, cells=4, octaves=6)[..., None] - 0.5
    ) * 40
    halo = np.exp(
        -((np.hypot((xs - stage.width / 2), (ys - stage.height * 0.48)) / (stage.unit * 0.42)) ** 2)
    )
    stage.pixels = blend(stage.pixels, lighter(wall, 0.5), np.asarray(halo * 0.4, np.float32))
    _lamplight(stage)
    stage.ground = stage.height * 0.8


def paint_room(stage: Stage) -> None:
    """Paint a room: wall, floor of boards, a window, a rug and a picture."""
    chance = stage.chance("room")
    wall = _wall(stage, chance, _ROOMS)
    floor = int(stage.height * chance.uniform(0.64, 0.72))
    ys = stage.grid()[1]
    stage.pixels = np.broadcast_to(
        ramp((darker(wall, 0.12), wall), ys / floor), stage.pixels.shape
    ).copy()
    wood = _WOODS[chance.integers(4)]
    grain = fractal(chance, stage.width, stage.height - floor, cells=26, octaves=5, stretch=8)
    stage.pixels[floor:] = ramp((darker(wood, 0.4), wood, lighter(wood, 0.2)), grain)
    with stage.canvas() as canvas:
        _boards(stage, canvas, floor, wood)
        canvas.rectangle(
            0,
            floor - stage.height * 0.025,
            stage.width,
            stage.height * 0.025,
            flat(lighter(wall, 0.45)),
        )
        _window(stage, canvas, chance)
        _shelf(stage, canvas, chance, floor)
        rug = ((150, 60, 54), (60, 84, 120), (120, 100, 60))[chance.integers(3)]
        middle = stage.height * 0.88
        canvas.ellipse(
            stage.width / 2,
            middle,
            stage.width * 0.36,
            stage.height * 0.075,
            flat(darker(rug, 0.25)),
        )
        canvas.ellipse(
            stage.width / 2,
            middle,
            stage.width * 0.31,
            stage.height * 0.06,
            flat(lighter(rug, 0.2)),
        )
        canvas.ellipse(stage.width / 2, middle, stage.width * 0.27, stage.height * 0.05, flat(rug))
    stage.pixels += (
        fractal(chance, stage.width, stage.height, cells=6, octaves=5)[..., None] - 0.5
    ) * 18
    _lamplight(stage)
    stage.ground = stage.height * 0.9


def _boards(stage: Stage, canvas: Canvas, floor: int, wood: Colour) -> None:
    for share in np.linspace(-1.6, 1.6, 18):
        canvas.line(
            (
                (stage.width * (0.5 + share * 0.42), floor),
                (stage.width * (0.5 + share), stage.height),
            ),
            flat(darker(wood, 0.5), 0.6),
            stage.unit * 0.003,
        )


def _window(stage: Stage, canvas: Canvas, chance: np.random.Generator) -> None:
    x, y = stage.side(chance.uniform(0.24, 0.34)), stage.height * 0.14
    wide, high = stage.unit * 0.3, stage.unit * 0.38
    left, sky = x - wide / 2, stage.light.sky
    canvas.rectangle(
        left - wide * 0.06, y - wide * 0.06, wide * 1.12, high + wide * 0.12, flat((240, 236, 226))
    )
    canvas.rectangle(left, y, wide, high, linear((0, y), (0, y + high), sky))
    tree = stage.light.on((92, 128, 74))
    canvas.dots(
        (
            left + wide * chance.uniform(0.06, 0.94),
            y + high * chance.uniform(0.68, 0.96),
            wide * chance.uniform(0.02, 0.05),
            darker(tree, chance.uniform(0, 0.4)),
            0.9,
        )
        for _ in range(150)
    )
    if stage.night:
        canvas.circle(left + wide * 0.7, y + high * 0.25, wide * 0.08, flat((244, 242, 226)))
    for a, b in (
        ((left + wide / 2, y), (left + wide / 2, y + high)),
        ((left, y + high * 0.45), (left + wide, y + high * 0.45)),
    ):
        canvas.line((a, b), flat((240, 236, 226)), wide * 0.035)
    curtain = ((190, 92, 76), (96, 128, 150), (220, 190, 120))[chance.integers(3)]
    for side in (-1, 1):
        edge = x + side * wide * 0.62
        for k in range(5):
            canvas.polygon(
                (
                    (edge + side * wide * (0.05 * k - 0.12), y - wide * 0.1),
                    (edge + side * wide * (0.05 * k - 0.06), y - wide * 0.1),
                    (edge + side * wide * (0.055 * k - 0.04), y + high * 1.2),
                    (edge + side * wide * (0.055 * k - 0.12), y + high * 1.2),
                ),
                flat(darker(curtain, 0.18 * (k % 2))),
            )
    canvas.circle(
        x,
        y + high / 2,
        wide * 1.1,
        radial(
            (x, y + high / 2),
            wide * 1.1,
            (stage.light.colour, stage.light.colour),
            alphas=(0.3, 0),
            glow=True,
        ),
    )


def _shelf(stage: Stage, canvas: Canvas, chance: np.random.Generator, floor: int) -> None:
    """Draw shelves of books on the other side."""
    x, wide, high = stage.side(0.8), stage.unit * 0.34, floor - stage.height * 0.12
    left, top = x - wide / 2, stage.height * 0.12
    wood = _WOODS[chance.integers(4)]
    canvas.rectangle(left, top, wide, high, flat(darker(wood, 0.45)))
    tones: tuple[Colour, ...] = (
        (160, 60, 54),
        (60, 90, 120),
        (190, 150, 80),
        (80, 110, 80),
        (120, 80, 120),
        (220, 206, 180),
    )
    for row in range(5):
        base = top + high * (row + 0.92) / 5
        at = left + wide * 0.05
        while at < left + wide * 0.9:
            thick, tall = wide * chance.uniform(0.035, 0.08), high / 5 * chance.uniform(0.55, 0.8)
            tone = tones[chance.integers(6)]
            canvas.rectangle(
                at,
                base - tall,
                thick,
                tall,
                linear((at, 0), (at + thick, 0), (lighter(tone, 0.15), darker(tone, 0.3))),
            )
            at += thick * (1.05 if chance.random() < 0.85 else 2.5)  # gaps
        canvas.rectangle(left, base, wide, high * 0.018, flat(lighter(wood, 0.1)))
