"""The requests of POST /image/upscale and POST /image/edit, as JSON or as a form.

Source: POST /image/upscale, `UpscaleImageRequest`; POST /image/edit, `EditImageRequest`.
"""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_edit import EditRequest
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.image_upscale import Enhancement, UpscaleRequest
from fondaco.domain.media.picture import Encoding
from fondaco.domain.media.picture_source import PictureSource
from fondaco.http.apis.venice.images.example_picture import EXAMPLE_PICTURE
from fondaco.http.endpoint.fields import FileOrText, Strict

LONGEST_INSTRUCTION = 1_500
_UPSCALE: JsonDict = {"image": EXAMPLE_PICTURE, "scale": 2}
_EDIT: JsonDict = {"prompt": "Colorize", "image": EXAMPLE_PICTURE}
_ENHANCING = ("enhanceCreativity", "enhancePrompt", "replication")


class UpscaleImageRequest(Strict):
    """A picture to upscale, to enhance, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [_UPSCALE]})

    image: FileOrText = Field(
        description="PNG, JPEG, WebP or GIF: a file of the form, base64, or a data URL. At least 65536 "
        "pixels, and at most 16777216.",
        examples=[EXAMPLE_PICTURE],
    )
    scale: float = Field(
        2,
        ge=1,
        le=4,
        allow_inf_nan=False,
        description="By how much to enlarge it; lowered where the result would have more than 16777216 "
        "pixels. 1 needs `enhance`.",
        examples=[2],
    )
    enhance: bool | Literal["true", "false"] = Field(
        default="false", description="Whether to redraw details.", examples=[True]
    )
    enhanceCreativity: float | None = Field(  # noqa: N815  # the wire's name, as all below
        0.5,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How far the result may depart from the picture.",
        examples=[0.5],
    )
    enhancePrompt: str = Field(  # noqa: N815
        "",
        max_length=LONGEST_INSTRUCTION,
        description="The style to move towards.",
        examples=["gold"],
    )
    replication: float | None = Field(
        0.35,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How strongly the picture's own lines and noise are kept.",
        examples=[0.35],
    )

    @property
    def enhances(self) -> bool:
        """Whether details are to be redrawn."""
        return self.enhance in (True, "true")

    def ignored(self) -> tuple[str, ...]:
        """The fields that were sent and have no effect, as nothing is enhanced."""
        given = self.model_fields_set
        return () if self.enhances else tuple(name for name in _ENHANCING if name in given)

    def to_domain(self) -> UpscaleRequest:
        """Return the request that the platform serves.

        Raises:
            InvalidRequestError: it asks for nothing.
        """
        if self.scale == 1 and not self.enhances:
            reason = "A scale of 1 enlarges nothing. Set enhance to true, or a higher scale."
            raise InvalidRequestError(faults={"scale": (reason,)})
        default = Enhancement()
        creativity, replication = self.enhanceCreativity, self.replication
        enhancement = Enhancement(
            default.creativity if creativity is None else creativity,
            self.enhancePrompt,
            default.replication if replication is None else replication,
        )
        return UpscaleRequest(
            picture=PictureSource(self.image),
            scale=self.scale,
            enhancement=enhancement if self.enhances else None,
        )


class EditImageRequest(Strict):
    """A picture to change, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EDIT]})

    prompt: str = Field(
        min_length=1,
        max_length=LONGEST_INSTRUCTION,
        description="The instruction: short and descriptive.",
        examples=["Change the color of the sky to a sunrise"],
    )
    image: FileOrText = Field(
        description="PNG, JPEG, WebP or GIF: a file of the form, base64, a data URL, or an `http` "
        "address (less than 10 MiB). At least 65536 pixels, and at most 33177600.",
        examples=[EXAMPLE_PICTURE],
    )

    def to_domain(self, model: str) -> EditRequest:
        """Return the request that the platform serves, by the model with this name."""
        return EditRequest(
            model=model,
            prompt=self.prompt,
            picture=PictureSource(self.image),
            encoding=Encoding(Format.PNG),
        )
