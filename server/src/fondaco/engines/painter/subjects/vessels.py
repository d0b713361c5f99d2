"""Bowls, baskets, plates and vases, with their contents."""

import math

import numpy as np

from fondaco.engines.painter.subjects.sprite import draw_noto
from fondaco.engines.painter.surface.canvas import Canvas, ball, column, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter

_ROUND: dict[str, Colour] = {
    "tangerine": (242, 136, 26), "red-apple": (200, 40, 38), "lemon": (246, 216, 66), "lime": (134, 184, 62),
    "peach": (250, 172, 122), "tomato": (212, 48, 34), "cherries": (172, 18, 42), "olive": (110, 120, 50),
    "blueberries": (70, 84, 160), "green-apple": (140, 186, 70), "egg": (236, 214, 186), "melon": (170, 190, 110),
}  # fmt: skip
"""Fruit that is a ball, and its colour."""
_GLAZES: tuple[Colour, ...] = (
    (66, 104, 150),
    (228, 222, 208),
    (70, 128, 116),
    (176, 92, 70),
    (60, 62, 78),
)
_BLOOMS: tuple[Colour, ...] = (
    (226, 72, 90),
    (248, 200, 80),
    (240, 150, 186),
    (150, 100, 190),
    (250, 246, 236),
)
_LIGHT: Colour = (255, 250, 226)


def draw_vessel(
    canvas: Canvas,
    chance: np.random.Generator,
    kind: str,
    contents: tuple[str, ...],
    size: float,
    colour: Colour | None,
    tint: Colour | None,
) -> None:
    """Draw a vessel with its contents into a box `size` wide and high.

    Args:
        canvas: to draw on.
        chance: of the arrangement.
        kind: "bowl", "basket", "plate" or "vase".
        contents: names of drawings, which take turns.
        size: of the box.
        colour: that the contents are to have.
        tint: that the vessel is to have.
    """
    glaze = tint or ((176, 124, 72) if kind == "basket" else _GLAZES[chance.integers(5)])
    if kind == "vase":
        _vase(canvas, chance, size, glaze, colour)
        return
    shallow = kind == "plate"
    x, rim, half = size * 0.5, size * (0.8 if shallow else 0.6), size * 0.4
    canvas.ellipse(x, rim, half, half * (0.2 if shallow else 0.22), flat(darker(glaze, 0.35)))
    rows = ((4, 0.0), (3, -0.22)) if shallow else ((5, 0.06), (4, -0.17), (3, -0.4), (1, -0.58))
    names = contents or ("red-apple", "tangerine", "pear", "grapes", "lemon")
    for count, lift in rows:
        for k in range(count):
            radius = half * 0.27 * chance.uniform(0.92, 1.06)
            at = (
                x + (k - (count - 1) / 2) * half * 0.42 + chance.normal(0, half * 0.015),
                rim + half * lift + chance.normal(0, half * 0.02),
            )
            draw_piece(canvas, chance, names[int(chance.integers(len(names)))], at, radius, colour)
    if shallow:
        canvas.blob(
            [
                (x - half, rim + half * 0.06),
                (x - half * 0.5, rim + half * 0.24),
                (x, rim + half * 0.29),
                (x + half * 0.5, rim + half * 0.24),
                (x + half, rim + half * 0.06),
                (x + half * 0.5, rim + half * 0.16),
                (x, rim + half * 0.2),
                (x - half * 0.5, rim + half * 0.16),
            ],
            column(x - half, x + half, glaze, _LIGHT),
        )
    else:
        _bowl(canvas, x, rim, half, glaze, woven=kind == "basket")


def draw_piece(
    canvas: Canvas,
    chance: np.random.Generator,
    name: str,
    at: tuple[float, float],
    radius: float,
    colour: Colour | None = None,
) -> None:
    """Draw one fruit, round ones as balls."""
    x, y = at
    tone = colour or _ROUND.get(name)
    if tone is None:
        with canvas.turned(x, y, chance.normal(0, 14)):
            draw_noto(canvas, name, (-radius * 1.2, -radius * 1.2, radius * 2.4, radius * 2.4))
        return
    tone = (
        tone[0] + chance.normal(0, 7),
        tone[1] + chance.normal(0, 7),
        tone[2] + chance.normal(0, 4),
    )
    canvas.circle(x, y, radius, ball(at, radius, tone, _LIGHT))
    canvas.dots(
        (
            x + radius * 0.85 * math.cos(t) * d,
            y + radius * 0.85 * math.sin(t) * d,
            radius * 0.018,
            darker(tone, 0.4),
            0.35,
        )
        for t, d in zip(chance.uniform(0, 6.3, 26), chance.random(26) ** 0.5, strict=True)
    )
    canvas.ellipse(
        x - radius * 0.36,
        y - radius * 0.5,
        radius * 0.2,
        radius * 0.12,
        flat((255, 255, 250), 0.55, blur=radius * 0.06),
    )
    with canvas.turned(x + radius * 0.1, y - radius * 0.82, chance.uniform(-35, 20)):
        canvas.line(((0, 0), (0, -radius * 0.22)), flat((92, 66, 40)), radius * 0.07)
        if chance.random() < 0.6:  # most have kept a leaf
            canvas.ellipse(
                radius * 0.3, -radius * 0.1, radius * 0.3, radius * 0.12, flat((86, 132, 58))
            )


