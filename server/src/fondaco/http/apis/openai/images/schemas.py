"""The request and the response of POST /images/generations.

Source: POST /images/generations, `SimpleGenerateImageRequest`; OpenAI's API reference, "Create image".
"""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_request import ImageRequest
from fondaco.domain.media.picture import Encoding
from fondaco.http.apis.venice.images.schemas import LONGEST_PROMPT, FileFormat, file_format
from fondaco.http.endpoint.fields import Schema, Strict

_EXAMPLE: JsonDict = {"model": "default", "prompt": "A lighthouse at night."}
_UNUSED = "Accepted; no model here has it."
BEST_QUALITY = Encoding().quality

Size = Literal[
    "auto",
    "256x256",
    "512x512",
    "1024x1024",
    "1536x1024",
    "1024x1536",
    "1792x1024",
    "1024x1792",
]


class ImageGenerationRequest(Strict):
    """An image to generate, in the words of OpenAI's API."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    prompt: str = Field(
        min_length=1,
        max_length=LONGEST_PROMPT,
        description="What the image shows, within the model's `promptCharacterLimit`.",
        examples=["A beautiful sunset over mountain ranges"],
    )
    model: str | None = Field(
        "default",
        max_length=1000,
        description="Id, trait or compatible name of an image model; any other name stands for the "
        "default one.",
    )
    n: int | None = Field(
        1,
        ge=1,
        le=1,
        description="How many images: one. POST /api/v1/image/generate makes up to four `variants`.",
    )
    size: Size | None = Field(
        "auto", description="Width and height; `auto`: the model's own, mostly 1024x1024."
    )
    output_format: FileFormat = Field("png", description="Of the file.")
    output_compression: int | None = Field(
        None,
        ge=0,
        le=100,
        description=f"Quality of JPEG and WebP; absent: {BEST_QUALITY}. PNG loses nothing.",
    )
    response_format: Literal["b64_json", "url"] | None = Field(
        "b64_json", description="`url`: a data URL, as nothing is stored here."
    )
    background: Literal["transparent", "opaque", "auto"] | None = Field(
        "auto", description="`transparent`: where the model can, in PNG and WebP."
    )
    moderation: Literal["low", "auto"] | None = Field(
        "auto",
        description="`auto`: blur adult images, where the classifier is installed.",
    )
    quality: Literal["auto", "high", "medium", "low", "hd", "standard"] | None = Field(
        "auto", description=_UNUSED
    )
    style: Literal["vivid", "natural"] | None = Field("natural", description=_UNUSED)
    user: str | None = Field(None, description="Accepted and discarded.")

    @property
    def safe_mode(self) -> bool:
        """Whether adult images are to be blurred."""
        return self.moderation != "low"

    def ignored(self, *, judged: bool) -> tuple[str, ...]:
        """Return the fields that were sent and had no effect.

        Args:
            judged: whether the classifier of safe mode is installed, and saw the image.
        """
        given = self.model_fields_set
        quality = "quality" in given and self.quality not in ("auto", None)
        kind = "style" in given and self.style is not None
        safe = "moderation" in given and self.moderation == "auto" and not judged
        told = {"quality": quality, "style": kind, "moderation": safe}
        return tuple(name for name, sent in told.items() if sent)

    def to_domain(self, model: str) -> ImageRequest:
        """Return the request that the platform serves, by the model with this name.

        Raises:
            InvalidRequestError: a JPEG is asked to be transparent.
        """
        transparent = self.background == "transparent"
        expect_transparency(self.output_format, wanted=transparent)
        width, height = _sides(self.size or "auto")
        return ImageRequest(
            model=model,
            prompt=self.prompt,
            width=width,
            height=height,
            transparent=transparent,
            safe_mode=self.safe_mode,
            encoding=encoding(self.output_format, self.output_compression),
        )


def _sides(size: Size) -> tuple[int, int] | tuple[None, None]:
    if size == "auto":
        return None, None
    width, _, height = size.partition("x")
    return int(width), int(height)


def expect_transparency(output_format: FileFormat, *, wanted: bool) -> None:
    """Return if a format has the transparency that is wanted.

    Raises:
        InvalidRequestError: it has none.
    """
    if wanted and output_format == "jpeg":
        reason = "JPEG has no transparency; set output_format to png or webp."
        raise InvalidRequestError(faults={"background": (reason,)})


def encoding(output_format: FileFormat, compression: int | None) -> Encoding:
    """Return how a file is written, with a quality of 0 to 100, or the best one without."""
    quality = BEST_QUALITY if compression is None else compression
    return Encoding(file_format(output_format), quality=max(1, quality))


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class EncodedImage(_Shown):
    """An image as base64."""

    b64_json: str


class LinkedImage(_Shown):
    """An image as a data URL."""

    url: str


class ImageList(_Shown):
    """The images of a request: one, but for several variants of an edit."""

    created: int = Field(description="Unix seconds.")
    data: list[EncodedImage | LinkedImage]
