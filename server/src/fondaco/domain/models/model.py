"""Catalogue entries: models by type, with capabilities, limits and prices."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.money.price import EmbeddingPrice, Price, TokenPrice

Quantization: TypeAlias = Literal["fp4", "fp8", "fp16", "bf16", "not-available"]


class ModelType(StrEnum):
    """The kind of output of a model. Source: GET /models, `type`."""

    ASR = "asr"
    EMBEDDING = "embedding"
    IMAGE = "image"
    TEXT = "text"
    TTS = "tts"
    UPSCALE = "upscale"
    INPAINT = "inpaint"
    VIDEO = "video"


RATE_CLASSES = {
    ModelType.TEXT: "small",
    ModelType.EMBEDDING: "embedding",
    ModelType.TTS: "audio",
    ModelType.ASR: "audio",
    ModelType.IMAGE: "image",
    ModelType.UPSCALE: "image",
    ModelType.INPAINT: "image",
    ModelType.VIDEO: "image",
}
"""Model type -> default rate class. Source: api-reference/rate-limiting.md."""


class Privacy(StrEnum):
    """Whether content stays with the operator, or also reaches a third party without the account's identity."""

    PRIVATE = "private"
    ANONYMIZED = "anonymized"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Capabilities of a text model. Source: GET /models, `model_spec.capabilities`."""

    optimized_for_code: bool = False
    function_calling: bool = False
    reasoning: bool = False
    response_schema: bool = False
    vision: bool = False
    audio_input: bool = False
    video_input: bool = False
    many_images: bool = False
    """Whether it accepts several images; otherwise it receives only the last one."""
    web_search: bool = False
    log_probs: bool = False
    e2ee: bool = False
    """Whether an enclave runs it, and takes encrypted content only."""
    quantization: Quantization = "not-available"


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """Default sampling parameters. Source: `model_spec.constraints`."""

    temperature: float = 0.7
    top_p: float = 0.9


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The announced end of a model. Source: overview/deprecations.md."""

    announced: date
    """The first day on which callers are notified."""
    sunset: date
    """The first day, in UTC, on which the model is no longer served."""
    replacement: str | None = None
    """The id of the model that replaces it, at the same or a lower price."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyModel:
    """One entry of the catalogue, of any type."""

    id: str
    name: str
    price: Price
    type: ModelType
    traits: tuple[str, ...] = ()
    privacy: Privacy = Privacy.PRIVATE
    source: str = ""
    """Source of the weights, a URL."""
    released: date = date(2025, 1, 1)
    beta: bool = False
    deprecation: Deprecation | None = None
    offline: bool = False
    """Set by the operator: listed, but not served."""
    engines: tuple[str, ...] = ()
    """Names of the engines that run it, in order of preference."""
    rate_class: str = "small"
    """The rate class, which selects the limits of a tier."""
    installed: bool = True
    """False if its file was missing at the start; its engine checks again at each call."""

    @property
    def available(self) -> bool:
        """Whether it can be served, as of the start."""
        return self.installed and not self.offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(AnyModel):
    """A model that generates text."""

    price: TokenPrice
    type: ModelType = ModelType.TEXT
    context_tokens: int
    """Prompt and output together."""
    max_output_tokens: int | None = None
    """None: limited by the context only."""
    capabilities: Capabilities = field(default_factory=Capabilities)
    defaults: SamplingDefaults = field(default_factory=SamplingDefaults)
    image_tokens: int = 4_096
    """The most prompt tokens of one image."""
    reasoning: ReasoningProfile | None = None
    """None: not a reasoning model."""
    judges_searches: bool = True
    """Whether it decides by itself which messages need a web search; otherwise a heuristic decides."""
    system_prompt: bool = True
    """Whether the platform's system prompt is prepended."""

    def output_limit(self, input_tokens: int, requested: int | None) -> int | None:
        """Return the most tokens one choice may have, or None where `requested` breaks the context.

        Without `requested` it is the model's cap, within the rest of the context (at least 1).
        """
        available = self.context_tokens - input_tokens
        cap = (
            available if self.max_output_tokens is None else min(available, self.max_output_tokens)
        )
        if requested is None:
            return cap if cap > 0 else None
        return min(requested, cap) if requested <= available else None


def takes_plain(model: AnyModel) -> bool:
    """Whether a model takes content that is not encrypted, as all do but the twins that an enclave runs."""
    return not (isinstance(model, Model) and model.capabilities.e2ee)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel(AnyModel):
    """A model that embeds texts."""

    price: EmbeddingPrice
    type: ModelType = ModelType.EMBEDDING
    context_tokens: int
    """The most tokens of one input, special tokens included."""
    dimensions: int
    """The length of its vectors."""
    least_dimensions: int | None = None
    """The shortest prefix of a vector that is still meaningful, by the model's card; None: no prefix."""

    def expect_dimensions(self, requested: int | None) -> None:
        """Check that the model supports vectors with the requested number of dimensions.

        Raises:
            InvalidRequestError: it does not; the message names those that it supports.
        """
        if requested is None or requested == self.dimensions:
            return
        minimum = self.dimensions if self.least_dimensions is None else self.least_dimensions
        if minimum <= requested < self.dimensions:
            return
        which = f"{self.dimensions} dimensions"
        which += f", which may be shortened to {minimum}" if minimum < self.dimensions else " only"
        reason = f"{self.id!r} has vectors of {which}; {requested} were requested."
        raise InvalidRequestError(
            f"{reason} Leave `dimensions` out, or choose another model.",
            faults={"dimensions": (reason,)},
        )
