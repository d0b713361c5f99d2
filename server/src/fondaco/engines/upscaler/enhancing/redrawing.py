"""Redrawing: a picture enlarged from a coarser copy, whose details the network must make up."""

from math import sqrt

from fondaco.domain.media.image_upscale import Enhancement
from fondaco.engines.upscaler.enhancing.grading import graded
from fondaco.engines.upscaler.enhancing.looks import Look, read
from fondaco.engines.upscaler.enhancing.texture import noise
from fondaco.engines.upscaler.enlarging import enlarge, restore, restore_lines, sharpen
from fondaco.engines.upscaler.network import UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels, scaled, to_pixels
from fondaco.engines.upscaler.tiles import tiles

_COARSEST = 3.5
"""Factor by which a side of the copy has fewer pixels at a creativity of 1."""
_LEAST_SIDE = 100
"""Of the copy: below it nothing can be recognised."""
_MOST_SKETCHED = 2 * 2**20
"""Pixels of the copy."""
_CRISP = Look(clarity=0.45, contrast=1.06, saturation=1.18)
"""The look of pictures without a prompt that is understood."""
STYLED_PIXELS = 512 * 512
"""Of the copy that is restyled in a style, about."""
_SHARPER = 0.8
"""Rise of the contrast of edges at a creativity of 1."""
_GRAIN = 0.6
_GRAIN_SIDE = 512
_FORGOTTEN = 0.5
"""The share of its own lines that a picture does not get back at a creativity of 1: two faces that lie
over each other are worse than one that is new."""
_FAINT = 0.5
"""Creativity to this power is how much of a look there is: at 0.5 seven tenths."""


def redraw(
    picture: Pixels, width: int, height: int, networks: UpscalerNetworks, enhancement: Enhancement
) -> tuple[Pixels, bool]:
    """Return a picture of the width and height, redrawn, and whether the prompt was understood.

    Creativity is how coarse the copy is that it is drawn from, and how much of the prompt's look it gets;
    replication, how much of its own lines and noise is laid back over it.
    """
    creativity = enhancement.creativity
    reading = read(enhancement.prompt)
    looks = reading.looks or (_CRISP,)
    styled = any(look.style for look in looks)
    sketch = _sketch(picture, creativity, styled=styled)
    strength = creativity**_FAINT
    sketch = graded(sketch, looks, strength, networks.restyle)
    if sketch.shape[0] > height and sketch.shape[1] > width:
        result = scaled(sketch, width, height)
    else:
        result = enlarge(sketch, width, height, networks.network)
        restore(result, sketch, colours=1.0, details=0.0)
    sharpen(result, _SHARPER * creativity, max(1.0, width / picture.shape[1]))
    grain = max(look.grain for look in looks)
    if grain:
        _add_grain(result, _GRAIN * grain * strength)
    restore_lines(result, picture, enhancement.replication * (1 - _FORGOTTEN * creativity))
    return result, reading.understood


def _sketch(picture: Pixels, creativity: float, *, styled: bool) -> Pixels:
    """Return the copy that a picture is redrawn from."""
    rows, columns = picture.shape[:2]
    coarser = min(_COARSEST**creativity, max(1.0, min(rows, columns) / _LEAST_SIDE))
    coarser = max(coarser, sqrt(rows * columns / _MOST_SKETCHED))
    if styled:  # on a smaller copy, strokes of fixed size would hide all detail
        coarser = min(coarser, sqrt(rows * columns / STYLED_PIXELS))
    width, height = max(1, round(columns / coarser)), max(1, round(rows / coarser))
    return scaled(picture, width, height)


def _add_grain(result: Pixels, strength: float) -> None:
    """Give a picture the grain of matter, in place."""
    side = max(result.shape)
    for tile in tiles(result, result, side=_GRAIN_SIDE, margin=0):
        place = (tile.left / side, tile.top / side, tile.right / side, tile.bottom / side)
        speckles = noise(place, tile.width, tile.height, cells=128, finest=512)
        piece = tile.within(result)
        piece[:] = to_pixels(piece * (1 + strength * (speckles - 0.5)))
