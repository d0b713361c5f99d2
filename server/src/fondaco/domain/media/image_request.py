"""Image requests: a caller's parameters, and the single image that an engine makes from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fondaco.domain.media.image_styles import ImageStyle
from fondaco.domain.media.picture import Encoding

SEED_LIMIT = 999_999_999
"""Seeds are from minus to plus this. Source: POST /image/generate, `seed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """A request for variants of one image; None means the model's own default."""

    model: str
    """Any name that routes to an image model."""
    prompt: str
    negative_prompt: str = ""
    """Content that the image must not show."""
    width: int | None = None
    height: int | None = None
    aspect_ratio: tuple[int, int] | None = None
    """Width to height, instead of both."""
    resolution: int | None = None
    """With an aspect ratio: the side of a square of as many pixels."""
    steps: int | None = None
    cfg_scale: float | None = None
    """Guidance: the weight of the prompt."""
    lora_strength: int | None = None
    """In percent."""
    seed: int | None = None
    """Of the first variant; None: random."""
    style: ImageStyle | None = None
    transparent: bool = False
    """Whether the background should be transparent."""
    variants: int = 1
    encoding: Encoding = field(default_factory=Encoding)
    safe_mode: bool = False
    """Whether adult images are to be blurred."""
    embed_parameters: bool = False
    """Whether prompt and parameters are written into the file's EXIF metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTask:
    """One image, with all that its engine needs to know, within the model's limits."""

    model: str
    """The catalogue's id of the model."""
    prompt: str
    negative_prompt: str = ""
    width: int
    height: int
    steps: int
    cfg_scale: float | None = None
    """None: the engine's default."""
    lora_strength: int | None = None
    seed: int
    style: ImageStyle | None = None
    transparent: bool = False

    def parameters(self) -> Mapping[str, object]:
        """Return everything but the prompt, by the API's names; without what was not given."""
        given: dict[str, object] = {
            "model": self.model,
            "negative_prompt": self.negative_prompt,
            "width": self.width,
            "height": self.height,
            "steps": self.steps,
            "cfg_scale": self.cfg_scale,
            "lora_strength": self.lora_strength,
            "seed": self.seed,
            "style_preset": self.style.name if self.style else None,
        }
        return {name: value for name, value in given.items() if value not in (None, "")}


def seed_after(seed: int, steps: int) -> int:
    """Return the seed of a later variant; after the largest comes the smallest.

    >>> seed_after(7, 2), seed_after(999_999_999, 1)
    (9, -999999999)
    """
    return (seed + steps + SEED_LIMIT) % (2 * SEED_LIMIT + 1) - SEED_LIMIT
