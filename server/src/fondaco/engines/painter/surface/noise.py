"""Fractal noise: clouds, ridges, grain and paper."""

import numpy as np
from scipy import ndimage

from fondaco.engines.painter.surface.colour import Pixels


def fractal(
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    cells: float,
    octaves: int = 5,
    stretch: float = 1.0,
) -> Pixels:
    """Return noise [height, width] from 0 to 1.

    Args:
        rng: what it is drawn from.
        width: of the map, in pixels.
        height: of the map, in pixels.
        cells: of the coarsest octave, over the larger side.
        octaves: each twice as fine and half as strong as the one before.
        stretch: above 1, forms are wider than high.
    """
    total = np.zeros((height, width), np.float32)
    side, strength, weights = max(width, height), 1.0, 0.0
    for octave in range(octaves):
        across = cells * 2**octave * width / side / stretch
        down = cells * 2**octave * height / side
        if octave and max(across, down) > side / 2:
            break
        total += strength * _smooth(rng, width, height, across, down)
        weights += strength
        strength /= 2
    return np.asarray(np.clip(total / weights, 0, 1), np.float32)


def profile(rng: np.random.Generator, length: int, *, cells: float, octaves: int = 5) -> Pixels:
    """Return noise along a line, [length] from 0 to 1, using its whole range."""
    line = np.zeros(length, np.float32)
    for octave in range(octaves):
        knots = rng.random(int(cells * 2**octave) + 3)
        start = rng.random()
        at = np.linspace(start, start + cells * 2**octave, length)
        line += (0.5**octave) * _cosine(knots, at)
    low, high = float(line.min()), float(line.max())
    return (line - low) / max(1e-6, high - low)


def periodic(rng: np.random.Generator, size: int, *, detail: float) -> Pixels:
    """Return noise [size, size] whose edges fit each other, with mean 0 and deviation 1."""
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    down = np.fft.fftfreq(size)[:, None] * size
    across = np.fft.rfftfreq(size)[None, :] * size
    frequency = np.hypot(down, across)
    band = np.exp(-(((np.log(frequency + 1e-3) - np.log(detail)) / 0.9) ** 2))
    waves = np.fft.irfft2(spectrum * band, (size, size))
    return np.asarray((waves - waves.mean()) / waves.std(), np.float32)


def _smooth(
    rng: np.random.Generator, width: int, height: int, across: float, down: float
) -> Pixels:
    """Return one octave: random knots, interpolated smoothly."""
    knots = rng.random((int(down) + 3, int(across) + 3)).astype(np.float32)
    rows = rng.random() + np.linspace(0, max(down, 1e-3), height)
    columns = rng.random() + np.linspace(0, max(across, 1e-3), width)
    by_row = _between(knots, rows, 0)
    return _between(by_row, columns, 1)


def _between(knots: Pixels, at: np.ndarray[tuple[int], np.dtype[np.float64]], axis: int) -> Pixels:
    first = np.clip(at.astype(int), 0, knots.shape[axis] - 2)
    share = (at - first).astype(np.float32)
    share = np.clip(share * share * (3 - 2 * share), 0, 1)
    share = share[:, None] if axis == 0 else share[None, :]
    low, high = np.take(knots, first, axis), np.take(knots, first + 1, axis)
    return np.asarray(low + (high - low) * share, np.float32)


def _cosine(
    knots: np.ndarray[tuple[int], np.dtype[np.float64]],
    at: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Pixels:
    first = np.clip(at.astype(int), 0, len(knots) - 2)
    share = (1 - np.cos(np.pi * (at - first))) / 2
    return np.asarray(knots[first] * (1 - share) + knots[first + 1] * share, np.float32)


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    """Return a picture or a map, softened; cheap at any radius."""
    across = (sigma, sigma, 0) if pixels.ndim == 3 else (sigma, sigma)  # colours
    if sigma < 6:  # small kernels are cheap and exact
        return np.asarray(ndimage.gaussian_filter(pixels, across, truncate=2.5))
    size = int(sigma * 1.0) * 2 + 1
    for _ in range(3):  # three box filters approximate a Gaussian
        pixels = ndimage.uniform_filter(
            pixels,
            (size, size, 1) if pixels.ndim == 3 else size,
            mode="nearest",
        )
    return pixels


def shifted(plane: Pixels, down: int, across: int) -> Pixels:
    """Return a map moved down and to the right; what moves in repeats its edge."""
    rows = np.clip(np.arange(plane.shape[0]) - down, 0, plane.shape[0] - 1)
    columns = np.clip(np.arange(plane.shape[1]) - across, 0, plane.shape[1] - 1)
    return plane[rows][:, columns]
