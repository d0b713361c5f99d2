"""Dialects: the APIs of engines, and differences between those that call themselves OpenAI-compatible, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias, TypeGuard, get_args


class Count(StrEnum):
    """The endpoint that counts a prompt."""

    NOT = "not"
    TOKENIZE = "tokenize"
    """vLLM's `POST /tokenize` beside `/v1`."""
    INPUT_TOKENS = "input_tokens"
    """llama-server's `POST /v1/chat/completions/input_tokens`."""


class EffortField(StrEnum):
    """The request field for reasoning effort."""

    FLAT = "reasoning_effort"
    TEMPLATE = "chat_template_kwargs"
    """Among the variables of the chat template."""
    OBJECT = "reasoning"
    """With `effort` and `summary`."""


class Guides(StrEnum):
    """The request field for constraints: regular expressions, choices and grammars."""

    NOT = "not"
    STRUCTURED_OUTPUTS = "structured_outputs"
    """vLLM's object of that name, since 0.11; Lark and GBNF alike."""
    GRAMMAR = "grammar"
    """llama-server's `grammar`, in GBNF alone."""


class Prefix(StrEnum):
    """Ways to ask for a continuation of the conversation's last message."""

    NOT = "not"
    FIELD = "prefix"
    """The message's `prefix: true`: Mistral, DeepSeek."""
    TEMPLATE = "continue_final_message"
    """vLLM's field of that name."""
    ALWAYS = "always"
    """Without a field: it always continues a final assistant message."""


class Isolation(StrEnum):
    """Ways to isolate prompt caches of different scopes."""

    OPERATOR = "operator"
    """Not by the request: the operator configures the engine."""
    SALT = "salt"
    """vLLM's `cache_salt`."""
    NO_CACHE = "no-cache"
    """llama-server's `cache_prompt: false`: a call with a scope reuses nothing."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The profile of one kind of engine."""

    output_limit: str = "max_tokens"
    """The field for the output limit of a choice."""
    needs_limit: bool = False
    """Without a limit it may generate beyond its context, so every request sets one."""
    engine_parameters: Mapping[str, str] = field(default_factory=dict)
    """Sampling fields beyond OpenAI's that it supports: our name -> its name."""
    many_choices: bool = True
    least_top_logprobs: int = 0
    """The least `top_logprobs`, sent if only the chosen tokens' log probabilities are requested."""
    reasoning: str | None = None
    """The field for an earlier message's reasoning; None: not supported."""
    opaque: bool = False
    """It accepts the opaque fields of earlier answers; see `domain.chat.opaque`."""
    prefix: Prefix = Prefix.NOT
    cache_control: bool = False
    """It supports `cache_control` of texts."""
    effort: EffortField = EffortField.FLAT
    switches: bool = False
    """It supports template variables, as `chat_template_kwargs`."""
    usage_per_choice: bool = False
    """With several choices, a stream reports usage per choice, and a non-streaming response only the first's."""
    usage_in_chunks: bool = False
    """It can report the usage so far in every chunk."""
    dynamic_temperature: bool = False
    """It supports llama.cpp's `dynatemp_range`."""
    logit_bias: bool = True
    """It supports OpenAI's `logit_bias`."""
    stop_shown: bool = False
    """It can include the stop sequence in the output."""
    prediction: bool = False
    """It supports predicted outputs."""
    guides: Guides = Guides.NOT
    templates: bool = False
    """It supports a chat template in the request, as `chat_template`."""
    hints: frozenset[str] = frozenset()
    """Fields that it supports and that do not affect the output."""
    tool_choice: bool = True
    """Whether it supports `tool_choice`."""
    parallel_tool_calls: bool = True
    """Whether it supports `parallel_tool_calls`; if not, only the first call is passed on."""
    count: Count = Count.NOT
    isolation: Isolation = Isolation.OPERATOR
    audio: bool = True
    """It supports `input_audio`."""
    completions: bool = True
    """It has `POST /completions` for raw prompts."""
    many_prompts: bool = False
    """It completes several raw prompts in one request; else each is one of its own."""
    token_prompts: bool = True
    """It takes raw prompts as token ids."""
    suffix: bool = False
    """It fills in text before a suffix."""
    scores_prompts: bool = False
    """It echoes raw prompts with the log probabilities of their tokens."""
    videos: bool = False
    """It supports `video_url`."""


