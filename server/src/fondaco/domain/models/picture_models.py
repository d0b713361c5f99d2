"""Models that take a picture, and the tasks that a request becomes: those that edit, and those that upscale."""

from dataclasses import dataclass, replace

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_edit import EditRequest, EditTask
from fondaco.domain.media.image_request import seed_after
from fondaco.domain.media.image_upscale import (
    UpscaleRequest,
    UpscaleTask,
    scale_within,
    upscaled_size,
)
from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import ImagePrice
from fondaco.domain.money.usage import Usage

_TWICE = 2.0
"""Beyond this scale an upscaling is sold as fourfold. Source: overview/pricing.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditModel(AnyModel):
    """A model that changes a picture by an instruction. Source: GET /models, type `inpaint`."""

    price: ImagePrice
    type: ModelType = ModelType.INPAINT
    prompt_limit: int = 1_500
    """The most characters of an instruction. Source: POST /image/edit, `prompt`."""
    most_pixels: int = 4_194_304
    """Of the picture that its engine gets, and of the result: larger ones are reduced to so many."""
    parameters: frozenset[ImageParameter] = frozenset(
        {ImageParameter.SEED, ImageParameter.BACKGROUND}
    )
    """The parameters that it has beyond a picture, a mask and a size."""

    def ignored(self, request: EditRequest) -> tuple[str, ...]:
        """Return the fields of a request that mean nothing to this model."""
        clear = request.transparent and ImageParameter.BACKGROUND not in self.parameters
        return (ImageParameter.BACKGROUND.value,) if clear else ()

    def expect_within(self, request: EditRequest) -> None:
        """Check a request against the model's limits.

        Raises:
            InvalidRequestError: it exceeds one; all that it exceeds are named.
        """
        faults: dict[str, tuple[str, ...]] = {}
        if (length := len(request.prompt)) > self.prompt_limit:
            reason = (
                f"{self.id!r} accepts at most {self.prompt_limit:,} characters (got {length:,})."
            )
            faults["prompt"] = (reason,)
        width, height = request.size or (1, 1)
        if width * height > self.most_pixels:
            reason = f"{self.id!r} makes images of at most {self.most_pixels:,} pixels"
            faults["size"] = (f"{reason} (got {width} x {height}).",)
        if faults:
            raise InvalidRequestError(faults=faults)

    def tasks(
        self, request: EditRequest, picture: Pixels, mask: Pixels | None, random_seed: int
    ) -> tuple[EditTask, ...]:
        """Return one task for each variant of a request, each with a seed of its own.

        Args:
            request: what the caller asks for.
            picture: its picture, within `most_pixels`.
            mask: its mask, of the same size.
            random_seed: of the first variant.
        """
        width, height = request.size or (picture.width, picture.height)
        first = EditTask(
            model=self.id,
            prompt=request.prompt,
            picture=picture,
            mask=mask,
            width=width,
            height=height,
            seed=random_seed,
            transparent=request.transparent and ImageParameter.BACKGROUND in self.parameters,
        )
        seeds = (seed_after(first.seed, variant) for variant in range(request.variants))
        return tuple(replace(first, seed=seed) for seed in seeds)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleModel(AnyModel):
    """A model that enlarges pictures. Source: GET /models, type `upscale`."""

    price: ImagePrice
    type: ModelType = ModelType.UPSCALE

    def task(self, request: UpscaleRequest, picture: Pixels) -> UpscaleTask:
        """Return the task of a request for its picture.

        Raises:
            InvalidRequestError: the picture is not enlarged, and nothing else was requested.
        """
        width, height = upscaled_size(picture.width, picture.height, request.scale)
        if (width, height) == (picture.width, picture.height) and request.enhancement is None:
            raise _not_enlarged(request, picture)
        return UpscaleTask(
            model=self.id,
            picture=picture,
            width=width,
            height=height,
            enhancement=request.enhancement,
        )


def _not_enlarged(request: UpscaleRequest, picture: Pixels) -> InvalidRequestError:
    width, height = picture.width, picture.height
    if scale_within(width, height, request.scale) < request.scale:
        reason = f"It has {width} x {height} pixels, as many as a result may have"
        fault = f"{reason}. Set enhance to true, or send a smaller one."
        return InvalidRequestError(faults={request.picture.field_path: (fault,)})
    reason = f"{request.scale} does not enlarge {width} x {height} pixels"
    return InvalidRequestError(
        faults={"scale": (f"{reason}. Set enhance to true, or a higher one.",)}
    )


def upscales(scale: float) -> Usage:
    """Return the SKU of one upscaling by this scale.

    >>> upscales(1).upscales_2x, upscales(2).upscales_2x, upscales(2.1).upscales_4x
    (1, 1, 1)
    """
    return Usage(upscales_4x=1) if scale > _TWICE else Usage(upscales_2x=1)
