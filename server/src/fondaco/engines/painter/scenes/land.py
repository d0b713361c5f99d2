"""Land: ridges of hills and mountains, dunes, and ground that grows darker as it comes nearer."""

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.colour import Colour, Pixels, blend, darker, mix, ramp
from fondaco.engines.painter.surface.noise import fractal, profile, shifted

_GRASS: dict[str, Colour] = {
    "spring": (122, 170, 70), "autumn": (150, 132, 62), "winter": (222, 230, 240),
}  # fmt: skip


def grass(stage: Stage) -> Colour:
    """Return the colour of open ground, in this season and light."""
    brief = stage.brief
    if brief.has("snow", "winter"):
        colour: Colour = (232, 238, 248)
    else:
        colour = next((c for season, c in _GRASS.items() if brief.has(season)), (104, 146, 64))
    if tint := brief.tint("land"):
        colour = mix(colour, tint, 0.75)
    return stage.light.on(colour)


def ridge(
    stage: Stage,
    chance: np.random.Generator,
    base: float,
    height: float,
    colour: Colour,
    *,
    cells: float = 3.0,
    rough: float = 0.5,
    sharp: bool = False,
    cap: Colour | None = None,
    fade: float = 0.0,
) -> Pixels:
    """Paint a ridge down to the picture's end; return its height line [width] in pixels.

    Args:
        stage: the picture.
        chance: of its forms.
        base: the y of its lowest point.
        height: from there to its highest point.
        colour: of its body, lit already.
        cells: hills over the width.
        rough: how strongly its surface is modelled, 0 to 1.
        sharp: crests like mountains, else rounded like hills.
        cap: the colour of snow on its heights.
        fade: how far it is lost in haze, 0 to 1.
    """
    line = profile(chance, stage.width, cells=cells, octaves=7 if sharp else 3)
    if sharp:
        peaks = 1 - np.abs(2 * profile(chance, stage.width, cells=cells, octaves=2) - 1)
        line = 0.62 * peaks + 0.38 * line
        line = (line - line.min()) / max(1e-6, float(np.ptp(line)))
    crest = base - height * line
    ys = stage.grid()[1]
    inside = np.clip(ys - crest[None, :] + 0.5, 0, 1)
    top = max(0, int(crest.min()) - 1)
    body = _surface(
        stage, chance, crest, height, colour, rough=rough, sharp=sharp, cap=cap, top=top
    )
    if fade:
        body = blend(body, stage.light.haze, fade)
    stage.pixels[top:] = blend(stage.pixels[top:], body, np.asarray(inside[top:], np.float32))
    return np.asarray(crest, np.float32)


