"""Transparency: colours and alpha parted, so that each can be enlarged on its own."""

import numpy as np
from PIL import Image

from fondaco.engines.upscaler.enlarging import MOST_DRAWN, enlarge, restore
from fondaco.engines.upscaler.network import Network
from fondaco.engines.upscaler.planes import Pixels, scaled, to_pixels

_CLEAR, _OPAQUE = 0, 255
_NEARLY = 3
"""By so much the network may miss a clear or an opaque pixel."""
_BAND_ROWS = 256
"""An even number: bands are halved."""


def filled(picture: Pixels) -> Pixels:
    """Return the colours of a picture [height, width, 4], those of clear pixels taken from around.

    What files have under clear pixels, mostly black, would else show in the edges of the result.
    """
    colours, alpha = picture[..., :3], picture[..., 3]
    if alpha.all() or not alpha.any():
        return colours
    rows, columns = alpha.shape
    around = Image.fromarray(filled(_halved(picture)))
    result = np.empty((rows, columns, 3), np.uint8)
    for top in range(0, rows, _BAND_ROWS):
        band = slice(top, min(rows, top + _BAND_ROWS))
        box = (0, band.start / 2, columns / 2, band.stop / 2)
        near = around.resize((columns, band.stop - top), Image.Resampling.BILINEAR, box)
        clear = alpha[band, :, None] == _CLEAR
        result[band] = np.where(clear, np.asarray(near), colours[band])
    return result


def enlarged_alpha(alpha: Pixels, width: int, height: int, network: Network) -> Pixels:
    """Return an alpha channel [height, width, 1] in a larger size, its edges as sharp as the colours'."""
    first = alpha.flat[0]
    if (alpha == first).all():
        return np.full((height, width, 1), first, np.uint8)
    if alpha.size > MOST_DRAWN:
        return scaled(alpha, width, height)
    result = enlarge(alpha, width, height, network)
    restore(result, alpha, colours=1.0, details=1.0)
    result[result <= _CLEAR + _NEARLY] = _CLEAR
    result[result >= _OPAQUE - _NEARLY] = _OPAQUE
    return result


def _halved(picture: Pixels) -> Pixels:
    """Return a picture of half the size, rounded up: colours by their alpha, and the most alpha of four."""
    rows, columns = picture.shape[:2]
    result = np.empty(((rows + 1) // 2, (columns + 1) // 2, 4), np.uint8)
    for top in range(0, rows, _BAND_ROWS):
        band = picture[top : top + _BAND_ROWS]
        padding = ((0, band.shape[0] % 2), (0, columns % 2), (0, 0))
        even = np.pad(band, padding, "edge").astype(np.float32)
        fours = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 4)
        alpha = fours[..., 3:]
        colours = (fours[..., :3] * alpha).sum((1, 3)) / np.maximum(alpha.sum((1, 3)), 1)
        half = result[top // 2 : top // 2 + fours.shape[0]]
        half[..., :3], half[..., 3:] = to_pixels(colours), alpha.max((1, 3))
    return result
