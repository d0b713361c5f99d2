"""The query and the responses of GET /models.

Source: GET /models, `ModelResponse`.
"""

from typing import Literal

from pydantic import Field

from fondaco.domain.models.model import ModelType, Privacy, Quantization
from fondaco.domain.models.video_model import VideoKind
from fondaco.http.endpoint.fields import Schema, Strict

Filter = Literal[
    "asr", "embedding", "image", "text", "tts", "upscale", "inpaint", "video", "all", "code"
]


class ModelsQuery(Strict):
    """Selects models."""

    type: Filter = Field("text", description="Only models of this type; `all` lists every type.")


class AllModelsQuery(ModelsQuery):
    """Selects models below `/v1`, where OpenAI's clients look for models of every type."""

    type: Filter = Field("all", description="Only models of this type; `all` lists every type.")


def kind_of(type_filter: Filter) -> ModelType | None:
    """Return the type that a filter stands for; None for all."""
    match type_filter:
        case "all":
            return None
        case "code":
            return ModelType.TEXT
        case _:
            return ModelType(type_filter)


class Capabilities(Schema):
    """Capabilities of a text model."""

    optimizedForCode: bool  # noqa: N815  # the wire's name, as all below
    quantization: Quantization
    supportsFunctionCalling: bool  # noqa: N815
    supportsReasoning: bool  # noqa: N815
    supportsResponseSchema: bool  # noqa: N815
    supportsVision: bool  # noqa: N815
    supportsWebSearch: bool  # noqa: N815
    supportsLogProbs: bool  # noqa: N815
    supportsE2EE: bool | None = Field(  # noqa: N815
        None, description="True of a model that takes encrypted content, and nothing else."
    )
    supportsTeeAttestation: bool | None = Field(  # noqa: N815
        None, description="True where `GET /tee/attestation` says what runs it."
    )


class Default(Schema):
    """A default value."""

    default: float


class Constraints(Schema):
    """Sampling defaults of a text model."""

    temperature: Default
    top_p: Default


class Steps(Schema):
    """Inference steps of an image model."""

    default: int
    max: int


class ImageConstraints(Schema):
    """Limits of an image model."""

    promptCharacterLimit: int  # noqa: N815
    steps: Steps
    widthHeightDivisor: int  # noqa: N815


class VideoConstraints(Schema):
    """Limits of a video model."""

    aspect_ratios: list[str]
    resolutions: list[str]
    durations: list[str]
    model_type: VideoKind
    audio: bool = Field(description="Whether its videos have sound.")
    audio_configurable: bool = Field(description="Whether a request may leave the sound out.")


class Amount(Schema):
    """A price; one DIEM equals one USD."""

    usd: float
    diem: float


class TokenPricing(Schema):
    """Prices of a text model per million tokens."""

    input: Amount
    output: Amount
    cache_input: Amount | None = None


class UpscalePricing(Schema):
    """Prices of upscaling an image."""

    twice: Amount = Field(alias="2x")
    fourfold: Amount = Field(alias="4x")


class ImagePricing(Schema):
    """Prices of an image model per image."""

    generation: Amount
    upscale: UpscalePricing
    inpaint: Amount


class VideoSecondPricing(Schema):
    """Prices of a second of video by its resolution."""

    sd: Amount = Field(alias="480p")
    hd: Amount = Field(alias="720p")
    full_hd: Amount = Field(alias="1080p")


class VideoPricing(Schema):
    """Prices of a video model; POST /api/v1/video/quote tells what a request costs."""

    video: Amount = Field(description="Of each video.")
    second: VideoSecondPricing
    soundSecond: Amount = Field(  # noqa: N815
        description="Of each second with sound, in addition."
    )


class TranscriptionPricing(Schema):
    """Price per second of sound."""

    per_audio_second: Amount


class InputPricing(Schema):
    """Price per million input tokens, or per million characters of speech."""

    input: Amount


class Deprecation(Schema):
    """The retirement of a model."""

    date: str = Field(description="Date of retirement, in UTC.")


class ModelSpec(Schema):
    """The specification of a model."""

    name: str
    privacy: Privacy
    availableContextTokens: int | None = Field(  # noqa: N815
        None, description="Of a text model: prompt and output; of an embedding model: one input."
    )
    description: str | None = Field(
        None,
        description="Of a model of embeddings, edits, upscaling or transcription: what it takes, and "
        "what comes of it.",
    )
    capabilities: Capabilities | None = Field(None, description="Of a text model.")
    constraints: Constraints | ImageConstraints | VideoConstraints | None = Field(
        None, description="Of a model of text, images or videos."
    )
    pricing: TokenPricing | ImagePricing | TranscriptionPricing | InputPricing | None = Field(
        None, description="Of all models but those of videos."
    )
    videoPricing: VideoPricing | None = Field(None, description="Of a video model.")  # noqa: N815
    traits: list[str]
    voices: list[str] | None = Field(None, description="Of a model that speaks.")
    modelSource: str  # noqa: N815
    offline: bool = Field(
        description="Whether it cannot be served: its file is missing, it was taken off, or none of its "
        "engines answered when they were last looked at."
    )
    offlineReason: Literal["not_installed", "withdrawn", "unreachable"] | None = Field(  # noqa: N815
        None,
        description="Of an offline model: its files are missing, the operator took it off, or none of its engines "
        "answers; else absent.",
    )
    beta: bool = Field(description="Whether it is for beta users only: never here.")
    betaModel: bool = Field(description="Whether it may change without notice.")  # noqa: N815
    deprecation: Deprecation | None = Field(
        None, description="Of a model whose end is announced; else absent."
    )


class ModelEntry(Schema):
    """One model."""

    id: str
    object: Literal["model"]
    created: int = Field(description="Unix seconds of its release.")
    owned_by: Literal["venice.ai"] = Field(
        description="Always this value: the contract knows no other."
    )
    type: ModelType
    model_spec: ModelSpec


class ModelList(Schema):
    """The models of a type."""

    object: Literal["list"]
    type: Filter
    data: list[ModelEntry]


class NameMap(Schema):
    """Names, and the id of the model that each stands for."""

    object: Literal["list"]
    type: Filter
    data: dict[str, str]
