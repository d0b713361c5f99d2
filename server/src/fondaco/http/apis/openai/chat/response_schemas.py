"""The replies of POST /chat/completions, as OpenAPI shows them and tests check them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_AS_GIVEN = "As the engine gave it, for the next request; absent where it gave none."


class _Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TopLogprob(_Shown):
    """A token that could have been chosen."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprob(TopLogprob):
    """The token that was chosen, and the likeliest alternatives."""

    top_logprobs: list[TopLogprob]


class Logprobs(_Shown):
    """Log probabilities of a choice's or a chunk's tokens."""

    content: list[TokenLogprob]


class _Returned(_Shown):
    """Fields that an engine gives with an answer and wants back, exactly as it wrote them."""

    reasoning_details: list[dict[str, Any]] | None = Field(None, description=_AS_GIVEN)
    thinking_blocks: list[dict[str, Any]] | None = Field(None, description=_AS_GIVEN)
    extra_content: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    provider_specific_fields: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    reasoning_opaque: str | None = Field(None, description=_AS_GIVEN)


class _ReturnedCall(_Shown):
    """The same, of a call."""

    extra_content: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    provider_specific_fields: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    thought_signature: str | None = Field(None, description=_AS_GIVEN)


class CalledFunction(_Shown):
    """The function that the model calls."""

    name: str
    arguments: str = Field(description="JSON text; streamed, its first piece.")


class ToolCall(_ReturnedCall):
    """A call of a function: the caller runs it and tells its result by a message of role `tool`."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class MoreArguments(_Shown):
    """The next piece of a call's arguments."""

    arguments: str


class ToolCallBegun(ToolCall):
    """The first piece of a call."""

    index: int = Field(description="Of the call within its choice.")


class ToolCallGoesOn(_ReturnedCall):
    """A further piece of a call."""

    index: int
    function: MoreArguments


class ReplyMessage(_Returned):
    """What the model said."""

    role: Literal["assistant"]
    content: str | None
    reasoning_content: str | None
    tool_calls: list[ToolCall]


class Choice(_Shown):
    """One answer."""

    index: int
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]
    logprobs: Logprobs | None
    message: ReplyMessage
    stop_reason: Literal["stop", "length"] | None


class PromptTokensDetails(_Shown):
    """Of the prompt's tokens."""

    cached_tokens: int = Field(description="Those answered from this account's prompt cache.")


class CompletionTokensDetails(_Shown):
    """Of the produced tokens; those of a prediction where there was one."""

    reasoning_tokens: int
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class UsageReport(_Shown):
    """What the call consumed, and what is charged."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


class Citation(_Shown):
    """A source that web search found."""

    title: str
    url: str
    content: str | None = None
    date: str | None = None


class WebNote(_Shown):
    """What could not be had from the web, or not whole."""

    code: str
    message: str
    url: str | None = Field(None, description="Of a page, as the message names it.")


class VeniceParametersReply(_Shown):
    """The venice_parameters that the call was answered with, by body, suffix or default."""

    character_slug: str | None = None
    strip_thinking_response: bool
    disable_thinking: bool
    enable_web_search: Literal["auto", "off", "on"]
    enable_web_scraping: bool
    enable_web_citations: bool
    include_search_results_in_stream: bool
    return_search_results_as_documents: bool
    include_venice_system_prompt: bool
    web_search_citations: list[Citation]
    web_notes: list[WebNote] | None = Field(
        None, description="What could not be had from the web; absent where nothing is missing."
    )


class ChatCompletion(_Shown):
    """A whole reply."""

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="Unix seconds.")
    model: str = Field(description="The id of the model that ran.")
    choices: list[Choice]
    usage: UsageReport
    prompt_logprobs: None = None
    venice_parameters: VeniceParametersReply


class Delta(_Returned):
    """What a chunk adds to a choice."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallBegun | ToolCallGoesOn] | None = None


class ChunkChoice(_Shown):
    """One choice's part in a chunk."""

    index: int
    delta: Delta
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"] | None


class ChatCompletionChunk(_Shown):
    """One event of a streamed reply."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    venice_parameters: VeniceParametersReply | None = Field(
        None,
        description="In the first event alone: on demand with what a search found, and always with "
        "what could not be had from the web.",
    )
    usage: UsageReport | None = None
