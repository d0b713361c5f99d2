"""Weather in front of a scene: fog, rain, falling snow, and the frame of night."""

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.colour import mix
from fondaco.engines.painter.surface.noise import fractal

_INDOORS = frozenset(
    {"still_life", "studio", "room", "abstract", "space", "underwater", "isometric"}
)


def paint_weather(stage: Stage) -> None:
    """Paint what hangs in the air before everything else."""
    brief = stage.brief
    if brief.scene in _INDOORS:
        return
    if brief.has("fog"):
        _fog(stage)
    if brief.has("rain") or (brief.has("storm") and brief.scene != "desert"):
        _rain(stage)
    if brief.has("snowfall") or (
        brief.has("snow") and stage.chance("flakes").random() < 0.5
    ):  # one in two
        _snowfall(stage, 900 if brief.has("snowfall") else 260)


def _fog(stage: Stage) -> None:
    chance = stage.chance("fog")
    cloud = fractal(chance, stage.width, stage.height, cells=3, octaves=5, stretch=2.6)
    ys = stage.grid()[1]
    low = np.exp(-(((ys - stage.horizon) / (stage.height * 0.32)) ** 2))
    tone = mix(stage.light.haze, (236, 238, 242) if not stage.night else (70, 84, 116), 0.4)
    stage.veil(np.asarray(np.clip(0.08 + 0.62 * low * cloud * 1.2, 0, 0.66), np.float32), tone)


def _rain(stage: Stage) -> None:
    chance = stage.chance("rain")
    slant = float(chance.uniform(0.1, 0.32)) * (1 if stage.mirrored else -1)
    with stage.canvas() as canvas:
        canvas.dashes(
            (x, y, x + slant * long, y + long, stage.unit * 0.0013, (226, 234, 242), alpha)
            for x, y, long, alpha in zip(
                chance.uniform(-0.1, 1.1, 620) * stage.width,
                chance.uniform(-0.05, 1, 620) * stage.height,
                stage.unit * chance.uniform(0.015, 0.05, 620),
                chance.uniform(0.08, 0.3, 620),
                strict=True,
            )
        )


def _snowfall(stage: Stage, count: int) -> None:
    chance = stage.chance("snowfall")
    near = chance.random(count) ** 3
    with stage.canvas() as canvas:
        canvas.dots(
            (x, y, stage.unit * (0.0011 + 0.005 * k), (252, 253, 255), 0.5 + 0.4 * k)
            for x, y, k in zip(
                chance.uniform(0, stage.width, count),
                chance.uniform(0, stage.height, count),
                near,
                strict=True,
            )
        )
