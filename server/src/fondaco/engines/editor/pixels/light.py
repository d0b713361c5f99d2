"""Levels of light: brightness, contrast, saturation and warmth."""

from math import exp

import numpy as np

from fondaco.engines.editor.instructions.operations import Level
from fondaco.engines.editor.pixels.raster import LUMA, Floats, Raster, brightness, table, to_bytes

_CURVE = 1.6
"""Bend of the curve at a brightness of 1."""
_LEAST_GAIN, _GAIN = 1.5, 12.0
_FLATTER, _DULLER, _STRONGER = 1.2, 1.6, 2.0
_WARMTH = np.array((0.36, 0.06, -0.6), np.float32)
"""The logarithm of what a warmth of 1 multiplies red, green and blue by."""


def levelled(raster: Raster, level: Level) -> Raster:
    """Return a picture with one level raised or lowered."""
    match level.name:
        case "brightness":
            return raster.looked_up(table(lambda tones: _brightened(tones, level.amount)))
        case "contrast":
            middle = (
                float(np.asarray(raster.luma.reduce(max(1, raster.shorter // 256))).mean()) / 255
            )
            pivot = min(max(middle, 0.3), 0.7)
            return raster.looked_up(table(lambda tones: _contrasted(tones, level.amount, pivot)))
        case "saturation":
            return saturated(raster, level.amount)
        case "warmth":
            return _warmed(raster, level.amount)


def saturated(raster: Raster, amount: float) -> Raster:
    """Return a picture with stronger or paler colours; -1 leaves none."""
    factor = 1 + amount * (_STRONGER if amount > 0 else _DULLER)
    factor = max(0.0, factor)

    def change(rgb: Floats) -> Floats:
        grey = brightness(rgb)[..., None]
        return np.asarray(grey + (rgb - grey) * factor, np.float32)

    return raster.mapped(change)


def _brightened(tones: Floats, amount: float) -> Floats:
    """Bend the tones without moving black or white."""
    bend = 1 + _CURVE * abs(amount)
    return np.asarray(1 - (1 - tones) ** bend if amount > 0 else tones**bend, np.float32)


def _contrasted(tones: Floats, amount: float, pivot: float) -> Floats:
    """Steepen the tones along a logistic curve, or draw them to the middle."""
    if amount <= 0:
        return np.asarray(pivot + (tones - pivot) * max(0.05, 1 + _FLATTER * amount), np.float32)
    gain = _LEAST_GAIN + _GAIN * amount
    low, high = (1 / (1 + exp(-gain * (end - pivot))) for end in (0.0, 1.0))
    curve = 1 / (1 + np.exp(-gain * (tones - pivot)))
    return np.asarray((curve - low) / (high - low), np.float32)


def _warmed(raster: Raster, amount: float) -> Raster:
    gains = np.exp(_WARMTH * amount)
    gains /= float(gains @ LUMA)
    tones = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    return raster.looked_up(to_bytes(np.asarray(tones * gains, np.float32)))
