"""The request and the responses of POST /image/generate and GET /image/styles.

Source: POST /image/generate, `GenerateImageRequest`; GET /image/styles.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.image_request import SEED_LIMIT, ImageRequest
from fondaco.domain.media.image_styles import ImageStyle, style
from fondaco.domain.media.picture import Encoding
from fondaco.http.endpoint.fields import Schema, Strict

LONGEST_PROMPT = 7_500
_EXAMPLE: JsonDict = {"model": "default", "prompt": "A lighthouse at night."}
_LONGEST_SIDE = 1_280
_SQUARES = {"1K": 1_024, "2K": 2_048, "4K": 4_096}

FileFormat = Literal["jpeg", "png", "webp"]
_Side = Annotated[int, Field(gt=0, le=_LONGEST_SIDE)]


class GenerateImageRequest(Strict):
    """An image to generate. Limits of the model are those that GET /api/v1/models?type=image lists."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name of an image model.",
        examples=["default"],
    )
    prompt: str = Field(
        min_length=1,
        max_length=LONGEST_PROMPT,
        description="What the image shows, within the model's `promptCharacterLimit`.",
        examples=["A beautiful sunset over a mountain range"],
    )
    negative_prompt: str = Field(
        "",
        max_length=LONGEST_PROMPT,
        description="What it must not show, within the same limit.",
        examples=["Clouds, Rain, Snow"],
    )
    width: _Side | None = Field(
        None,
        description="In pixels, a multiple of the model's `widthHeightDivisor`; absent: the model's.",
        examples=[1024],
    )
    height: _Side | None = Field(None, description="Likewise.", examples=[1024])
    aspect_ratio: str | None = Field(
        None,
        pattern="^[1-9][0-9]?:[1-9][0-9]?$",
        description="Width to height, in place of both.",
        examples=["16:9"],
    )
    resolution: Literal["1K", "2K", "4K"] | None = Field(
        None, description="With `aspect_ratio`: as many pixels as a square of 1024, 2048 or 4096."
    )
    steps: int | None = Field(
        None,
        ge=0,
        le=50,
        description="Inference steps, at most the model's `steps.max`; 0 or absent: its default.",
        examples=[20],
    )
    cfg_scale: float | None = Field(
        None,
        gt=0,
        le=20,
        allow_inf_nan=False,
        description="How closely the image follows the prompt.",
        examples=[7.5],
    )
    seed: int | None = Field(
        None,
        ge=-SEED_LIMIT,
        le=SEED_LIMIT,
        description="The same seed gives the same image; absent: random. Each variant has a seed of its "
        "own, one higher than the last one's.",
        examples=[123456789],
    )
    style_preset: str | None = Field(
        None,
        max_length=100,
        description="A style of GET /api/v1/image/styles.",
        examples=["3D Model"],
    )
    lora_strength: int | None = Field(
        None, ge=0, le=100, description="For models that load LoRAs.", examples=[50]
    )
    variants: int = Field(1, ge=1, le=4, description="How many images; each is charged.")
    format: FileFormat = Field("webp", description="Of the files.")
    return_binary: bool = Field(
        default=False, description="Whether the response is the file itself, of one variant."
    )
    embed_exif_metadata: bool = Field(
        default=False,
        description="Whether the file's EXIF tells prompt and parameters; else it has no metadata.",
    )
    hide_watermark: bool = Field(
        default=False, description="Accepted: no image here has a watermark."
    )
    safe_mode: bool = Field(
        default=True,
        description="Whether to blur adult images, where the classifier is installed.",
    )
    enable_web_search: bool = Field(
        default=False, description="Ignored: no image model here searches the web."
    )
    inpaint: object | None = Field(
        None,
        description="Refused, but for null: the API has disabled it.",
        json_schema_extra={"deprecated": True, "type": "null"},
    )

    def ignored(self, *, judged: bool) -> tuple[str, ...]:
        """Return the fields that were sent and had no effect.

        Args:
            judged: whether the classifier of safe mode is installed, and saw the images.
        """
        given = self.model_fields_set - ({"safe_mode"} if judged else set())
        return tuple(
            name
            for name in ("safe_mode", "enable_web_search")
            if name in given and dict(self)[name] is True
        )

    def to_domain(self) -> ImageRequest:
        """Return the request that the platform serves.

        Raises:
            InvalidRequestError: fields contradict each other, or the style is unknown.
        """
        faults = self._contradictions()
        chosen = _style(self.style_preset, faults)
        if faults:
            raise InvalidRequestError(faults=faults)
        across, _, down = (self.aspect_ratio or "").partition(":")
        return ImageRequest(
            model=self.model,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            width=self.width,
            height=self.height,
            aspect_ratio=(int(across), int(down)) if across else None,
            resolution=_SQUARES[self.resolution] if self.resolution else None,
            steps=self.steps or None,
            cfg_scale=self.cfg_scale,
            lora_strength=self.lora_strength,
            seed=self.seed,
            style=chosen,
            variants=self.variants,
            encoding=Encoding(file_format(self.format)),
            safe_mode=self.safe_mode,
            embed_parameters=self.embed_exif_metadata,
        )

    def _contradictions(self) -> dict[str, tuple[str, ...]]:
        faults: dict[str, tuple[str, ...]] = {}
        if self.inpaint is not None:
            faults["inpaint"] = (
                "Inpainting by this field is deprecated and disabled; leave it out.",
            )
        if self.return_binary and self.variants > 1:
            reason = f"A binary response holds one image (got {self.variants})."
            faults["variants"] = (f"{reason} Set return_binary to false, or variants to 1.",)
        if self.aspect_ratio is not None and (self.width or self.height):
            faults["aspect_ratio"] = ("Send either an aspect ratio, or width and height.",)
        if self.resolution is not None and self.aspect_ratio is None:
            faults["resolution"] = ("It needs `aspect_ratio`, which is missing.",)
        return faults


def file_format(name: FileFormat) -> Format:
    """Return the format that a field names."""
    return Format(f"image/{name}")


def _style(name: str | None, faults: dict[str, tuple[str, ...]]) -> ImageStyle | None:
    """Return the named style; where there is none, add that to `faults`."""
    if name is None:
        return None
    try:
        return style(name)
    except LookupError as error:
        faults["style_preset"] = (str(error.args[0]),)
        return None


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class Timing(_Shown):
    """Time that the phases took, in milliseconds."""

    inferenceDuration: float = Field(description="The engine's work.")  # noqa: N815
    inferencePreprocessingTime: float = Field(description="Admission and the hold.")  # noqa: N815
    inferenceQueueTime: float = Field(  # noqa: N815
        description="Waiting for the engine's turn, as far as it tells."
    )
    total: float


class GeneratedImages(_Shown):
    """The images of a request."""

    id: str = Field(description="The id of the request, as in the billing rows.")
    images: list[str] = Field(description="The files, as base64.")
    request: dict[str, object] = Field(description="The request, as it was sent.")
    timing: Timing


class StyleList(_Shown):
    """The names of all styles."""

    data: list[str] = Field(examples=[["3D Model", "Analog Film", "Anime"]])
    object: Literal["list"]
