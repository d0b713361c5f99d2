"""Stills to film, and what their videos show."""

from collections.abc import Sequence
from io import BytesIO
from wave import open as open_wave

import pytest

pytest.importorskip("av", reason="the extra `video` is not installed")

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grey = NDArray[np.float32]


def textured(width: int = 160, height: int = 120, seed: int = 3) -> NDArray[np.uint8]:
    """Return a picture [height, width, 3] with details of many sizes, nowhere the same."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    layers = [np.asarray(image.filter(ImageFilter.GaussianBlur(r)), np.float32) for r in (2, 5, 12)]
    summed = sum((one - one.mean()) / one.std() for one in layers)
    return np.asarray(np.clip(128 + 30 * summed, 0, 255), np.uint8)


def frames(file: bytes) -> list[Grey]:
    """Return the brightness of each frame."""
    with av.open(BytesIO(file), "r") as container:
        return [
            frame.to_ndarray(format="gray").astype(np.float32)
            for frame in container.decode(container.streams.video[0])
        ]


def shift(before: Grey, after: Grey) -> tuple[float, float]:
    """Return how far what is seen moved, right and down, in pixels: the peak of the phase correlation."""
    rows, columns = before.shape
    window = np.outer(np.hanning(rows), np.hanning(columns))
    spectra = [np.fft.fft2((one - one.mean()) * window) for one in (before, after)]
    product = np.conj(spectra[0]) * spectra[1]
    surface = np.fft.ifft2(product / (np.abs(product) + 1e3)).real
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    return _refined(surface[row, :], int(column)), _refined(surface[:, column], int(row))


def drift(before: Grey, after: Grey) -> float:
    """Return how far what is seen moved to the right, less than a pixel: by the slopes of brightness."""
    slope = np.gradient((before + after) / 2, axis=1)[8:-8, 8:-8]
    change = (after - before)[8:-8, 8:-8]
    return float(-(slope * change).sum() / (slope * slope).sum())


def _refined(line: NDArray[np.float64], peak: int) -> float:
    """Return the peak's place to a fraction of a pixel, by the parabola through its neighbours."""
    size = len(line)
    before, at, after = (line[(peak + step) % size] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    place = peak + (0.0 if bend == 0 else (before - after) / (2 * bend))
    return float(place - size if place > size / 2 else place)


def tone(seconds: float, rate: int = 22_050, hertz: float = 440.0) -> bytes:
    """Return a WAV file of one tone."""
    wave = 9_000 * np.sin(np.arange(round(seconds * rate)) / rate * hertz * 2 * np.pi)
    file = BytesIO()
    with open_wave(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(wave.astype("<i2").tobytes())
    return file.getvalue()


def loudness(file: bytes) -> Sequence[float]:
    """Return how loud each tenth of a second of a video's sound is."""
    with av.open(BytesIO(file), "r") as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray()[0] for frame in container.decode(stream)]
    sound = np.concatenate(parts)
    return [float(np.abs(one).max()) for one in np.array_split(sound, max(1, len(sound) // 4_800))]
