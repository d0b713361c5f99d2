"""Tables of a model's entry."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    Field,
)

from fondaco import patterns
from fondaco.domain.chat.reasoning import Effort, ReasoningField, ReasoningSwitch
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.video_model import VideoKind
from fondaco.sections.base import ImageMoney, ModelId, Money, Section


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