ChatDialectName: TypeAlias = Literal["openai", "vllm", "llama-server", "ollama", "openrouter"]
"""Variants of OpenAI's API.

>>> from typing import get_args
>>> set(get_args(ChatDialectName)) == DIALECTS.keys()
True
"""

ImageDialectName: TypeAlias = Literal["automatic1111", "sd-server", "comfyui"]
"""APIs of engines that make images and nothing else."""

VideoDialectName: TypeAlias = Literal["video-queue"]
"""APIs of engines that make videos and nothing else."""

DialectName: TypeAlias = Literal[ChatDialectName, ImageDialectName, VideoDialectName]
"""Names of dialects in the settings."""

DIALECTS: Mapping[str, Dialect] = {
    "openai": Dialect(
        output_limit="max_completion_tokens",
        many_prompts=True,
        suffix=True,
        prediction=True,
        reasoning="reasoning_content",
        opaque=True,
        prefix=Prefix.FIELD,
        hints=frozenset(
            {"prompt_cache_key", "prompt_cache_retention", "store", "metadata", "text"}
        ),
    ),
    "vllm": Dialect(
        output_limit="max_completion_tokens",
        engine_parameters={
            "top_k": "top_k",
            "min_p": "min_p",
            "repetition_penalty": "repetition_penalty",
            "stop_token_ids": "stop_token_ids",
        },
        stop_shown=True,
        guides=Guides.STRUCTURED_OUTPUTS,
        templates=True,
        reasoning="reasoning",
        prefix=Prefix.TEMPLATE,
        switches=True,
        usage_in_chunks=True,
        count=Count.TOKENIZE,
        many_prompts=True,
        scores_prompts=True,
        isolation=Isolation.SALT,
        videos=True,
    ),
    "llama-server": Dialect(
        needs_limit=True,
        engine_parameters={
            "top_k": "top_k",
            "min_p": "min_p",
            "repetition_penalty": "repeat_penalty",
        },
        least_top_logprobs=1,
        guides=Guides.GRAMMAR,
        reasoning="reasoning_content",
        prefix=Prefix.ALWAYS,
        effort=EffortField.TEMPLATE,
        switches=True,
        usage_per_choice=True,
        dynamic_temperature=True,
        count=Count.INPUT_TOKENS,
        isolation=Isolation.NO_CACHE,
    ),
    "ollama": Dialect(
        needs_limit=True,
        many_choices=False,
        logit_bias=False,
        reasoning="reasoning",
        tool_choice=False,
        parallel_tool_calls=False,
        audio=False,
        token_prompts=False,
        suffix=True,
    ),
    "openrouter": Dialect(
        engine_parameters={
            "top_k": "top_k",
            "min_p": "min_p",
            "repetition_penalty": "repetition_penalty",
        },
        many_choices=False,
        prediction=True,
        reasoning="reasoning",
        opaque=True,
        prefix=Prefix.ALWAYS,
        cache_control=True,
        effort=EffortField.OBJECT,
        videos=True,
        token_prompts=False,
    ),
}


def is_of_images(name: DialectName) -> TypeGuard[ImageDialectName]:
    """Whether a dialect is of engines that make images and nothing else."""
    return name in get_args(ImageDialectName)


def is_of_videos(name: DialectName) -> TypeGuard[VideoDialectName]:
    """Whether a dialect is of engines that make videos and nothing else."""
    return name in get_args(VideoDialectName)


def dialect_named(name: str) -> DialectName | None:
    """Return the dialect of a name, or None where there is none.

    >>> dialect_named("vllm"), dialect_named("ftp")
    ('vllm', None)
    """
    return next((known for known in get_args(DialectName) if known == name), None)
