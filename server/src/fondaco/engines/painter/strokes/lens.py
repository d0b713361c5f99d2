"""Light and lenses: neon glow, film with grain, soft focus and miniature."""

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.surface.colour import blend, luma, screened
from fondaco.engines.painter.surface.noise import blurred


def neon(stage: Stage, medium: Medium) -> None:
    """Darken the picture and let its lights and contours glow."""
    scale = stage.unit / 768
    bright = np.clip(stage.pixels - 110, 0, 255) * 1.5
    image = stage.pixels * medium.number("base", 0.9)
    contours = medium.number("contours", 0.0)
    if contours:
        grey = luma(blurred(stage.pixels, 1.4 * scale))
        down, across = np.gradient(grey)
        edge = np.clip(np.hypot(down, across) / 9, 0, 1)[..., None]
        own = stage.pixels / np.maximum(stage.pixels.max(-1, keepdims=True), 1) * 255
        hue = np.clip(luma(own)[..., None] + (own - luma(own)[..., None]) * 2.4, 0, 255)
        bright = bright * (1 - contours) + edge * hue * contours * 1.6
        image = image * (1 - contours * 0.72) + bright * contours * 0.9
    for radius in (3, 10, 26)[: 1 + round(2 * medium.detail)]:
        image = screened(
            np.clip(image, 0, 255), blurred(np.asarray(bright, np.float32), radius * scale) * 0.5
        )
    stage.pixels = np.asarray(image, np.float32)


def film(stage: Stage, medium: Medium) -> None:
    """Photograph the scene: bloom, shallow focus, vignette and grain."""
    chance, scale = stage.chance("film"), stage.unit / 768
    xs, ys = stage.grid()
    focus = medium.number("focus", 0.0)
    if focus:
        band = np.abs(ys / stage.height - medium.number("at", 0.66)) / 0.34
        soft = blurred(stage.pixels, 7 * scale * focus)
        stage.pixels = blend(
            stage.pixels,
            soft,
            np.asarray(
                np.broadcast_to(np.clip(band - 0.35, 0, 1), (stage.height, stage.width)), np.float32
            ),
        )
    elif medium.detail < 1:
        stage.pixels = blurred(stage.pixels, 2.4 * scale * (1 - medium.detail) + 0.01)
    bloom = medium.number("bloom", 0.25)
    lights = np.clip(stage.pixels - 150, 0, 255)
    stage.pixels = screened(
        np.clip(stage.pixels, 0, 255), blurred(lights, 12 * scale) * bloom * 1.6
    )
    far = np.hypot((xs - stage.width / 2) / stage.width, (ys - stage.height / 2) / stage.height)
    stage.pixels *= (1.04 - medium.number("vignette", 0.5) * np.clip(far - 0.25, 0, 1))[..., None]
    grain = chance.normal(0, 1, (stage.height, stage.width)).astype(np.float32)
    stage.pixels += blurred(grain, 0.7 * scale)[..., None] * medium.number("grain", 9)