def _surface(
    stage: Stage,
    chance: np.random.Generator,
    crest: Pixels,
    height: float,
    colour: Colour,
    *,
    rough: float,
    sharp: bool,
    cap: Colour | None,
    top: int,
) -> Pixels:
    """Return the modelled colours of a ridge, [height - top, width, 3]."""
    light, rows = stage.light, stage.height - top
    relief = fractal(
        chance,
        stage.width,
        rows,
        cells=11 if sharp else 5,
        octaves=6,
        stretch=0.8 if sharp else 2.4,
    )
    depth = (stage.grid()[1][top:] - crest[None, :]) / max(1.0, height)
    if sharp:  # faces run down from the peaks
        slope = np.gradient(crest)
        slope = np.convolve(slope, np.ones(9) / 9, "same").astype(np.float32)
        relief = relief + np.clip(
            slope[None, :] * 0.16 * (1 if light.x < stage.width / 2 else -1), -0.22, 0.22
        ) * np.exp(-np.clip(depth, 0, 9) * 1.4)
    step = max(1, stage.unit // 90)
    lit = shifted(relief, 0, step if light.x < stage.width / 2 else -step) - relief
    lit = np.clip(0.5 - lit * 5 * (0.5 + rough) + (relief - 0.5) * 1.1 * rough, 0, 1)
    shadow, bright = (
        darker(mix(colour, light.sky[0], 0.25), 0.3 * rough + 0.08),
        mix(colour, light.colour, 0.28),
    )
    body = ramp((shadow, colour, bright), np.asarray(lit, np.float32))
    body = blend(body, light.haze, np.clip(depth - 0.35, 0, 1) * 0.25 * (1 if sharp else 0))
    if cap is not None:
        line = np.clip((0.46 - depth + (relief - 0.5) * 1.3) * 6, 0, 1)
        snow = ramp(
            (
                mix(cap, light.sky[0], 0.5),
                mix(cap, light.sky[1], 0.12),
                mix(cap, light.colour, 0.35),
            ),
            np.asarray(lit, np.float32),
        )
        body = blend(body, snow, np.asarray(line, np.float32))
    return body


def mountains(
    stage: Stage, chance: np.random.Generator, base: float, height: float, *, layers: int = 3
) -> None:
    """Paint ranges of mountains, the far ones paler."""
    light, brief = stage.light, stage.brief
    rock = brief.tint("land") or (104, 100, 112)
    snowy = brief.has("snow", "winter") or chance.random() < 0.75  # three in four
    for layer in range(layers):
        near = layer / max(1, layers - 1)
        body = mix(light.on(rock), light.sky[1], 0.5 - 0.42 * near)
        cap = (
            light.on((246, 249, 255))
            if snowy and (near < 0.9 or brief.has("snow", "winter"))
            else None
        )
        ridge(
            stage,
            chance,
            base + stage.height * 0.03 * layer,
            height * (1 - 0.42 * near),
            darker(body, 0.12 * near),
            cells=chance.uniform(2, 3.2) + 1.5 * layer,
            rough=0.85,
            sharp=True,
            cap=cap,
            fade=0.34 * (1 - near),
        )


def hills(
    stage: Stage,
    chance: np.random.Generator,
    top: float,
    *,
    layers: int = 4,
    colour: Colour | None = None,
) -> None:
    """Paint rolling hills from a far one at `top` to one at the viewer's feet."""
    ground = colour or grass(stage)
    for layer in range(layers):
        near = layer / max(1, layers - 1)
        base = top + (stage.height * 0.97 - top) * near**1.25 * 0.8 + stage.height * 0.03
        tone = mix(ground, mix(stage.light.sky[1], ground, 0.4), 0.6 * (1 - near))
        tone = mix(tone, darker(ground, 0.25), 0.35 * (layer % 2))
        ridge(
            stage,
            chance,
            base,
            stage.height * (0.05 + 0.05 * chance.random()),
            tone,
            cells=1.2 + chance.random() * 1.6,
            rough=0.35,
            fade=0.22 * (1 - near),
        )


def strata(stage: Stage, chance: np.random.Generator, crest: Pixels, tone: Colour) -> None:
    """Paint layered rock below a crest, which is a height for each column of the picture."""
    ys = stage.grid()[1]
    top = max(0, int(crest.min()))
    rows = stage.height - top
    relief = fractal(chance, stage.width, rows, cells=16, octaves=5, stretch=0.5)
    bands = profile(chance, stage.height, cells=46, octaves=3)[top:, None] + (relief - 0.5) * 0.25
    lit = np.clip(
        0.5
        + (shifted(relief, 0, -3) - relief) * 9 * (1 if stage.light.x > stage.width / 2 else -1),
        0,
        1,
    )
    body = blend(
        np.broadcast_to(np.array(tone, np.float32), (rows, stage.width, 3)),
        darker(tone, 0.4),
        np.asarray(np.clip(bands * 0.7 + 0.35 * (1 - lit), 0, 1), np.float32),
    )
    body = blend(body, mix(tone, stage.light.colour, 0.5), np.asarray(lit * 0.3, np.float32))
    inside = np.clip(ys[top:] - crest[None, :] + 0.5, 0, 1)
    stage.pixels[top:] = blend(stage.pixels[top:], body, np.asarray(inside, np.float32))
