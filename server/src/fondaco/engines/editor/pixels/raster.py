"""A picture in memory, and work on it band by band, so that large ones take little more than themselves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fondaco.domain.media.image_upscale import UPSCALED_PIXELS

Bytes: TypeAlias = NDArray[np.uint8]
"""A picture [height, width, 3], or one channel of it [height, width]."""
Floats: TypeAlias = NDArray[np.float32]
"""The same, from 0 to 1."""
Table: TypeAlias = NDArray[np.uint8]
"""Look-up table for 256 values: [256], or [256, 3] for three channels."""

MOST_PIXELS = UPSCALED_PIXELS
"""Of a picture that grows."""
LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_BAND_PIXELS = 2**20


@dataclass(frozen=True, slots=True)
class Raster:
    """Rows of colour, and of opacity where not everything is opaque."""

    rgb: Bytes
    alpha: Bytes | None = None

    @property
    def width(self) -> int:
        """Of its rows, in pixels."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """The number of its rows."""
        return int(self.rgb.shape[0])

    @property
    def shorter(self) -> int:
        """The length of its shorter side."""
        return min(self.width, self.height)

    @property
    def image(self) -> Image.Image:
        """Its colours as Pillow has them."""
        return Image.fromarray(self.rgb)

    @property
    def luma(self) -> Image.Image:
        """Its brightness as Pillow has it."""
        return self.image.convert("L")

    def with_rgb(self, rgb: "Bytes | Image.Image") -> "Raster":
        """Return it with other colours, and the opacity that it has."""
        return replace(self, rgb=as_bytes(rgb))

    def with_alpha(self, alpha: Bytes) -> "Raster":
        """Return it with another opacity; what was transparent stays so."""
        if self.alpha is not None:
            alpha = np.minimum(alpha, self.alpha)
        return replace(self, alpha=alpha)

    def mapped(self, change: Callable[[Floats], Floats]) -> "Raster":
        """Return it with a change made to each pixel by itself.

        Args:
            change: takes and returns rows of colours from 0 to 1; what is beyond is cut off.
        """
        result = np.empty_like(self.rgb)
        for rows in bands(self.height, self.width):
            result[rows] = to_bytes(change(to_floats(self.rgb[rows])))
        return self.with_rgb(result)

    def looked_up(self, table: Table) -> "Raster":
        """Return it with each value replaced by that of a table."""
        columns = np.broadcast_to(table.reshape(256, -1), (256, 3))
        return self.with_rgb(self.image.point([int(one) for one in columns.T.ravel()]))

    def ramped(self, table: Table) -> "Raster":
        """Return it with the colour of a table [256, 3] for each pixel's brightness."""
        return self.with_rgb(table[np.asarray(self.luma)])

    def mixed(self, other: "Raster", share: float | Floats) -> "Raster":
        """Return a mixture of two pictures of one size.

        Args:
            other: the picture that is laid over it.
            share: of the other one, from 0 to 1: a number, or a map [height, width].
        """
        if not isinstance(share, np.ndarray) and share >= 1:
            return other
        result = np.empty_like(self.rgb)
        for rows in bands(self.height, self.width):
            weight = share[rows, :, None] if isinstance(share, np.ndarray) else share
            under, over = self.rgb[rows].astype(np.float32), other.rgb[rows].astype(np.float32)
            result[rows] = np.clip(under + (over - under) * weight + 0.5, 0, 255).astype(np.uint8)
        return replace(self, rgb=result, alpha=self._mixed_alpha(other, share))

    def _mixed_alpha(self, other: "Raster", share: float | Floats) -> Bytes | None:
        if self.alpha is None and other.alpha is None:
            return None
        under, over = (
            np.full(self.rgb.shape[:2], 255, np.uint8) if one.alpha is None else one.alpha
            for one in (self, other)
        )
        mixed = under + (over.astype(np.float32) - under) * share
        return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)

    def within(self, pixels: int) -> "tuple[Image.Image, float]":
        """Return its colours on so few pixels at most, and the scale that it takes."""
        scale = min(1.0, (pixels / (self.width * self.height)) ** 0.5)
        if scale == 1:
            return self.image, 1.0
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        return self.image.resize(size, Image.Resampling.BOX, reducing_gap=2.0), scale


def bands(height: int, width: int) -> list[slice]:
    """Return the rows of a picture in bands of about a million pixels."""
    rows = max(1, _BAND_PIXELS // max(1, width))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def as_bytes(rgb: "Bytes | Image.Image") -> Bytes:
    """Return colours as an array."""
    return np.asarray(rgb.convert("RGB")) if isinstance(rgb, Image.Image) else rgb


def to_floats(values: Bytes) -> Floats:
    """Return bytes as numbers from 0 to 1."""
    return values.astype(np.float32) / np.float32(255)


def to_bytes(values: NDArray[np.floating]) -> Bytes:
    """Return numbers as bytes; what is beyond 0 to 1 is cut off."""
    return np.asarray(np.clip(values * 255 + 0.5, 0, 255), np.uint8)


def brightness(rgb: Floats) -> Floats:
    """Return the brightness [height, width] of colours."""
    return np.asarray(rgb @ LUMA, np.float32)


def table(curve: Callable[[Floats], Floats]) -> Table:
    """Return a curve over 0 to 1 as a table [256], or [256, 3] if it returns three channels."""
    return to_bytes(curve(np.linspace(0, 1, 256, dtype=np.float32)))


def resized(values: Bytes, width: int, height: int) -> Bytes:
    """Return a picture or a map at another size."""
    shape = (height, width)
    if values.shape[:2] == shape:
        return values
    larger = width * height > values.shape[0] * values.shape[1]
    kind = Image.Resampling.BICUBIC if larger else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(values).resize((width, height), kind, reducing_gap=3.0))
