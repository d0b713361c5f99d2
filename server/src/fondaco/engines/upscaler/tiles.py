"""Tiles: a picture worked on piece by piece, so that memory is bounded, with margins that hide the seams."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from fondaco.engines.upscaler.planes import Box, Planes


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of a result, and its source piece of the picture."""

    left: int
    top: int
    right: int
    bottom: int
    """Of the result, in its pixels."""
    source_left: int
    source_top: int
    source_right: int
    source_bottom: int
    """Of the picture, margins included: these may lie outside of it."""
    box: Box
    """The place of the result's piece within the picture's, in the picture's pixels."""

    @property
    def width(self) -> int:
        """The width of the result's piece."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """The height of the result's piece."""
        return self.bottom - self.top

    def cut(self, picture: NDArray[np.uint8]) -> Planes:
        """Return the piece of the picture; beyond its edges, their pixels repeat."""
        rows = _clamped(self.source_top, self.source_bottom, picture.shape[0])
        columns = _clamped(self.source_left, self.source_right, picture.shape[1])
        return np.asarray(picture[rows[:, None], columns], np.float32)

    def within(self, result: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the result's piece as a view."""
        return result[self.top : self.bottom, self.left : self.right]


def tiles(
    picture: NDArray[np.uint8], result: NDArray[np.uint8], *, side: int, margin: int
) -> Iterator[Tile]:
    """Yield the tiles that make up a result.

    Args:
        picture: the source, [height, width, ...].
        result: of another size, or of the same.
        side: of a tile at most, in pixels of the picture.
        margin: pixels around a tile that it is computed with.
    """
    rows = _pieces(picture.shape[0], result.shape[0], side, margin)
    columns = _pieces(picture.shape[1], result.shape[1], side, margin)
    for top, bottom, source_top, source_bottom, up, down in rows:
        for left, right, source_left, source_right, west, east in columns:
            yield Tile(
                *(left, top, right, bottom),
                *(source_left, source_top, source_right, source_bottom),
                (west, up, east, down),
            )


def _pieces(
    length: int, wanted: int, side: int, margin: int
) -> list[tuple[int, int, int, int, float, float]]:
    """Part a length of `wanted` pixels that shows `length` pixels of a picture."""
    number = min(wanted, ceil(length / side))
    cuts = [round(index * wanted / number) for index in range(number + 1)]
    scale = length / wanted
    pieces = []
    for start, end in pairwise(cuts):
        first, last = floor(start * scale) - margin, ceil(end * scale) + margin
        pieces.append((start, end, first, last, start * scale - first, end * scale - first))
    return pieces


def _clamped(start: int, end: int, length: int) -> NDArray[np.intp]:
    return np.clip(np.arange(start, end), 0, length - 1)