def _bowl(canvas: Canvas, x: float, rim: float, half: float, glaze: Colour, *, woven: bool) -> None:
    def at(share: float, depth: float) -> tuple[float, float]:
        """Return a point of the outside: `share` -1 to 1 across, `depth` 0 at the rim, 1 at the foot."""
        wide = half * (1 - (0.16 if woven else 0.5) * depth ** (1.0 if woven else 2.4))
        return x + wide * share, rim + half * (
            0.22 * math.sqrt(max(0.0, 1 - share * share)) + 0.66 * depth
        )

    shares = np.linspace(-1, 1, 25)
    outline = (
        [at(k, 0) for k in shares]
        + [at(1, d) for d in np.linspace(0.1, 1, 7)]
        + [at(k, 1) for k in shares[::-1]]
        + [at(-1, d) for d in np.linspace(1, 0.1, 7)]
    )
    canvas.polygon(
        outline,
        linear(
            (x - half, rim),
            (x + half, rim + half * 0.5),
            (lighter(glaze, 0.5), glaze, darker(glaze, 0.65)),
            at=(0, 0.4, 1),
        ),
    )
    if woven:
        for row in range(6):
            for k in range(15):
                a, b = -1 + k * 2 / 15, -1 + (k + 0.94) * 2 / 15
                lift = 0.05 if (k + row) % 2 else 0.0
                canvas.line(
                    (
                        at(a, (row + 0.3) / 6 + lift),
                        at((a + b) / 2, (row + 0.42) / 6 + lift),
                        at(b, (row + 0.3) / 6 + lift),
                    ),
                    flat(lighter(glaze, 0.25) if (k + row) % 2 else darker(glaze, 0.3), 0.85),
                    half * 0.05,
                )
    canvas.line(
        [at(k, 0.0) for k in shares],
        flat(lighter(glaze, 0.55), 0.8),
        half * (0.06 if woven else 0.025),
    )


def _vase(
    canvas: Canvas, chance: np.random.Generator, size: float, glaze: Colour, colour: Colour | None
) -> None:
    x, neck = size * 0.5, size * 0.62
    tones = _BLOOMS if colour is None else (colour, lighter(colour, 0.3), darker(colour, 0.2))
    heads = sorted(
        ((x + size * chance.normal(0, 0.15), size * chance.uniform(0.08, 0.5)) for _ in range(17)),
        key=lambda head: head[1],
    )
    for hx, hy in heads:
        canvas.line(
            ((x + (hx - x) * 0.12, neck), (x + (hx - x) * 0.5, (neck + hy) / 2), (hx, hy)),
            flat((76, 118, 62)),
            size * 0.009,
        )
    for _ in range(26):
        with canvas.turned(
            x + size * chance.normal(0, 0.13),
            neck - size * chance.uniform(0.02, 0.4),
            chance.uniform(0, 360),
        ):
            canvas.ellipse(
                0, 0, size * 0.05, size * 0.018, flat(darker((92, 142, 70), chance.uniform(0, 0.4)))
            )
    for hx, hy in heads:
        tone, radius = tones[chance.integers(len(tones))], size * chance.uniform(0.04, 0.068)
        for k in range(7):
            turn = k / 7 * math.tau + chance.normal(0, 0.1)
            px, py = hx + radius * 0.62 * math.cos(turn), hy + radius * 0.62 * math.sin(turn)
            canvas.circle(
                px,
                py,
                radius * 0.5,
                radial((hx, hy), radius * 1.2, (darker(tone, 0.3), tone, lighter(tone, 0.3))),
            )
        canvas.circle(
            hx,
            hy,
            radius * 0.32,
            flat((246, 206, 96) if tone[2] > 100 or tone[1] < 100 else (120, 74, 40)),
        )
    side = [(0.06, 0.0), (0.055, 0.05), (0.13, 0.16), (0.15, 0.24), (0.11, 0.34), (0.08, 0.37)]
    outline = [(x + size * w, neck + size * d) for w, d in side] + [
        (x - size * w, neck + size * d) for w, d in side[::-1]
    ]
    canvas.blob(outline, column(x - size * 0.15, x + size * 0.15, glaze, _LIGHT))
    canvas.ellipse(x, neck, size * 0.058, size * 0.014, flat(darker(glaze, 0.55)))
