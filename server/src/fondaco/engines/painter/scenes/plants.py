"""Plants: trees of four kinds, grass, flowers and undergrowth, drawn as many small marks."""

import math
from collections.abc import Sequence

import numpy as np

from fondaco.engines.painter.brief import Brief
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, column, flat, linear
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix

_LEAVES: dict[str, tuple[Colour, ...]] = {
    "autumn": ((226, 150, 44), (206, 92, 36), (240, 196, 84), (176, 60, 40)),
    "spring": ((246, 190, 210), (240, 162, 192), (252, 220, 230), (160, 196, 100)),
    "winter": ((236, 242, 250), (214, 226, 242), (250, 252, 255), (190, 206, 226)),
    "summer": ((92, 146, 58), (128, 178, 70), (66, 118, 54), (176, 200, 98)),
}
_FLOWERS: dict[str, tuple[Colour, ...]] = {
    "poppies": ((214, 44, 34), (232, 72, 44), (190, 30, 34)),
    "lavender": ((142, 102, 196), (116, 80, 178), (170, 134, 214)),
    "sunflowers": ((248, 200, 40), (240, 176, 30), (252, 216, 80)),
    "tulips": ((226, 50, 70), (246, 190, 60), (240, 130, 170), (150, 70, 170)),
    "daisies": ((250, 250, 244), (244, 240, 226), (255, 255, 255)),
    "bluebells": ((90, 110, 220), (70, 86, 196), (130, 140, 235)),
    "roses": ((206, 36, 64), (236, 110, 140), (176, 20, 50)),
    "wildflowers": (
        (226, 64, 56),
        (246, 200, 70),
        (240, 150, 190),
        (140, 90, 190),
        (250, 248, 240),
    ),
    "wheat": ((226, 186, 92), (240, 206, 120), (206, 160, 70)),
}


def leaves(brief: Brief) -> tuple[Colour, ...]:
    """Return the colours of leaves in this season, or as the prompt has them."""
    if tint := brief.tint("leaves"):
        return (tint, darker(tint, 0.25), lighter(tint, 0.3), mix(tint, (120, 150, 60), 0.3))
    if brief.has("snow", "winter"):
        return _LEAVES["winter"]
    return next(
        (tones for season, tones in _LEAVES.items() if brief.has(season)), _LEAVES["summer"]
    )


def flowers(brief: Brief) -> tuple[Colour, ...]:
    """Return the colours of what grows in the field; empty where only grass does."""
    if tint := brief.tint("flora"):
        return (tint, darker(tint, 0.2), lighter(tint, 0.25))
    grown = [tones for name, tones in _FLOWERS.items() if brief.has(name)]
    if grown and brief.palette:
        return brief.palette
    return tuple(tone for tones in grown for tone in tones)


def broadleaf(
    canvas: Canvas,
    chance: np.random.Generator,
    root: tuple[float, float],
    height: float,
    tones: Sequence[Colour],
    light: Colour,
    *,
    bare: bool = False,
) -> None:
    """Draw a tree with a round crown, its trunk's foot at `root`."""
    x, y = root
    bark: Colour = mix((92, 68, 50), tones[1], 0.12)
    tips: list[tuple[float, float]] = []
    _branch(
        canvas,
        chance,
        (x, y),
        -math.pi / 2 + chance.normal(0, 0.05),
        height * 0.34,
        height * 0.055,
        bark,
        tips,
        4,
    )
    if bare:
        return
    size = height * 0.055
    marks = [
        (tx + chance.normal(0, height * 0.075), ty + chance.normal(0, height * 0.06))
        for tx, ty in tips
        for _ in range(22)
    ]
    marks.sort(key=lambda mark: mark[1], reverse=True)
    top = min(mark[1] for mark in marks)
    depth = max(1.0, max(mark[1] for mark in marks) - top)
    canvas.dots(
        (
            mx,
            my,
            size * chance.uniform(0.35, 0.8),
            _leaf(chance, tones, light, (my - top) / depth, (mx - x) / height),
            0.92,
        )
        for mx, my in marks
    )


def _leaf(
    chance: np.random.Generator, tones: Sequence[Colour], light: Colour, low: float, side: float
) -> Colour:
    tone = tones[int(chance.integers(len(tones)))]
    tone = darker(tone, float(np.clip(0.12 + 0.38 * low + 0.4 * side, 0, 0.6)))
    return mix(tone, light, float(np.clip(0.28 - low * 0.4, 0, 0.3)) * chance.random())


def _branch(
    canvas: Canvas,
    chance: np.random.Generator,
    start: tuple[float, float],
    turn: float,
    length: float,
    width: float,
    bark: Colour,
    tips: list[tuple[float, float]],
    left: int,
) -> None:
    x, y = start
    end = (x + math.cos(turn) * length, y + math.sin(turn) * length)
    bend = ((x + end[0]) / 2 + chance.normal(0, length * 0.06), (y + end[1]) / 2)
    canvas.line((start, bend, end), flat(darker(bark, 0.1 * (left % 2))), width)
    if left <= 2:  # leaves grow on thin twigs
        tips += [bend, end]
    if left == 0:
        return
    for spread in (-0.5, 0.08, 0.55) if left > 1 else (-0.4, 0.4):
        _branch(
            canvas,
            chance,
            end,
            turn + spread + chance.normal(0, 0.16),
            length * chance.uniform(0.62, 0.8),
            width * 0.62,
            bark,
            tips,
            left - 1,
        )


