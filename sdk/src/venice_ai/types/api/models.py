"""Models: capabilities, context windows and prices.

Source: GET /models, GET /models/traits, GET /models/compatibility_mapping.
"""

from decimal import Decimal
from typing import Literal, TypeAlias

from pydantic import Field

from venice_ai.types._camel import Camel
from venice_ai.types._exact import ExactReply
from venice_ai.types._timestamps import Moment
from venice_ai.types._wire import Reply, Wire

__all__ = [
    "Capabilities",
    "Constraints",
    "Deprecation",
    "Model",
    "ModelFilter",
    "ModelList",
    "ModelReply",
    "ModelSpec",
    "NameMap",
    "Preset",
    "Price",
    "Pricing",
    "UpscalePricing",
    "VideoPricing",
]

ModelFilter: TypeAlias = Literal[
    "asr", "embedding", "image", "text", "tts", "upscale", "inpaint", "video", "all", "code"
]
"""A type of models, `all` of them, or the texts' that are made for `code`."""


class Capabilities(Camel):
    """Capabilities of a text model."""

    optimized_for_code: bool = False
    quantization: str | None = None
    supports_function_calling: bool = False
    supports_log_probs: bool = False
    supports_reasoning: bool = False
    supports_response_schema: bool = False
    supports_vision: bool = False
    supports_web_search: bool = False


class Preset(Wire):
    """Defaults for parameters that a request leaves out."""

    default: float


class Constraints(Wire):
    """Limits on the parameters of a model; those of images and videos are kept as the API sends them."""

    temperature: Preset | None = None
    top_p: Preset | None = None


class Price(Wire):
    """A price in both currencies."""

    usd: Decimal
    diem: Decimal | None = None


class UpscalePricing(Wire):
    """Prices of an enlarged image."""

    twice: Price | None = Field(None, alias="2x")
    fourfold: Price | None = Field(None, alias="4x")


class Pricing(Wire):
    """Prices of a model; which fields there are depends on its type.

    Those of text are by the million tokens, of speech by the million characters, of an image each.
    """

    input: Price | None = None
    output: Price | None = None
    cache_input: Price | None = None
    generation: Price | None = None
    upscale: UpscalePricing | None = None
    inpaint: Price | None = None


class VideoPricing(Camel):
    """Prices of a video model; `client.video.quote` prices one request."""

    video: Price | None = None
    """Of each video, whatever its duration."""
    second: dict[str, Price] = Field(default_factory=dict)
    """Of each second, by resolution: `480p`, `720p`, `1080p`."""
    sound_second: Price | None = None
    """Of each second with sound, in addition."""


class Deprecation(Wire):
    """The end of a model."""

    date: Moment = None
    """Date from which the model is no longer served."""


class ModelSpec(Camel):
    """Everything about a model."""

    name: str | None = None
    description: str | None = None
    privacy: str | None = None
    """`private`, or `anonymized` if the model's provider sees the requests."""
    available_context_tokens: int | None = None
    capabilities: Capabilities = Field(default_factory=Capabilities)
    constraints: Constraints | None = None
    pricing: Pricing | None = None
    video_pricing: VideoPricing | None = None
    """Of a video model, instead of `pricing`."""
    traits: list[str] = Field(default_factory=list)
    voices: list[str] | None = None
    model_source: str | None = None
    offline: bool = False
    beta: bool = False
    """Whether only some users have access."""
    beta_model: bool = False
    """Whether it may change or be removed without notice."""
    deprecation: Deprecation | None = None


class Model(Wire):
    """A model."""

    id: str
    object: str = "model"
    created: int | None = None
    """Release time, in Unix seconds."""
    owned_by: str | None = None
    type: str = "text"
    model_spec: ModelSpec = Field(default_factory=ModelSpec)


class ModelReply(ExactReply, Model):
    """One model."""


class ModelList(ExactReply):
    """The models of a type."""

    object: str = "list"
    type: str | None = None
    data: list[Model]


class NameMap(Reply):
    """Names, and the id of the model that each leads to."""

    object: str = "list"
    type: str | None = None
    data: dict[str, str]
