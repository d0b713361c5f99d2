"""Buildings, trees and craft that are drawn in code: lighthouse, windmill, tree, hot air balloon, unicorn."""

import itertools
import math

import numpy as np

from fondaco.engines.painter.surface.canvas import Canvas, column, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix

_LIGHT: Colour = (255, 246, 226)
_GORES: tuple[tuple[Colour, ...], ...] = (
    ((214, 58, 50), (246, 196, 70), (240, 236, 222)),
    ((44, 104, 176), (246, 236, 214), (232, 120, 60)),
    ((120, 70, 160), (240, 150, 180), (250, 220, 110)),
    ((34, 140, 130), (248, 206, 88), (226, 84, 70)),
)


def draw_lighthouse(
    canvas: Canvas, chance: np.random.Generator, size: float, colour: Colour | None
) -> None:
    """Draw a banded lighthouse on a rock; its lamp is at (0.5, 0.16) of the box."""
    x, base, top = size / 2, size * 0.86, size * 0.24
    _rock(canvas, chance, size)
    low, high = size * 0.088, size * 0.056
    paint = colour or ((184, 44, 42), (44, 70, 120), (40, 40, 46))[chance.integers(3)]
    bands = int(chance.choice((5, 6, 7)))

    def half(share: float) -> float:
        return low + (high - low) * float(share**0.8)

    for k in range(bands):
        a, b = k / bands, (k + 1) / bands
        tone: Colour = paint if k % 2 == 0 else (240, 236, 226)
        ya, yb = base + (top - base) * a, base + (top - base) * b
        canvas.polygon(
            ((x - half(a), ya), (x + half(a), ya), (x + half(b), yb), (x - half(b), yb)),
            column(x - low, x + low, tone, _LIGHT),
        )
    for share in (0.2, 0.5, 0.76):
        y = base + (top - base) * share
        canvas.rectangle(
            x - size * 0.012, y - size * 0.018, size * 0.024, size * 0.036, flat((40, 44, 60))
        )
    canvas.rectangle(x - high * 1.5, top - size * 0.01, high * 3, size * 0.02, flat((52, 50, 56)))
    canvas.rectangle(
        x - high * 0.8,
        top - size * 0.1,
        high * 1.6,
        size * 0.09,
        linear((x - high, 0), (x + high, 0), ((255, 250, 214), (250, 222, 140))),
    )
    for side in (-0.8, -0.27, 0.27, 0.8):
        canvas.line(
            ((x + high * side, top - size * 0.1), (x + high * side, top)),
            flat((50, 46, 52)),
            size * 0.006,
        )
    canvas.polygon(
        (
            (x - high * 1.1, top - size * 0.1),
            (x, top - size * 0.17),
            (x + high * 1.1, top - size * 0.1),
        ),
        column(x - high, x + high, darker(paint, 0.15), _LIGHT),
    )
    canvas.line(((x, top - size * 0.17), (x, top - size * 0.2)), flat((60, 56, 60)), size * 0.006)
    wall: Colour = (236, 230, 216)
    canvas.rectangle(
        x + low * 1.1,
        base - size * 0.085,
        size * 0.14,
        size * 0.09,
        column(x, x + size * 0.2, wall, _LIGHT),
    )
    canvas.polygon(
        (
            (x + low * 0.95, base - size * 0.085),
            (x + low * 1.1 + size * 0.07, base - size * 0.14),
            (x + low * 1.1 + size * 0.155, base - size * 0.085),
        ),
        flat(darker(paint, 0.2)),
    )


def _rock(canvas: Canvas, chance: np.random.Generator, size: float) -> None:
    tones: tuple[Colour, ...] = ((92, 84, 84), (70, 64, 68), (112, 102, 98))
    crest = [
        (
            size * (0.5 + 0.49 * k),
            size * (0.985 - 0.15 * (1 - abs(k)) ** 0.7 + chance.normal(0, 0.006)),
        )
        for k in np.linspace(-1, 1, 17)
    ]
    canvas.polygon(
        (*crest, (size * 0.99, size), (size * 0.01, size)),
        linear((0, size * 0.8), (size * 0.9, size), (tones[2], tones[1])),
    )
    for _ in range(46):
        k = chance.uniform(-0.85, 0.85)
        x, room = size * (0.5 + 0.49 * k), size * 0.13 * (1 - abs(k)) ** 0.7
        y, wide = size * 0.985 - room * chance.random(), size * chance.uniform(0.02, 0.07)
        canvas.polygon(
            (
                (x, y - wide * 0.4),
                (x + wide, y),
                (x + wide * 0.4, min(size, y + wide * 0.5)),
                (x - wide * 0.6, y + wide * 0.2),
            ),
            flat(darker(tones[chance.integers(3)], chance.uniform(0, 0.4)), 0.8),
        )