def conifer(
    canvas: Canvas,
    chance: np.random.Generator,
    root: tuple[float, float],
    height: float,
    tone: Colour,
    light: Colour,
    *,
    snow: bool = False,
) -> None:
    """Draw a fir, its foot at `root`."""
    x, y = root
    width = height * chance.uniform(0.17, 0.24)
    canvas.line(((x, y), (x, y - height * 0.4)), flat(darker((84, 62, 48), 0.3)), height * 0.035)
    tiers = 9
    for tier in range(tiers):
        up = tier / tiers
        low, half = y - height * (0.1 + 0.86 * up), width * (1 - up) ** 0.85 + height * 0.012
        tip = low - height * 0.2
        ragged = [
            (x + half * side, low + height * 0.02 * abs(side) + chance.normal(0, height * 0.008))
            for side in np.linspace(1, -1, 9)
        ]
        fill = linear(
            (x - half, 0), (x + half, 0), (mix(tone, light, 0.22), tone, darker(tone, 0.45))
        )
        canvas.polygon(((x, tip), *ragged), fill)
        if snow:
            drift = [
                (
                    x + half * side * 0.86,
                    low - height * 0.028 * (1 - abs(side)) + chance.normal(0, height * 0.006),
                )
                for side in np.linspace(1, -1, 7)
            ]
            canvas.polygon(
                ((x, tip), *drift),
                linear(
                    (x - half, 0),
                    (x + half, 0),
                    (
                        (250, 252, 255),
                        mix((214, 226, 244), light, 0.15),
                        darker((180, 196, 226), 0.2),
                    ),
                    alphas=(0.95, 0.9, 0.5),
                ),
            )


def trunk(
    canvas: Canvas,
    chance: np.random.Generator,
    foot: tuple[float, float],
    width: float,
    tone: Colour,
    light: Colour,
    *,
    birch: float = 0.0,
) -> None:
    """Draw a tall trunk up beyond the picture's top; `birch` is the contrast of its bark's marks."""
    x, y = foot
    lean = chance.normal(0, width * 1.2)
    left, right = [], []
    for share in np.linspace(0, 1, 7):
        half = width * (1 - 0.45 * share) * (1.25 if share == 0 else 1)
        middle, up = x + lean * share**1.4, y - (y + 20) * share
        left.append((middle - half, up))
        right.append((middle + half, up))
    canvas.polygon((*left, *right[::-1]), column(x - width, x + width, tone, light))
    marks = int(26 * birch)
    for _ in range(marks):
        share = chance.random()
        middle, up = x + lean * share**1.4, y - (y + 20) * share
        side = chance.choice((-0.75, 0.1))
        canvas.ellipse(
            middle + side * width * 0.6,
            up,
            width * chance.uniform(0.14, 0.5),
            max(0.6, width * chance.uniform(0.04, 0.14)),
            flat(mix((38, 34, 38), tone, 1 - birch)),
        )


def blades(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    top: float,
    count: int,
    tones: Sequence[Colour],
    *,
    height: float = 0.03,
) -> None:
    """Draw blades of grass from a row down to the viewer's feet, the near ones larger."""
    near = np.sort(chance.random(count) ** 0.75)
    xs, ys = chance.uniform(0, stage.width, count), top + (stage.height * 1.03 - top) * near
    long, lean = (
        stage.unit * height * (0.15 + near) * chance.uniform(0.6, 1.5, count),
        chance.normal(0, 0.3, count),
    )
    pick, shade = chance.integers(0, len(tones), count), chance.uniform(0, 0.4, count)
    canvas.dashes(
        (
            x,
            y,
            x + size * slant,
            y - size,
            stage.unit * (0.0008 + 0.0028 * depth),
            darker(tones[k], dark),
            0.85,
        )
        for x, y, size, slant, depth, k, dark in zip(
            xs, ys, long, lean, near, pick, shade, strict=True
        )
    )


def blossoms(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    top: float,
    count: int,
    tones: Sequence[Colour],
    *,
    rows: bool = False,
) -> None:
    """Draw blossoms from a row down to the viewer's feet; `rows` run towards the horizon."""
    near = np.sort(chance.random(count) ** 0.62)
    xs = chance.uniform(-0.1, 1.1, count)
    ys = top + (stage.height * 1.02 - top) * near
    if rows:
        lane = np.round((xs - 0.5) * 26) / 26 + chance.normal(0, 0.006, count)
        xs = 0.5 + lane * (0.42 + 2.6 * near) + (0.1 if stage.mirrored else -0.1) * (1 - near)
    sizes = stage.unit * (0.0014 + 0.0098 * near**1.3) * chance.uniform(0.6, 1.25, count)
    pick, shade = chance.integers(0, len(tones), count), chance.uniform(-0.35, 0.3, count)
    canvas.dots(
        (
            x * stage.width,
            y,
            size,
            darker(tones[k], dark) if dark > 0 else lighter(tones[k], -dark),
            0.95,
        )
        for x, y, size, k, dark in zip(xs, ys, sizes, pick, shade, strict=True)
    )


def firs(
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
        conifer(
            canvas,
            chance,
            (stage.side(x), foot),
            height,
            tone,
            stage.light.colour,
            snow=stage.brief.has("snow", "winter"),
        )


def far_trees(stage: Stage, chance: np.random.Generator) -> None:
    """Draw small trees along the horizon."""
    if {"trees", "tree"} & stage.brief.without:
        return
    tones = [mix(stage.light.on(tone), stage.light.haze, 0.3) for tone in leaves(stage.brief)]
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
