"""Drawings from a picture: pencil sketch, edges, relief and cartoon."""

import numpy as np
from PIL import Image, ImageFilter

from fondaco.engines.editor.pixels.raster import (
    Floats,
    Raster,
    bands,
    brightness,
    resized,
    to_bytes,
    to_floats,
)
from fondaco.engines.editor.pixels.smoothing import guided

_PAPER = np.array((0.985, 0.98, 0.965), np.float32)
_LEAD = np.array((0.16, 0.16, 0.18), np.float32)
_CARTOON_PIXELS = 1_400_000
_TONES = 8
_CALM = 0.002
"""Differences of colour smaller than its square root are smoothed away."""


def sketch(raster: Raster, strength: float) -> Raster:
    """Return a pencil drawing: the picture divided by its blurred self leaves the lines."""
    grey = raster.luma
    radius = max(2.0, 0.014 * raster.shorter)
    around = np.asarray(grey.filter(ImageFilter.GaussianBlur(radius)))
    fine = np.asarray(grey.filter(ImageFilter.GaussianBlur(max(0.4, 0.0008 * raster.shorter))))
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        light, blur = to_floats(fine[rows]), to_floats(around[rows])
        lines = np.clip((light + 0.02) / (blur + 0.02), 0, 1) ** (3.0 * strength)
        shade = 0.72 + 0.28 * np.clip(blur * 1.5, 0, 1)
        tone = (lines * shade)[..., None]
        result[rows] = to_bytes(np.asarray(_LEAD + (_PAPER - _LEAD) * tone, np.float32))
    return raster.with_rgb(result)


def edges(raster: Raster) -> Raster:
    """Return the outlines, glowing on black in the colours that they have."""
    soft = raster.image.filter(ImageFilter.GaussianBlur(max(0.7, 0.0015 * raster.shorter)))
    calm = np.asarray(soft)
    result = np.zeros_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        top, bottom = max(0, rows.start - 1), min(raster.height, rows.stop + 1)
        rgb = to_floats(calm[top:bottom])
        edge = _steepness(rgb)[rows.start - top : rows.stop - top]
        own = rgb[rows.start - top : rows.stop - top]
        hue = own / np.maximum(own.max(-1, keepdims=True), 0.05)
        glow = np.clip(edge * 6 - 0.15, 0, 1)[..., None]
        result[rows] = to_bytes(np.asarray(glow * (0.35 + 0.65 * hue), np.float32))
    return raster.with_rgb(result)


def emboss(raster: Raster) -> Raster:
    """Return a relief in grey, lit from the upper left."""
    step = max(1, round(0.002 * raster.shorter))
    grey = np.asarray(raster.luma.filter(ImageFilter.GaussianBlur(0.5 * step))).astype(np.int16)
    shifted = np.roll(grey, (step, step), (0, 1))
    shifted[:step], shifted[:, :step] = grey[:step], grey[:, :step]
    relief = np.clip(128 + (grey - shifted) * 3.2, 0, 255).astype(np.uint8)
    return raster.with_rgb(Image.fromarray(relief))


def cartoon(raster: Raster, strength: float) -> Raster:
    """Return flat colours between lines of ink; large pictures are drawn smaller and enlarged."""
    small, _ = raster.within(_CARTOON_PIXELS)
    rgb = to_floats(np.asarray(small.filter(ImageFilter.MedianFilter(3))))
    unit = max(1.0, min(small.size) / 500)
    channels = [np.ascontiguousarray(rgb[..., one]) for one in range(3)]
    for _ in range(3):
        channels = [guided(one, one, round(4 * unit), _CALM) for one in channels]
    calm = np.stack(channels, -1)
    drawn = _inked(_flattened(calm, strength), [brightness(calm), *channels], unit, strength)
    return raster.with_rgb(resized(to_bytes(drawn), raster.width, raster.height))


def _flattened(rgb: Floats, strength: float) -> Floats:
    """Return colours in a few steps of brightness with soft seams, and stronger than they were."""
    grey = brightness(rgb)[..., None]
    tones = max(3.0, _TONES / strength)
    at = grey * tones
    step = np.floor(at)
    seam = np.clip((at - step - 0.5) * 6 + 0.5, 0, 1)
    flat = (step + seam) / tones
    colours = (rgb - grey) * 1.4
    return np.asarray(np.clip(flat + colours, 0, 1), np.float32)


def _inked(flat: Floats, channels: list[Floats], unit: float, strength: float) -> Floats:
    """Return colours with lines where a channel falls: a difference of Gaussians, thresholded."""
    ink = np.zeros(flat.shape[:2], np.float32)
    for channel in channels:
        tones = Image.fromarray(to_bytes(channel))
        near, far = (
            to_floats(np.asarray(tones.filter(ImageFilter.GaussianBlur(radius * unit))))
            for radius in (0.8, 2.0)
        )
        ink = np.maximum(ink, np.clip((far - near - 0.006) * 40 * strength, 0, 0.95))
    return np.asarray(flat * (1 - ink[..., None]) + ink[..., None] * 0.05, np.float32)


def _steepness(rgb: Floats) -> Floats:
    """Return the steepest slope of any channel."""
    down, across = np.gradient(rgb, axis=(0, 1)) if min(rgb.shape[:2]) > 1 else (rgb * 0, rgb * 0)
    return np.asarray(np.hypot(down, across).max(-1), np.float32)