def draw_windmill(
    canvas: Canvas, chance: np.random.Generator, size: float, colour: Colour | None
) -> None:
    """Draw a windmill with four sails."""
    x, wall = size / 2, colour or (226, 214, 190)
    canvas.polygon(
        (
            (x - size * 0.14, size),
            (x + size * 0.14, size),
            (x + size * 0.085, size * 0.4),
            (x - size * 0.085, size * 0.4),
        ),
        column(x - size * 0.13, x + size * 0.13, wall, _LIGHT),
    )
    canvas.blob(
        [
            (x - size * 0.1, size * 0.41),
            (x - size * 0.07, size * 0.31),
            (x, size * 0.27),
            (x + size * 0.07, size * 0.31),
            (x + size * 0.1, size * 0.41),
            (x, size * 0.43),
        ],
        column(x - size * 0.1, x + size * 0.1, (124, 74, 56), _LIGHT),
    )
    canvas.rectangle(x - size * 0.035, size * 0.86, size * 0.07, size * 0.14, flat((92, 64, 48)))
    for y in (0.52, 0.68):
        canvas.rectangle(
            x - size * 0.022, size * y, size * 0.044, size * 0.06, flat((84, 104, 124))
        )
    turn = chance.uniform(10, 80)
    for k in range(4):
        with canvas.turned(x, size * 0.36, turn + 90 * k):
            canvas.line(((0, 0), (0, -size * 0.35)), flat((96, 72, 54)), size * 0.012)
            canvas.polygon(
                (
                    (size * 0.008, -size * 0.07),
                    (size * 0.075, -size * 0.07),
                    (size * 0.075, -size * 0.34),
                    (size * 0.008, -size * 0.34),
                ),
                flat((244, 236, 216), 0.88),
            )
            for y in np.linspace(0.07, 0.34, 8):
                canvas.line(
                    ((size * 0.008, -size * y), (size * 0.075, -size * y)),
                    flat((110, 84, 62)),
                    size * 0.005,
                )
    canvas.circle(x, size * 0.36, size * 0.02, flat((70, 52, 44)))


def draw_hot_air_balloon(
    canvas: Canvas, chance: np.random.Generator, size: float, colour: Colour | None
) -> None:
    """Draw a hot air balloon of coloured gores, with its basket."""
    x, y, r = size / 2, size * 0.36, size * 0.34
    tones = (
        _GORES[chance.integers(len(_GORES))]
        if colour is None
        else (colour, lighter(colour, 0.55), darker(colour, 0.25))
    )

    def edge(share: float, t: float) -> tuple[float, float]:
        """Return a point of the envelope: `share` -1 to 1 across, `t` 0 at its top to 1 at its mouth."""
        up = math.cos(t * math.pi * 0.86)
        wide = (
            math.sin(min(1.0, t * 1.25) * math.pi / 2)
            if t < 0.5
            else math.sin(math.pi / 2 * (1 - ((t - 0.5) / 0.5) ** 1.9 * 0.82))
        )
        return x + r * wide * share, y - r * up * 1.02 + (r * 0.06 if t > 0.5 else 0)

    cuts = [math.sin(k / 9 * math.pi / 2) for k in range(-9, 10, 2)]
    for k, (a, b) in enumerate(itertools.pairwise(cuts)):
        left = [edge(a, t) for t in np.linspace(0, 1, 22)]
        right = [edge(b, t) for t in np.linspace(1, 0, 22)]
        canvas.polygon((*left, *right), flat(tones[k % len(tones)]))
    shape = [edge(-1, t) for t in np.linspace(0, 1, 22)] + [
        edge(1, t) for t in np.linspace(1, 0, 22)
    ]
    canvas.polygon(
        shape,
        radial(
            (x - r * 0.4, y - r * 0.45),
            r * 1.75,
            ((255, 252, 236), (255, 250, 230), (30, 16, 40)),
            alphas=(0.5, 0.04, 0.6),
            at=(0, 0.45, 1),
        ),
    )
    mouth = edge(1, 1)[1]
    wide, top = size * 0.055, size * 0.84
    for side in (-1, -0.35, 0.35, 1):
        canvas.line(
            ((x + r * 0.17 * side, mouth), (x + wide * side, top)), flat((90, 70, 56)), size * 0.005
        )
    canvas.circle(
        x,
        mouth + size * 0.02,
        size * 0.03,
        radial(
            (x, mouth + size * 0.02), size * 0.03, ((255, 226, 130), (255, 140, 50)), alphas=(1, 0)
        ),
    )
    canvas.rectangle(
        x - wide, top, wide * 2, size * 0.1, column(x - wide, x + wide, (160, 110, 66), _LIGHT)
    )
    for k in range(4):
        canvas.line(
            (
                (x - wide, top + size * 0.02 + size * 0.024 * k),
                (x + wide, top + size * 0.02 + size * 0.024 * k),
            ),
            flat((104, 70, 44), 0.7),
            size * 0.005,
        )


def add_horn(canvas: Canvas, size: float) -> None:
    """Make a unicorn of the horse in the box: a horn on its forehead."""
    root, tip = (size * 0.135, size * 0.2), (size * 0.04, size * 0.0)
    canvas.polygon(
        ((root[0] - size * 0.018, root[1]), tip, (root[0] + size * 0.024, root[1] - size * 0.012)),
        linear(root, tip, ((226, 176, 80), (255, 240, 190))),
    )


def mane() -> Colour:
    """Return the colour of a unicorn's coat."""
    return mix((255, 255, 255), (236, 214, 240), 0.25)
