"""Pictures for the editor's tests, drawn from nothing."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from fondaco.engines.editor.pixels.raster import Raster

Array = NDArray[np.uint8]


def landscape(width: int = 256, height: int = 256) -> Raster:
    """Return a blue sky with a cloud over green land, with a dark tower that stands into the sky."""
    image = Image.new("RGB", (width, height), (120, 165, 225))
    draw = ImageDraw.Draw(image)
    for row in range(height):
        pale = row / height
        draw.line((0, row, width, row), (110 + round(70 * pale), 160 + round(40 * pale), 225))
    draw.ellipse((0.1 * width, 0.12 * height, 0.4 * width, 0.22 * height), (235, 238, 242))
    image = image.filter(ImageFilter.GaussianBlur(width / 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0.62 * height, width, height), (60, 110, 45))
    draw.rectangle((0.6 * width, 0.25 * height, 0.7 * width, 0.8 * height), (70, 50, 45))
    return _with_texture(image)


def still_life(side: int = 256, colour: tuple[int, int, int] = (200, 30, 35)) -> Raster:
    """Return a ball of one colour on a plain grey ground."""
    image = Image.new("RGB", (side, side), (150, 150, 148))
    draw = ImageDraw.Draw(image)
    low, high = 0.28 * side, 0.72 * side
    draw.ellipse((low, low, high, high), colour)
    lit = tuple(min(255, round(one * 1.25 + 12)) for one in colour)
    draw.ellipse((0.34 * side, 0.34 * side, 0.5 * side, 0.5 * side), lit)
    return Raster(np.asarray(image.filter(ImageFilter.GaussianBlur(side / 200))))


def grey_picture() -> Raster:
    """Return the landscape as an old photograph has it."""
    return Raster(np.asarray(landscape().luma.convert("RGB")))


def _with_texture(image: Image.Image) -> Raster:
    chance = np.random.default_rng(1)
    rgb = np.asarray(image).astype(np.float32)
    ground = slice(round(0.62 * image.height), None)
    rgb[ground] += chance.normal(0, 14, rgb[ground].shape[:2])[..., None]
    return Raster(np.clip(rgb, 0, 255).astype(np.uint8))
