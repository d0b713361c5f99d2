"""Models that take a picture: those that edit it, and those that upscale it."""

from dataclasses import dataclass

from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import ImagePrice


@dataclass(frozen=True, slots=True, kw_only=True)
class EditModel(AnyModel):
    """A model that changes a picture by an instruction. Source: GET /models, type `inpaint`."""

    price: ImagePrice
    type: ModelType = ModelType.INPAINT
    prompt_limit: int = 1_500
    """The most characters of an instruction. Source: POST /image/edit, `prompt`."""
    most_pixels: int = 4_194_304
    """Of the picture that its engine gets, and of the result: larger ones are reduced to so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleModel(AnyModel):
    """A model that enlarges pictures. Source: GET /models, type `upscale`."""

    price: ImagePrice
    type: ModelType = ModelType.UPSCALE
