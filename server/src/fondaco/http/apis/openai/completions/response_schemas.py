"""The responses of POST /completions, for OpenAPI and for tests."""

from typing import Literal

from pydantic import ConfigDict, Field

from fondaco.http.apis.openai.chat.response_schemas import UsageReport
from fondaco.http.endpoint.fields import Schema


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class CompletionLogprobs(_Shown):
    """Log probabilities of the tokens of a choice or chunk, as lists side by side."""

    tokens: list[str]
    token_logprobs: list[float | None] = Field(
        description="Null for the first token of an echoed prompt, which nothing precedes."
    )
    top_logprobs: list[dict[str, float] | None] = Field(
        description="The likeliest tokens, and the chosen one if it is none of them."
    )
    text_offset: list[int] = Field(description="Where each token begins in the choice's text.")


class CompletionChoice(_Shown):
    """A continuation of one prompt."""

    index: int = Field(description="The prompt's place times `n`, plus the choice's own.")
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: Literal["stop", "length", "content_filter"] | None = Field(
        description="Null in all chunks of a stream but the last of a choice."
    )


class Completion(_Shown):
    """The continuations of all prompts."""

    id: str
    object: Literal["text_completion"]
    created: int = Field(description="Unix seconds.")
    model: str = Field(description="The id of the model that ran.")
    choices: list[CompletionChoice]
    usage: UsageReport


class CompletionChunk(_Shown):
    """A piece of a stream."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: UsageReport | None = Field(
        None, description="Only in the last chunk, with `stream_options.include_usage`."
    )
