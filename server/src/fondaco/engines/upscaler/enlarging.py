"""Enlarging: the network's output, scaled to the requested size and kept true to the picture."""

from collections.abc import Iterator
from math import ceil

import numpy as np

from fondaco.engines.upscaler.network import FACTOR, REACH, Network
from fondaco.engines.upscaler.planes import (
    BICUBIC,
    Pixels,
    Planes,
    blurred,
    brightness,
    is_grey,
    luma,
    resized,
    scaled,
    to_pixels,
)
from fondaco.engines.upscaler.tiles import Tile, tiles

MOST_DRAWN = 4 * 2**20
"""Pixels of a picture that the network enlarges: they take it about a minute of one core."""
_WORTH_DRAWING = 1.5
_SHARPENED_SIDE = 256
_STRONGEST_EDGE = 24.0
"""Edges are strong enough from here on: more would ring."""
_SIDE = 96
"""Of a tile that the network draws at a time. Small tiles stay in the processor's cache: in spite of
their margins they take less time than large ones, and little memory."""
_RESTORED_SIDE, _LEAST_SIDE = 512, 32
"""Of a tile in pixels of the result, and of the picture at least."""
_DEVIATION = 3.0
"""Of the blur that parts colours from details, in pixels of the picture."""
_RESTORED_REACH = 12


def enlarge(picture: Pixels, width: int, height: int, network: Network) -> Pixels:
    """Return a picture as the network draws it, in any size.

    It is drawn again and again, until what is missing is too little to be worth it. A grey picture stays
    grey, though the network would give it a tinge.
    """
    if picture.shape[2] > 1 and is_grey(picture):
        grey = enlarge(picture[..., :1], width, height, network)
        return np.repeat(grey, picture.shape[2], -1)
    while max(width / picture.shape[1], height / picture.shape[0]) > FACTOR * _WORTH_DRAWING:
        rows, columns = picture.shape[:2]
        wide, high = ceil(width / FACTOR), ceil(height / FACTOR)  # size that the next pass needs
        picture = _drawn(picture, min(FACTOR * columns, wide), min(FACTOR * rows, high), network)
    return _drawn(picture, width, height, network)


def sharpen(result: Pixels, amount: float, deviation: float) -> None:
    """Sharpen a picture in place by an unsharp mask: an amount of what a blur would take away."""
    margin = ceil(3 * deviation) + 1
    before = brightness(result)
    for tile in tiles(before, result, side=_SHARPENED_SIDE, margin=margin):
        grey = tile.cut(before)
        edges = (grey - blurred(grey, deviation))[margin:-margin, margin:-margin]
        piece = tile.within(result)
        piece[:] = to_pixels(piece + amount * np.clip(edges, -_STRONGEST_EDGE, _STRONGEST_EDGE))


def restore(result: Pixels, picture: Pixels, *, colours: float, details: float) -> None:
    """Bring a result nearer to the picture that it was drawn from: back-projection.

    What the result lacks is seen at the picture's own size, so what is finer than the picture's pixels is
    not touched, and edges stay as sharp as they were drawn.

    Args:
        result: changed in place.
        picture: of any size.
        colours: the share of the picture's colours that is restored, 0 to 1.
        details: the share of its own lines and noise, 0 to 1.
    """
    rows, columns = picture.shape[:2]
    seen = scaled(result, columns, rows)
    if seen is result:  # the loop changes `result`
        seen = result.copy()
    for tile in _restored_tiles(picture, result):
        missing = tile.cut(picture) - tile.cut(seen)
        coarse = blurred(missing, _DEVIATION)
        _add(colours * coarse + details * (missing - coarse), tile, result)


def restore_lines(result: Pixels, picture: Pixels, share: float) -> None:
    """Bring the brightness of a result's lines and noise nearer to the picture's; its colours stay.

    Args:
        result: changed in place.
        picture: of any size.
        share: 0 to 1: of the difference.
    """
    rows, columns = picture.shape[:2]
    seen = scaled(brightness(result), columns, rows)
    for tile in _restored_tiles(picture, result):
        missing = luma(tile.cut(picture)) - tile.cut(seen)
        _add(share * (missing - blurred(missing, _DEVIATION)), tile, result)


def _restored_tiles(picture: Pixels, result: Pixels) -> Iterator[Tile]:
    """Yield tiles that are of bounded size in both, a picture and a result that may be far larger."""
    scale = max(1.0, result.shape[1] / picture.shape[1])
    side = max(_LEAST_SIDE, round(_RESTORED_SIDE / scale))
    return tiles(picture, result, side=side, margin=_RESTORED_REACH)


def _add(wanted: Planes, tile: Tile, result: Pixels) -> None:
    """Add planes of a picture's piece, with its margins, to a result's."""
    piece = tile.within(result)
    piece[:] = to_pixels(piece + resized(wanted, tile.width, tile.height, tile.box, by=BICUBIC))


def _drawn(picture: Pixels, width: int, height: int, network: Network) -> Pixels:
    """Draw a picture once, tile by tile."""
    bands = picture.shape[2]
    result = np.empty((height, width, bands), np.uint8)
    for tile in tiles(picture, result, side=_SIDE, margin=REACH):
        piece = tile.cut(picture)
        if (piece == piece[0, 0]).all():  # a uniform tile needs no network
            tile.within(result)[:] = to_pixels(piece[0, 0])
            continue
        large = network.enlarged(np.repeat(piece, 3 // bands, -1))[..., :bands]
        left, top, right, bottom = (edge * FACTOR for edge in tile.box)
        box = (left, top, right, bottom)
        tile.within(result)[:] = to_pixels(resized(large, tile.width, tile.height, box))
    return result
