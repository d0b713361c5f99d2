"""Space: nebulae, stars and planets."""

import math

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix, ramp, screened
from fondaco.engines.painter.surface.noise import fractal

_GASES: tuple[tuple[Colour, Colour], ...] = (
    ((150, 60, 190), (60, 130, 230)),
    ((220, 80, 110), (250, 170, 90)),
    ((40, 160, 180), (120, 90, 220)),
    ((60, 110, 230), (190, 110, 220)),
)
_PLANETS: tuple[Colour, ...] = ((214, 150, 104), (110, 160, 200), (180, 110, 130), (206, 190, 150))


def paint_space(stage: Stage) -> None:
    """Paint a nebula with stars, and a planet at the side."""
    chance, palette = stage.chance("space"), stage.brief.palette
    gases = (palette[0], palette[-1]) if palette else _GASES[chance.integers(4)]
    stage.pixels = np.broadcast_to(
        ramp(((6, 7, 22), (16, 12, 40), (8, 10, 28)), stage.grid()[1] / stage.height),
        stage.pixels.shape,
    ).copy()
    warp = fractal(chance, stage.width, stage.height, cells=2.4, octaves=4)
    for gas, cells in zip(gases, (2.2, 3.4), strict=True):
        cloud = fractal(chance, stage.width, stage.height, cells=cells, octaves=7)
        cloud = np.clip((cloud + 0.5 * (warp - 0.5) - 0.46) * 3.4, 0, 1) ** 1.6
        stage.pixels = screened(
            stage.pixels, cloud[..., None] * np.array(lighter(gas, 0.1), np.float32)
        )
    dust = np.clip(
        (fractal(chance, stage.width, stage.height, cells=4, octaves=6) - 0.52) * 4, 0, 1
    )
    stage.pixels *= (1 - 0.72 * dust)[..., None]
    with stage.canvas() as canvas:
        _stars(stage, canvas, chance)
        if not {"planet", "planets"} & stage.brief.without and chance.random() < 0.8:  # most
            _planet(stage, canvas, chance)
    stage.ground = stage.height * 0.78


def _stars(stage: Stage, canvas: Canvas, chance: np.random.Generator) -> None:
    tones: tuple[Colour, ...] = ((255, 255, 255), (200, 214, 255), (255, 226, 190))
    canvas.dots(
        (
            chance.uniform(0, stage.width),
            chance.uniform(0, stage.height),
            stage.unit / 768 * (0.4 + chance.exponential(0.55)),
            tones[chance.integers(3)],
            chance.uniform(0.3, 1),
        )
        for _ in range(950)
    )
    for _ in range(9):
        x, y, size = (
            chance.uniform(0, stage.width),
            chance.uniform(0, stage.height),
            stage.unit * chance.uniform(0.008, 0.02),
        )
        canvas.circle(
            x,
            y,
            size,
            radial((x, y), size, ((255, 255, 255), (150, 180, 255)), alphas=(0.9, 0), glow=True),
        )
        for across, down in ((size * 1.6, 0.0), (0.0, size * 1.6)):
            canvas.line(
                ((x - across, y - down), (x + across, y + down)),
                flat((230, 238, 255), 0.7),
                stage.unit * 0.0012,
            )


def _planet(stage: Stage, canvas: Canvas, chance: np.random.Generator) -> None:
    radius = stage.unit * chance.uniform(0.1, 0.34)
    x, y = stage.side(chance.choice((0.12, 0.84))), stage.height * chance.uniform(0.1, 0.36)
    tone = _PLANETS[chance.integers(4)]
    canvas.circle(
        x,
        y,
        radius * 1.14,
        radial(
            (x, y),
            radius * 1.14,
            (tone, lighter(tone, 0.3), lighter(tone, 0.3)),
            alphas=(0, 0.35, 0),
            at=(0, 0.88, 1),
            glow=True,
        ),
    )
    canvas.circle(x, y, radius, flat(tone))
    for _ in range(15):  # bands of clouds, curved like the sphere
        at = chance.uniform(-0.92, 0.92)
        half = radius * math.sqrt(1 - at * at)
        bend = [
            (x + half * k, y + radius * at + radius * 0.05 * math.cos(k * math.pi / 2))
            for k in np.linspace(-1, 1, 15)
        ]
        canvas.line(
            bend,
            flat(mix(tone, (250, 236, 214) if chance.random() < 0.5 else (60, 40, 60), 0.4), 0.45),
            radius * chance.uniform(0.02, 0.12),
        )
    canvas.circle(
        x,
        y,
        radius * 1.03,
        radial(
            (x - radius * 0.42, y - radius * 0.42),
            radius * 1.75,
            (lighter(tone, 0.5), tone, (4, 4, 14), (4, 4, 14)),
            alphas=(0.35, 0.05, 0.82, 0.97),
            at=(0, 0.4, 0.82, 1),
        ),
    )
    if chance.random() < 0.45:  # some have rings
        for k in range(7):
            wide = radius * (1.35 + 0.11 * k)
            front = [
                (x + wide * math.cos(t), y + wide * 0.24 * math.sin(t) - wide * 0.22 * math.cos(t))
                for t in np.linspace(0.05, math.pi - 0.05, 40)
            ]
            canvas.line(
                front,
                linear((x - wide, 0), (x + wide, 0), (lighter(tone, 0.5), darker(tone, 0.6))),
                radius * 0.06,
            )


def moonscape(stage: Stage) -> None:
    """Paint the ground of a moon, with craters, below the stars."""
    chance = stage.chance("moonscape")
    grey: Colour = (150, 150, 156)
    top = stage.height * 0.72
    with stage.canvas() as canvas:
        xs = np.linspace(0, stage.width, 40)
        canvas.polygon(
            (
                *zip(
                    xs,
                    top
                    - stage.unit * 0.05 * np.sin(xs / stage.width * 3)
                    + chance.normal(0, 3, 40),
                    strict=True,
                ),
                (stage.width, stage.height),
                (0, stage.height),
            ),
            linear((0, top), (0, stage.height), (lighter(grey, 0.2), darker(grey, 0.55))),
        )
        for _ in range(22):
            near = chance.random()
            x, y, size = (
                chance.uniform(0, stage.width),
                top + (stage.height - top) * near,
                stage.unit * (0.01 + 0.06 * near) * chance.uniform(0.5, 1.2),
            )
            canvas.ellipse(x, y, size, size * 0.3, flat(lighter(grey, 0.25)))
            canvas.ellipse(
                x + size * 0.05, y + size * 0.05, size * 0.92, size * 0.25, flat(darker(grey, 0.4))
            )
    stage.ground = stage.height * 0.9
