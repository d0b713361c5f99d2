"""Image models: their limits, and the tasks that a request within these limits becomes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_request import ImageRequest, ImageTask, seed_after
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import ImagePrice

_SQUARE = 1024
"""The side of a square of as many pixels as an image of an aspect ratio has."""


class ImageParameter(StrEnum):
    """A parameter that not every image model has; the value is the field of requests."""

    NEGATIVE_PROMPT = "negative_prompt"
    STEPS = "steps"
    CFG_SCALE = "cfg_scale"
    LORA_STRENGTH = "lora_strength"
    SEED = "seed"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class StepLimits:
    """Inference steps: fewer are quicker, more give finer images."""

    default: int = 20
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModel(AnyModel):
    """A model that generates images. Source: GET /models, `model_spec.constraints` of images."""

    price: ImagePrice
    type: ModelType = ModelType.IMAGE
    prompt_limit: int = 1_500
    """The most characters of a prompt, and of a negative prompt."""
    steps: StepLimits = StepLimits()
    divisor: int = 8
    """Width and height are multiples of it."""
    width: int = 1_024
    """Of requests without one."""
    height: int = 1_024
    shortest_side: int = 1
    longest_side: int = 1_792
    parameters: frozenset[ImageParameter] = frozenset(ImageParameter)
    """The parameters that it has; others are ignored, and named to the caller."""

    def ignored(self, request: ImageRequest) -> tuple[str, ...]:
        """Return the fields of a request that mean nothing to this model."""
        given = {
            ImageParameter.NEGATIVE_PROMPT: bool(request.negative_prompt),
            ImageParameter.STEPS: request.steps is not None,
            ImageParameter.CFG_SCALE: request.cfg_scale is not None,
            ImageParameter.LORA_STRENGTH: request.lora_strength is not None,
            ImageParameter.SEED: request.seed is not None,
            ImageParameter.BACKGROUND: request.transparent,
        }
        return tuple(one.value for one in given if given[one] and one not in self.parameters)

    def tasks(self, request: ImageRequest, random_seed: int) -> tuple[ImageTask, ...]:
        """Return one task for each variant of a request, each with a seed of its own.

        Args:
            request: what the caller asks for.
            random_seed: of the first variant where the request has none.

        Raises:
            InvalidRequestError: the request exceeds a limit of the model; all that do are named.
        """
        faults = self._too_long(request)
        steps = self.steps.default
        if request.steps and ImageParameter.STEPS in self.parameters:
            steps = request.steps
        if steps > self.steps.most:
            faults["steps"] = (
                f"{self.id!r} accepts at most {self.steps.most} steps (got {steps}).",
            )
        width, height, sides = self._sides(request)
        for field, side in sides.items():
            if (fault := self._side_fault(side)) is not None:
                faults[field] = (fault,)
        if faults:
            raise InvalidRequestError(faults=faults)
        able = self.parameters
        negative = request.negative_prompt if ImageParameter.NEGATIVE_PROMPT in able else ""
        first = ImageTask(
            model=self.id,
            prompt=request.prompt,
            negative_prompt=negative,
            width=width,
            height=height,
            steps=steps,
            cfg_scale=request.cfg_scale if ImageParameter.CFG_SCALE in able else None,
            lora_strength=request.lora_strength if ImageParameter.LORA_STRENGTH in able else None,
            seed=random_seed if request.seed is None else request.seed,
            style=request.style,
            transparent=request.transparent and ImageParameter.BACKGROUND in able,
        )
        seeds = (seed_after(first.seed, variant) for variant in range(request.variants))
        return tuple(replace(first, seed=seed) for seed in seeds)

    def _too_long(self, request: ImageRequest) -> dict[str, tuple[str, ...]]:
        texts = {"prompt": request.prompt, "negative_prompt": request.negative_prompt}
        limit = f"{self.id!r} accepts at most {self.prompt_limit:,} characters"
        return {
            field: (f"{limit} (got {len(text):,}).",)
            for field, text in texts.items()
            if len(text) > self.prompt_limit
        }

    def _sides(self, request: ImageRequest) -> tuple[int, int, dict[str, int]]:
        """Return width, height, and the fields that determine them with the sides to be checked."""
        if request.aspect_ratio is None:
            width, height = request.width or self.width, request.height or self.height
            return width, height, {"width": width, "height": height}
        across, down = request.aspect_ratio
        scale = (request.resolution or _SQUARE) / sqrt(across * down)
        width, height = self._rounded(across * scale), self._rounded(down * scale)
        field = "resolution" if request.resolution else "aspect_ratio"
        longer, shorter = max(width, height), min(width, height)
        return width, height, {field: longer if longer > self.longest_side else shorter}

    def _side_fault(self, side: int) -> str | None:
        if side > self.longest_side:
            reason = f"{self.id!r} makes images of at most {self.longest_side} pixels a side"
            return f"{reason}; {side} were requested."
        if side < self.shortest_side:
            reason = f"{self.id!r} makes images of at least {self.shortest_side} pixels a side"
            return f"{reason}; {side} were requested."
        if side % self.divisor:
            below = side - side % self.divisor
            near = [n for n in (below, below + self.divisor) if 0 < n <= self.longest_side]
            reason = f"{self.id!r} makes images whose sides are multiples of {self.divisor}"
            return f"{reason}: {' or '.join(map(str, near))}, not {side}."
        return None

    def _rounded(self, side: float) -> int:
        return max(1, round(side / self.divisor)) * self.divisor
