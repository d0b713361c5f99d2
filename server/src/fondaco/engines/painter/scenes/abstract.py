"""Abstracts: compositions of forms in few colours; the picture for prompts that name nothing known."""

import math

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix, ramp
from fondaco.engines.painter.surface.noise import blurred, fractal

_PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((230, 74, 54), (24, 62, 92), (242, 186, 78), (72, 150, 150), (244, 236, 220)),
    ((38, 70, 83), (42, 157, 143), (233, 196, 106), (244, 162, 97), (231, 111, 81)),
    ((94, 60, 120), (220, 100, 140), (250, 180, 120), (60, 120, 170), (246, 232, 214)),
    ((20, 40, 60), (200, 60, 60), (240, 240, 230), (120, 150, 170), (220, 180, 90)),
    ((70, 110, 90), (190, 200, 120), (240, 226, 190), (200, 110, 70), (60, 60, 70)),
)


def paint_abstract(stage: Stage) -> None:
    """Paint one of four kinds of abstract, chosen by the seed."""
    chance, named = stage.chance("abstract"), stage.brief.palette
    tones = _PALETTES[chance.integers(len(_PALETTES))]
    if named:
        tones = (*named, *(mix(tone, (240, 232, 216), 0.45) for tone in named), (240, 232, 216))
    kinds = (_flow, _forms, _waves, _arcs)
    kind = _forms if "abstract" in stage.brief.also or named else kinds[chance.integers(4)]
    kind(stage, chance, tones)
    stage.ground = stage.height * 0.82


def _forms(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> None:
    """Paint circles, bars and triangles on a diagonal, large ones first."""
    paper: Colour = (240, 232, 216)
    stage.pixels = (
        np.broadcast_to(np.array(paper, np.float32), stage.pixels.shape)
        + (fractal(chance, stage.width, stage.height, cells=9, octaves=5)[..., None] - 0.5) * 16
    )
    slope = stage.chance("slope").uniform(25, 60) * (-1 if stage.mirrored else 1)
    with stage.canvas() as canvas:
        for k in range(22):
            size = stage.unit * 0.62 * 0.86**k * chance.uniform(0.8, 1.2)
            along, off = chance.normal(0, 0.26), chance.normal(0, 0.12 + 0.008 * k)
            turn = math.radians(slope)
            x = stage.width * (0.5 + along * math.cos(turn) - off * math.sin(turn))
            y = stage.height * (0.5 + along * math.sin(turn) + off * math.cos(turn))
            tone = tones[
                chance.integers(len(tones) - (1 if k < 6 else 0))
            ]  # large forms in full colour
            _form(canvas, chance, (x, y), size, tone, slope)
        for _ in range(5):
            x, y, long = (
                chance.uniform(0.1, 0.9) * stage.width,
                chance.uniform(0.1, 0.9) * stage.height,
                stage.unit * chance.uniform(0.3, 0.9),
            )
            with canvas.turned(x, y, slope + chance.choice((0, 90)) + chance.normal(0, 4)):
                canvas.line(
                    ((-long / 2, 0), (long / 2, 0)),
                    flat((28, 28, 34)),
                    stage.unit * chance.choice((0.002, 0.004, 0.008)),
                )


def _form(
    canvas: Canvas,
    chance: np.random.Generator,
    at: tuple[float, float],
    size: float,
    tone: Colour,
    slope: float,
) -> None:
    alpha = float(chance.choice((1.0, 0.85)))
    with canvas.turned(*at, slope + float(chance.choice((0, 90, 45))) + chance.normal(0, 3)):
        half = size / 2
        match int(chance.integers(5)):
            case 0 | 1:
                canvas.circle(
                    0,
                    0,
                    half,
                    linear(
                        (-half, -half),
                        (half, half),
                        (lighter(tone, 0.1), darker(tone, 0.14)),
                        alphas=(alpha, alpha),
                    ),
                )
            case 2:
                canvas.rectangle(-half, -half * 0.3, size, size * 0.3, flat(tone, alpha))
            case 3:
                canvas.polygon(
                    ((-half, half * 0.6), (half, half * 0.6), (0, -half * 0.8)), flat(tone, alpha)
                )
            case _:
                ring = [
                    (half * 0.8 * math.cos(t), half * 0.8 * math.sin(t))
                    for t in np.linspace(0, math.pi * chance.choice((1, 2)), 60)
                ]
                canvas.line(ring, flat(tone), size * 0.09)


def _flow(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> None:
    """Paint ribbons that follow an invisible current."""
    stage.pixels = np.broadcast_to(
        ramp((darker(tones[1], 0.35), darker(tones[3], 0.25)), stage.grid()[1] / stage.height),
        stage.pixels.shape,
    ).copy()
    field = fractal(chance, stage.width, stage.height, cells=1.8, octaves=2)
    with stage.canvas() as canvas:
        for k in range(420):
            x, y = (
                chance.uniform(-0.05, 1.05) * stage.width,
                chance.uniform(-0.05, 1.05) * stage.height,
            )
            points = [(x, y)]
            for _ in range(46):
                row, column = (
                    int(np.clip(y, 0, stage.height - 1)),
                    int(np.clip(x, 0, stage.width - 1)),
                )
                turn = float(field[row, column]) * math.tau * 1.6
                x, y = (
                    x + math.cos(turn) * stage.unit * 0.012,
                    y + math.sin(turn) * stage.unit * 0.012,
                )
                points.append((x, y))
            tone = tones[chance.integers(len(tones))]
            canvas.line(
                points,
                flat(mix(tone, (255, 250, 240), chance.uniform(0, 0.25)), 0.82),
                stage.unit * chance.uniform(0.004, 0.026) * (1.4 - k / 420),
            )


def _waves(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> None:
    """Paint fields of colour that fold into each other."""
    warp = fractal(chance, stage.width, stage.height, cells=1.6, octaves=3)
    fold = fractal(chance, stage.width, stage.height, cells=1.9, octaves=3) + 0.9 * warp
    at = (fold * 7 + stage.grid()[1] / stage.height * 1.5) % 1
    index = (fold * 7 + stage.grid()[1] / stage.height * 1.5).astype(int) % len(tones)
    table = np.array(tones, np.float32)
    stage.pixels = table[index] * (0.82 + 0.3 * at[..., None])
    stage.pixels = blurred(np.asarray(stage.pixels, np.float32), stage.unit * 0.001)


def _arcs(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> None:
    """Paint a grid of quarter circles."""
    cells = int(chance.choice((3, 4, 5)))
    size = stage.unit / cells
    stage.pixels[:] = tones[-1]
    with stage.canvas() as canvas:
        for row in range(int(stage.height / size) + 1):
            for column in range(int(stage.width / size) + 1):
                picks = chance.permutation(len(tones))[:4]
                canvas.rectangle(
                    column * size, row * size, size + 1, size + 1, flat(tones[picks[0]])
                )
                x, y = (column + chance.integers(2)) * size, (row + chance.integers(2)) * size
                for k, share in enumerate((1.0, 0.66, 0.33)):
                    arc = [
                        (x + size * share * math.cos(t), y + size * share * math.sin(t))
                        for t in np.linspace(0, math.tau, 64)
                    ]
                    box = (column * size, row * size, (column + 1) * size, (row + 1) * size)
                    clipped = [
                        (min(max(px, box[0]), box[2]), min(max(py, box[1]), box[3]))
                        for px, py in arc
                    ]
                    canvas.polygon(clipped, flat(tones[picks[(k + 1) % 4]]))
