"""Hats, helmets and other headwear."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from fondaco.engines.painter.surface.canvas import Canvas, ball, column, flat, linear
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix

Hat: TypeAlias = Callable[[Canvas, float, float, float, Colour, Colour], None]
"""Draws on a canvas, for a head by its x, y and radius, in a colour; the last is that of the skin."""

_LIGHT: Colour = (255, 246, 226)


def _wizard(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.polygon(
        (
            (x - r * 0.95, y - r * 0.35),
            (x + r * 0.95, y - r * 0.35),
            (x + r * 0.25, y - r * 2.7),
            (x + r * 0.7, y - r * 3.1),
        ),
        column(x - r, x + r, colour, _LIGHT),
    )
    canvas.ellipse(
        x,
        y - r * 0.35,
        r * 1.65,
        r * 0.34,
        column(x - r * 1.6, x + r * 1.6, colour, _LIGHT),
    )


def _crown(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    points = (
        [(x - r * 0.8, y - r * 0.5)]
        + [(x - r * 0.8 + r * 0.4 * k, y - r * (1.45 if k % 2 == 0 else 0.95)) for k in range(5)]
        + [(x + r * 0.8, y - r * 0.5)]
    )
    canvas.polygon(points, column(x - r, x + r, colour, _LIGHT))


def _visor(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.circle(x, y, r * 1.5, ball((x, y), r * 1.5, colour, (255, 255, 255)))
    canvas.ellipse(
        x - r * 0.2,
        y + r * 0.06,
        r * 1.08,
        r * 0.9,
        linear(
            (x - r, y - r),
            (x + r, y + r),
            ((255, 226, 150), (226, 150, 60), (96, 60, 60)),
        ),
    )
    canvas.ellipse(x - r * 0.62, y - r * 0.3, r * 0.28, r * 0.16, flat((255, 255, 250), 0.85))


def _helmet(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.circle(x, y, r * 1.18, ball((x, y), r * 1.18, colour, _LIGHT))
    canvas.rectangle(x - r * 1.02, y - r * 0.05, r * 1.7, r * 0.26, flat((30, 30, 40)))
    canvas.blob(
        [
            (x + r * 0.1, y - r * 1.1),
            (x + r * 0.5, y - r * 1.9),
            (x + r * 1.4, y - r * 1.5),
            (x + r * 1.3, y - r * 0.6),
            (x + r * 0.8, y - r * 0.9),
        ],
        flat((190, 44, 50)),
    )


def _samurai(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.ellipse(x, y - r * 0.45, r * 1.2, r * 0.95, ball((x, y), r * 1.3, colour, _LIGHT))
    canvas.polygon(
        (
            (x - r * 1.3, y - r * 0.2),
            (x + r * 1.3, y - r * 0.2),
            (x + r * 1.75, y + r * 0.55),
            (x + r * 1.0, y + r * 0.1),
            (x - r * 1.0, y + r * 0.1),
            (x - r * 1.75, y + r * 0.55),
        ),
        column(x - r * 1.7, x + r * 1.7, darker(colour, 0.2), _LIGHT),
    )
    for side in (-1, 1):
        canvas.line(
            [
                (x + side * r * 0.2, y - r * 0.9),
                (x + side * r * 0.9, y - r * 1.4),
                (x + side * r * 1.0, y - r * 2.0),
            ],
            flat((226, 186, 80)),
            r * 0.2,
        )


def _straw(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.ellipse(
        x,
        y - r * 0.42,
        r * 1.75,
        r * 0.36,
        column(x - r * 1.7, x + r * 1.7, colour, _LIGHT),
    )
    canvas.ellipse(x, y - r * 0.75, r * 0.9, r * 0.55, column(x - r, x + r, colour, _LIGHT))


def _cap(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.blob(
        [
            (x - r * 1.0, y - r * 0.3),
            (x - r * 0.85, y - r * 1.05),
            (x, y - r * 1.35),
            (x + r * 0.9, y - r * 1.0),
            (x + r * 1.02, y - r * 0.3),
        ],
        column(x - r, x + r, colour, _LIGHT),
    )
    canvas.ellipse(x - r * 0.1, y - r * 0.34, r * 1.05, r * 0.2, flat(lighter(colour, 0.55)))


def _toque(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.rectangle(
        x - r * 0.8, y - r * 1.2, r * 1.6, r * 0.8, column(x - r, x + r, colour, _LIGHT)
    )
    for k in (-0.6, 0.0, 0.6):
        canvas.circle(
            x + r * k,
            y - r * 1.35,
            r * 0.62,
            ball((x + r * k, y - r * 1.35), r * 0.62, colour, _LIGHT),
        )


def _tricorn(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.polygon(
        (
            (x - r * 1.6, y - r * 0.25),
            (x, y - r * 0.7),
            (x + r * 1.6, y - r * 0.25),
            (x + r * 0.8, y - r * 1.5),
            (x - r * 0.8, y - r * 1.5),
        ),
        column(x - r * 1.5, x + r * 1.5, colour, _LIGHT),
    )
    canvas.circle(x, y - r * 1.0, r * 0.22, flat((240, 240, 236)))


def _mask(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.circle(x, y, r * 1.05, ball((x, y), r * 1.05, mix(colour, (90, 96, 120), 0.2), _LIGHT))
    canvas.ellipse(x - r * 0.1, y - r * 0.02, r * 0.78, r * 0.24, flat(skin))
    for side in (-1, 1):
        canvas.circle(x - r * 0.1 + side * r * 0.34, y, r * 0.1, flat((30, 26, 30)))


def _halo(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    ring = [
        (x + r * 1.1 * math.cos(t), y - r * 1.5 + r * 0.26 * math.sin(t))
        for t in np.linspace(0, math.tau, 40)
    ]
    canvas.line(ring, flat(colour), r * 0.16)


def _robot(canvas: Canvas, x: float, y: float, r: float, colour: Colour, skin: Colour) -> None:
    canvas.rectangle(
        x - r * 1.15,
        y - r * 1.0,
        r * 2.3,
        r * 1.9,
        column(x - r, x + r, colour, _LIGHT),
    )
    canvas.line(((x, y - r), (x, y - r * 1.6)), flat(darker(colour, 0.4)), r * 0.12)
    canvas.circle(x, y - r * 1.7, r * 0.2, flat((230, 70, 60)))
    for side in (-1, 1):
        canvas.circle(
            x + side * r * 0.48,
            y - r * 0.1,
            r * 0.3,
            ball((x + side * r * 0.48, y - r * 0.1), r * 0.3, (90, 220, 240), _LIGHT),
        )
    canvas.rectangle(x - r * 0.5, y + r * 0.42, r, r * 0.16, flat((50, 60, 74)))


HATS: Mapping[str, Hat] = {
    "wizard": _wizard,
    "crown": _crown,
    "visor": _visor,
    "helmet": _helmet,
    "samurai": _samurai,
    "straw": _straw,
    "cap": _cap,
    "toque": _toque,
    "tricorn": _tricorn,
    "mask": _mask,
    "halo": _halo,
    "robot": _robot,
}
