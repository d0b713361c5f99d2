"""The stage: a picture in the making, with its light, its horizon and its sources of chance."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from fondaco.engines.painter.brief import Brief
from fondaco.engines.painter.surface.canvas import Canvas
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, mix

_SKIES: dict[str, tuple[Colour, Colour, Colour]] = {
    "dawn": ((74, 98, 168), (232, 158, 168), (255, 220, 174)),
    "day": ((54, 122, 204), (122, 184, 234), (218, 236, 244)),
    "dusk": ((44, 38, 98), (176, 84, 118), (255, 158, 88)),
    "night": ((7, 11, 34), (19, 30, 76), (52, 74, 128)),
}
_STORM: tuple[Colour, Colour, Colour] = (
    (34, 40, 54), (72, 80, 94), (158, 152, 144),
)  # fmt: skip
_LIGHTS: dict[str, Colour] = {
    "dawn": (255, 216, 172),
    "day": (255, 250, 232),
    "dusk": (255, 166, 100),
    "night": (198, 214, 255),
}
_AMBIENT: dict[str, Colour] = {
    "dawn": (250, 222, 216),
    "day": (255, 255, 255),
    "dusk": (232, 172, 158),
    "night": (112, 126, 184),
}


@dataclass(frozen=True, slots=True)
class Light:
    """Light source, and its effect on colours."""

    sky: tuple[Colour, Colour, Colour]
    """Above, between and at the horizon."""
    colour: Colour
    ambient: Colour
    """Multiplied with the colours of things."""
    x: float
    y: float
    """Position of the sun or the moon, in pixels."""

    @property
    def haze(self) -> Colour:
        """Colour into which far things fade."""
        return mix(self.sky[2], self.colour, 0.3)

    def on(self, colour: Colour, share: float = 1.0) -> Colour:
        """Return a thing's colour as it looks in this light."""
        red, green, blue = (
            c * (1 - share + share * a / 255) for c, a in zip(colour, self.ambient, strict=True)
        )
        return red, green, blue


class Stage:
    """A picture in the making."""

    def __init__(self, brief: Brief, width: int, height: int, seed: int, prompt: str) -> None:
        self.brief = brief
        self.width = width
        self.height = height
        self.unit = min(width, height)
        self._roots = (seed, zlib.crc32(prompt.encode("utf-8", "replace")))
        chance = self.chance("composition")
        self.horizon = height * float(
            chance.choice((0.42, 0.5, 0.56, 0.64)) + chance.normal(0, 0.02)
        )
        self.mirrored = bool(chance.random() < 0.5)  # even chances
        self.ground = height * 0.9
        """Line on which the nearest things stand."""
        self.light = _light(self)
        self.pixels: Pixels = np.zeros((height, width, 3), np.float32)

    def chance(self, purpose: str) -> np.random.Generator:
        """Return a source of chance of its own, so that one part never changes another."""
        return np.random.default_rng([*self._roots, zlib.crc32(purpose.encode())])

    def side(self, share: float) -> float:
        """Return the x at a share of the width, counted from the left or, mirrored, from the right."""
        return self.width * (1 - share if self.mirrored else share)

    @property
    def night(self) -> bool:
        """Whether it is dark."""
        return self.brief.time == "night"

    @contextmanager
    def canvas(self) -> Iterator[Canvas]:
        """Draw over the picture as it is."""
        buffer = np.empty((self.height, self.width, 4), np.uint8)
        buffer[..., :3] = np.clip(self.pixels, 0, 255)
        buffer[..., 3] = 255
        canvas = Canvas(buffer)
        yield canvas
        canvas.finish()
        self.pixels = buffer[..., :3].astype(np.float32)

    def grid(self) -> tuple[Pixels, Pixels]:
        """Return the x [1, width] and the y [height, 1] of the pixels."""
        xs = np.arange(self.width, dtype=np.float32)[None, :]
        return xs, np.arange(self.height, dtype=np.float32)[:, None]

    def veil(self, share: Pixels | float, colour: Colour | None = None, top: int = 0) -> None:
        """Let the picture, from a row downwards, fade into haze."""
        self.pixels[top:] = blend(self.pixels[top:], colour or self.light.haze, share)


def _light(stage: Stage) -> Light:
    brief, chance = stage.brief, stage.chance("light")
    low = brief.time in ("dawn", "dusk")
    y = stage.horizon - stage.height * chance.uniform(0.04 if low else 0.2, 0.14 if low else 0.36)
    sky, ambient, colour = _SKIES[brief.time], _AMBIENT[brief.time], _LIGHTS[brief.time]
    if brief.has("storm"):
        sky = _towards(sky, _STORM, 0.62)
        ambient, colour = mix(ambient, (150, 158, 172), 0.4), mix(colour, (214, 214, 206), 0.4)
    elif brief.has("overcast", "rain", "fog", "snowfall"):
        grey = mix(sky[1], (160, 168, 176) if brief.time != "night" else (40, 48, 66), 0.75)
        sky = _towards(
            sky, (mix(grey, (40, 48, 60), 0.3), grey, mix(grey, (236, 238, 240), 0.35)), 0.65
        )
    if tint := brief.tint("sky"):
        sky = _towards(
            sky, (mix(tint, (20, 20, 40), 0.35), tint, mix(tint, (255, 250, 235), 0.5)), 0.72
        )
    elif brief.palette:
        sky = _towards(
            sky,
            (brief.palette[0], brief.palette[-1], mix(brief.palette[-1], (255, 250, 235), 0.4)),
            0.35,
        )
    return Light(
        sky, colour, ambient, stage.side(chance.uniform(0.16, 0.4)), max(stage.height * 0.08, y)
    )


def _towards(
    sky: tuple[Colour, Colour, Colour], other: tuple[Colour, Colour, Colour], share: float
) -> tuple[Colour, Colour, Colour]:
    top, middle, low = (mix(one, two, share) for one, two in zip(sky, other, strict=True))
    return top, middle, low
