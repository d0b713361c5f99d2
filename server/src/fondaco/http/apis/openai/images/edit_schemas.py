"""The request of POST /images/edits, as a form or as JSON.

Source: OpenAI's API reference, "Create image edit".
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_edit import EditRequest
from fondaco.domain.media.picture_source import PictureSource
from fondaco.http.apis.openai.images.schemas import BEST_QUALITY, encoding, expect_transparency
from fondaco.http.apis.venice.images.example_picture import EXAMPLE_PICTURE
from fondaco.http.apis.venice.images.schemas import FileFormat
from fondaco.http.endpoint.fields import FileOrText, Strict

LISTS = frozenset({"image"})
"""Fields of a form that may come several times."""
_EXAMPLE: JsonDict = {"prompt": "Colorize", "image": EXAMPLE_PICTURE}
_UNUSED = "Accepted; no model here has it."
_MOST_VARIANTS = 4


class ImageEditRequest(Strict):
    """An image to change, in the words of OpenAI's API."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    image: FileOrText | Annotated[list[FileOrText], Field(min_length=1, max_length=16)] = Field(
        description="PNG, JPEG, WebP or GIF: a file of the form, base64, a data URL, or an `http` "
        "address. As a list, or as `image[]`, of one: the models here edit one image.",
        examples=[EXAMPLE_PICTURE],
    )
    prompt: str = Field(
        min_length=1,
        max_length=32_000,
        description="The instruction, within the model's limit.",
        examples=["Change the color of the sky to a sunrise"],
    )
    mask: FileOrText | None = Field(
        None,
        description="An image of the same size: only where it is transparent may the other one change.",
    )
    model: str | None = Field(
        "default",
        max_length=1000,
        description="Id, trait or compatible name of a model of type `inpaint`; any other name stands for "
        "the default one.",
    )
    n: int | None = Field(1, ge=1, le=_MOST_VARIANTS, description="How many; each is charged.")
    size: str | None = Field(
        "auto",
        pattern="^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$",
        description="Width and height in pixels; `auto`: the image's own, unless the instruction says "
        "otherwise.",
        examples=["auto", "1024x1024"],
    )
    output_format: FileFormat | None = Field("png", description="Of the files.")
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
    moderation: Literal["low", "auto"] | None = Field("auto", description=_UNUSED)
    quality: Literal["auto", "high", "medium", "low", "xhigh", "max", "hd", "standard"] | None = (
        Field("auto", description=_UNUSED)
    )
    input_fidelity: Literal["high", "low"] | None = Field(None, description=_UNUSED)
    stream: bool | None = Field(
        default=False, description="Only false: a picture is sent when it is complete."
    )
    partial_images: int | None = Field(0, ge=0, le=0, description="Only 0, likewise.")
    user: str | None = Field(None, description="Accepted and discarded.")
    safety_identifier: str | None = Field(None, description="Likewise.")

    def ignored(self) -> tuple[str, ...]:
        """The fields that were sent and have no effect on any model here."""
        quality = self.quality not in ("auto", None)
        told = {"quality": quality, "input_fidelity": self.input_fidelity is not None}
        return tuple(name for name, sent in told.items() if sent)

    def to_domain(self, model: str) -> EditRequest:
        """Return the request that the platform serves, by the model with this name.

        Raises:
            InvalidRequestError: there are several images, a stream, or a JPEG is asked to be transparent.
        """
        if self.stream:
            reason = "An image is sent when it is complete. Leave it out, or send false."
            raise InvalidRequestError(faults={"stream": (reason,)})
        output_format = self.output_format or "png"
        transparent = self.background == "transparent"
        expect_transparency(output_format, wanted=transparent)
        return EditRequest(
            model=model,
            prompt=self.prompt,
            picture=PictureSource(self._only_image()),
            mask=None if self.mask is None else PictureSource(self.mask, "mask"),
            size=_sides(self.size or "auto"),
            transparent=transparent,
            variants=self.n or 1,
            encoding=encoding(output_format, self.output_compression),
        )

    def _only_image(self) -> bytes | str:
        if not isinstance(self.image, list):
            return self.image
        first, *more = self.image
        if more:
            reason = f"{len(self.image)} images were sent; models edit one image. Send one."
            raise InvalidRequestError(faults={"image": (reason,)})
        return first


def _sides(size: str) -> tuple[int, int] | None:
    if size == "auto":
        return None
    width, _, height = size.partition("x")
    return int(width), int(height)
