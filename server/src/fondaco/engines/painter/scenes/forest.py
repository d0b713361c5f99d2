"""Forests: trunks and crowns in layers, paler with distance, over ground with undergrowth."""

import numpy as np

from fondaco.engines.painter.scenes import plants
from fondaco.engines.painter.scenes.land import grass
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.surface.canvas import Canvas, flat, radial
from fondaco.engines.painter.surface.colour import Colour, blend, darker, mix, ramp, screened
from fondaco.engines.painter.surface.noise import fractal

_LAYERS = 5
_CLEARING = 0.2
"""Half the width, as a share of the picture's, that the nearest trunks leave to subjects."""


def paint_forest(stage: Stage, kind: str) -> None:
    """Paint a forest: "birch", "pines", "jungle" or any other."""
    chance = stage.chance("forest")
    if kind == "birch" and not stage.brief.has("spring", "summer", "snow", "winter", "autumn"):
        tones: tuple[Colour, ...] = (
            (228, 176, 62),
            (214, 140, 50),
            (240, 206, 104),
            (176, 170, 72),
        )
    elif kind in ("pines", "jungle") and not stage.brief.has("snow", "winter"):
        tones = ((52, 106, 62), (80, 140, 70), (36, 84, 56), (116, 160, 76))
    else:
        tones = plants.leaves(stage.brief)
    tones = tuple(stage.light.on(tone) for tone in tones)
    _backdrop(stage, chance, tones)
    middle = stage.side(chance.uniform(0.42, 0.56))
    with stage.canvas() as canvas:
        for layer in range(_LAYERS):
            _layer(stage, canvas, chance, kind, layer / (_LAYERS - 1), tones, middle)
    _gloom(stage)
    stage.ground = stage.height * 0.93


def _haze(stage: Stage, tones: tuple[Colour, ...]) -> Colour:
    """Return what the depth of the forest fades into."""
    if stage.night:
        return mix(stage.light.sky[1], (60, 84, 130), 0.35)
    return mix(mix(stage.light.sky[2], tones[0], 0.35), (246, 240, 214), 0.2)


def _backdrop(stage: Stage, chance: np.random.Generator, tones: tuple[Colour, ...]) -> None:
    haze, ground = _haze(stage, tones), grass(stage)
    floor = mix(ground, tones[1], 0.4) if not stage.brief.has("snow", "winter") else ground
    dim = 0.12 if stage.night else 0.0
    stops = (
        mix(tones[0], haze, 0.45),
        haze,
        mix(haze, floor, 0.55),
        floor,
        darker(floor, 0.42 if not stage.brief.has("snow", "winter") else 0.2),
    )
    ys = stage.grid()[1]
    stage.pixels = np.broadcast_to(
        ramp(tuple(darker(one, dim) for one in stops), ys / stage.height), stage.pixels.shape
    ).copy()
    stage.pixels += (
        fractal(chance, stage.width, stage.height, cells=7, octaves=5)[..., None] - 0.5
    ) * (24 if stage.night else 52)
    xs = stage.grid()[0]
    glow = np.exp(
        -(
            (
                np.hypot(
                    (xs - stage.light.x) / stage.width, (ys - stage.height * 0.36) / stage.height
                )
                / 0.3
            )
            ** 2
        )
    )
    stage.pixels = blend(
        stage.pixels,
        stage.light.colour,
        np.asarray(glow * (0.3 if stage.night else 0.5), np.float32),
    )
    if stage.night and not {"moon"} & stage.brief.without:
        radius, at = stage.unit * 0.05, (stage.light.x, stage.height * 0.2)
        with stage.canvas() as canvas:
            canvas.circle(
                *at,
                radius * 4,
                radial(
                    at, radius * 4, ((220, 230, 255), (150, 170, 230)), alphas=(0.5, 0), glow=True
                ),
            )
            canvas.circle(*at, radius, flat((244, 244, 232)))


