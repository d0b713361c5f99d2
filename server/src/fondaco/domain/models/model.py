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
    """What a model makes. Source: GET /models, `type`."""

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
"""Which limits hold for a model whose entry names none. Source: api-reference/rate-limiting.md."""


class Privacy(StrEnum):
    """Who sees the content: nobody beyond this machine's operator, or an engine's company too."""

    PRIVATE = "private"
    ANONYMIZED = "anonymized"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a text model can do. Source: GET /models, `model_spec.capabilities`."""

    optimized_for_code: bool = False
    function_calling: bool = False
    reasoning: bool = False
    response_schema: bool = False
    vision: bool = False
    audio_input: bool = False
    video_input: bool = False
    many_images: bool = False
    """Whether it takes several images; else the last one alone is shown to it."""
    web_search: bool = False
    log_probs: bool = False
    quantization: Quantization = "not-available"


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """What is used where a caller names no value. Source: `model_spec.constraints`."""

    temperature: float = 0.7
    top_p: float = 0.9


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The announced end of a model. Source: overview/deprecations.md."""

    announced: date
    """From this day on it is told."""
    sunset: date
    """The first day, in UTC, on which the model answers no more."""
    replacement: str | None = None
    """The id of the model that answers from then on; of the same or lower price."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyModel:
    """One entry of the catalogue, whatever it makes."""

    id: str
    name: str
    price: Price
    type: ModelType
    traits: tuple[str, ...] = ()
    privacy: Privacy = Privacy.PRIVATE
    source: str = ""
    """Where the weights come from, a URL."""
    released: date = date(2025, 1, 1)
    beta: bool = False
    deprecation: Deprecation | None = None
    offline: bool = False
    """Listed, but not served: so its operator wants it."""
    engines: tuple[str, ...] = ()
    """Names of the engines that run it, in order of preference."""
    rate_class: str = "small"
    """Which limits of a tier hold for it."""
    installed: bool = True
    """False where its file was not on this machine at the start; its engine looks again at each call."""

    @property
    def available(self) -> bool:
        """Whether it could be served at the start."""
        return self.installed and not self.offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(AnyModel):
    """A model that makes text."""

    price: TokenPrice
    type: ModelType = ModelType.TEXT
    context_tokens: int
    """Prompt and output together."""
    max_output_tokens: int | None = None
    """None: whatever the context leaves."""
    capabilities: Capabilities = field(default_factory=Capabilities)
    defaults: SamplingDefaults = field(default_factory=SamplingDefaults)
    image_tokens: int = 4_096
    """As many as one image may count in a prompt."""
    reasoning: ReasoningProfile | None = None
    """None: it does not think aloud."""
    judges_searches: bool = True
    """Whether it can tell which messages need a search of the web; else their words decide."""
    system_prompt: bool = True
    """Whether the platform's own prompt is put before its conversations."""

    def output_limit(self, input_tokens: int, asked: int | None) -> int | None:
        """Return the most tokens one choice may have, or None where `asked` breaks the context.

        Without `asked` it is the model's cap within what the context leaves (at least 1).
        """
        room = self.context_tokens - input_tokens
        cap = room if self.max_output_tokens is None else min(room, self.max_output_tokens)
        if asked is None:
            return cap if cap > 0 else None
        return min(asked, cap) if asked <= room else None


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
    """The fewest numbers of a vector that still mean something alone, by the model's card; None: it
    may not be shortened."""

    def expect_dimensions(self, asked: int | None) -> None:
        """Return if vectors of this model may have as many dimensions as `asked`.

        Raises:
            InvalidRequestError: they may not; the message says which they may have.
        """
        if asked is None or asked == self.dimensions:
            return
        least = self.dimensions if self.least_dimensions is None else self.least_dimensions
        if least <= asked < self.dimensions:
            return
        which = f"{self.dimensions} dimensions"
        which += f", which may be shortened to {least}" if least < self.dimensions else " only"
        told = f"{self.id!r} has vectors of {which}; {asked} were requested."
        raise InvalidRequestError(
            f"{told} Leave `dimensions` out, or choose another model.",
            faults={"dimensions": (told,)},
        )
