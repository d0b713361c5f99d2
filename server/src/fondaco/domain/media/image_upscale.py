"""Upscaling of images: a picture, and how much larger and how freely it is redrawn."""

from dataclasses import dataclass

from fondaco.domain.media.picture import Pixels


@dataclass(frozen=True, slots=True)
class Enhancement:
    """A pass that redraws details while a picture is upscaled. Source: POST /image/upscale."""

    creativity: float = 0.5
    """How far the result may depart from the picture, 0 to 1."""
    prompt: str = ""
    """The style to move towards, such as "gold"; empty: none."""
    replication: float = 0.35
    """How strongly the picture's own lines and noise are kept, 0 to 1."""


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
