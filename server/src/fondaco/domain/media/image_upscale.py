"""Upscaling of images: a picture, and how much larger and how freely it is redrawn.

Source: POST /image/upscale.
"""

from dataclasses import dataclass
from math import sqrt

from fondaco.domain.media.picture import Pixels, reduced_size
from fondaco.domain.media.picture_source import PictureSource

UPSCALED_PIXELS = 16_777_216
"""The most pixels of a result: 4096 x 4096."""


@dataclass(frozen=True, slots=True)
class Enhancement:
    """A pass that redraws details while a picture is upscaled."""

    creativity: float = 0.5
    """Freedom of the result to depart from the picture, 0 to 1."""
    prompt: str = ""
    """The style to move towards, such as "gold"; empty: none."""
    replication: float = 0.35
    """Strength with which the picture's own lines and noise are kept, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleRequest:
    """A request to upscale a picture."""

    picture: PictureSource
    scale: float = 2.0
    """From 1 to 4; lowered where the result would have too many pixels."""
    enhancement: Enhancement | None = None
    """None: the picture is only enlarged, so the scale is more than 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleTask:
    """One upscaling, with all that its engine needs to know."""

    model: str
    """The catalogue's id of the model."""
    picture: Pixels
    """The picture to enlarge."""
    width: int
    height: int
    """Of the result: between 1 and 4 times the picture's, in the same ratio but for rounding."""
    enhancement: Enhancement | None = None
    """None: the picture is only enlarged."""


def scale_within(width: int, height: int, scale: float) -> float:
    """Return the scale for a picture of this size: lower where the result would have too many pixels.

    >>> scale_within(1024, 1024, 4), scale_within(2048, 2048, 4), round(scale_within(3000, 2000, 4), 3)
    (4, 2.0, 1.672)
    """
    return min(scale, max(1.0, sqrt(UPSCALED_PIXELS / (width * height))))


def upscaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Return the size of the result for a picture of at most as many pixels as a result may have.

    >>> upscaled_size(3000, 2000, 4), upscaled_size(333, 333, 1.5)
    ((5017, 3344), (500, 500))
    """
    scale = scale_within(width, height, scale)
    larger = max(width, round(width * scale)), max(height, round(height * scale))
    across, down = reduced_size(*larger, UPSCALED_PIXELS)
    return max(width, across), max(height, down)