def _layer(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    kind: str,
    near: float,
    tones: tuple[Colour, ...],
    middle: float,
) -> None:
    """Draw one layer: trees, leaves, and the growth at their feet."""
    haze, base = _haze(stage, tones), stage.height * (0.58 + 0.36 * near**1.3)
    far = 0.72 * (1 - near)
    snowy = stage.brief.has("snow", "winter")
    for _ in range(int(24 - 16 * near)):
        x = chance.uniform(-0.05, 1.05) * stage.width
        if near > 0.6 and abs(x - middle) < stage.width * _CLEARING * (
            0.7 + 0.5 * near
        ):  # the nearest two
            continue
        foot = (x, base + chance.normal(0, stage.height * 0.012))
        if kind == "pines" or (
            snowy and kind == "forest" and chance.random() < 0.55
        ):  # some of them
            tone = mix(stage.light.on((46, 88, 66)), haze, far)
            plants.conifer(
                canvas,
                chance,
                foot,
                stage.height * chance.uniform(0.3, 0.55) * (0.5 + near),
                tone,
                mix(stage.light.colour, haze, far),
                snow=snowy,
            )
            continue
        width = stage.width * (0.006 + 0.022 * near**1.5) * chance.uniform(0.75, 1.2)
        bark = stage.light.on((246, 243, 234) if kind == "birch" else (98, 74, 56))
        plants.trunk(
            canvas,
            chance,
            foot,
            width,
            mix(bark, haze, far),
            mix(stage.light.colour, haze, far),
            birch=(1 - far) * 0.9 if kind == "birch" else 0.0,
        )
    if kind != "pines" and not (snowy and kind != "birch"):
        _foliage(stage, canvas, chance, near, tones, haze, dense=kind == "jungle")
    ground = [
        mix(darker(grass(stage), 0.15), tones[k], 0.25 if snowy else 0.45)
        for k in range(len(tones))
    ]
    plants.blades(
        stage,
        canvas,
        chance,
        base - stage.height * 0.02,
        int(420 + 500 * near) // (3 if snowy else 1),
        [mix(one, haze, far * 0.7) for one in ground],
        height=0.02 + 0.02 * near,
    )
    if snowy:
        canvas.blob(
            [
                (x, base + stage.unit * 0.02 * chance.normal() + stage.unit * 0.05 * (k % 2))
                for k, x in enumerate(np.linspace(-60, stage.width + 60, 9))
            ]
            + [(stage.width + 60, base + stage.unit * 0.3), (-60, base + stage.unit * 0.3)],
            flat(
                mix(stage.light.on((236, 242, 252)), haze, far * 0.6), 0.85, blur=stage.unit * 0.006
            ),
        )


def _foliage(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    near: float,
    tones: tuple[Colour, ...],
    haze: Colour,
    *,
    dense: bool,
) -> None:
    count = int((1100 if dense else 760) * (1 - 0.45 * near))
    far, night = 0.6 * (1 - near), 0.25 if stage.night else 0.0
    size = stage.unit * (0.004 + 0.009 * near)
    xs, ys = (
        chance.uniform(0, stage.width, count),
        np.abs(chance.normal(0, 0.25, count)) * stage.height * (0.8 + 0.2 * near),
    )
    pick, shade = chance.integers(0, len(tones), count), chance.uniform(0, 0.42, count)
    canvas.dots(
        (
            x,
            y,
            size * chance.uniform(0.5, 1.3),
            mix(darker(tones[k], dark + night), haze, far),
            0.86,
        )
        for x, y, k, dark in zip(xs, ys, pick, shade, strict=True)
    )


def _gloom(stage: Stage) -> None:
    """Darken the picture's edges, and let light through the crowns."""
    xs, ys = stage.grid()
    edge = np.hypot(
        (xs - stage.width * 0.5) / stage.width, (ys - stage.height * 0.5) / stage.height
    )
    stage.pixels *= (1.06 - np.clip(edge - 0.3, 0, 1) * (0.55 if stage.night else 0.7))[..., None]
    if stage.brief.has("rays", "fog", "fireflies") or stage.brief.time in ("dawn", "dusk"):
        chance = stage.chance("beams")
        slope = 0.55 if stage.light.x < stage.width / 2 else -0.55
        across = (xs - slope * ys) / stage.unit
        wave = sum(
            np.clip(np.sin(across * f + chance.uniform(0, 6)), 0, 1) for f in (5.0, 8.3, 13.7)
        )
        beams = wave / 3 * np.clip(1.1 - ys / stage.height, 0, 1) * 0.5
        stage.pixels = screened(
            stage.pixels,
            np.asarray(beams, np.float32)[..., None]
            * np.array(stage.light.on(stage.light.colour), np.float32)
            * 0.6,
        )
