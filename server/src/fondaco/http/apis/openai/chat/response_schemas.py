"""The responses of POST /chat/completions, for OpenAPI and for tests."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema

_AS_GIVEN = "Opaque data of the engine: send it back unchanged with the next request. Often absent."


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class TopLogprob(_Shown):
    """A token and its log probability."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprob(TopLogprob):
    """The chosen token, and the likeliest alternatives."""

    top_logprobs: list[TopLogprob]


class Logprobs(_Shown):
    """Log probabilities of the tokens of a choice or chunk."""

    content: list[TokenLogprob]


class _Returned(_Shown):
    """Opaque fields of an engine that clients send back with the next request."""

    reasoning_details: list[dict[str, Any]] | None = Field(None, description=_AS_GIVEN)
    thinking_blocks: list[dict[str, Any]] | None = Field(None, description=_AS_GIVEN)
    extra_content: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    provider_specific_fields: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    reasoning_opaque: str | None = Field(None, description=_AS_GIVEN)


class _ReturnedCall(_Shown):
    """Opaque fields of a tool call."""

    extra_content: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    provider_specific_fields: dict[str, Any] | None = Field(None, description=_AS_GIVEN)
    thought_signature: str | None = Field(None, description=_AS_GIVEN)


class CalledFunction(_Shown):
    """The function that the model calls."""

    name: str
    arguments: str = Field(description="JSON text; in a stream, its first piece.")


class ToolCall(_ReturnedCall):
    """A function call: run it and send its result in a message of role `tool`."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class MoreArguments(_Shown):
    """The next piece of the arguments of a call."""

    arguments: str


class ToolCallBegun(ToolCall):
    """The first piece of a call in a stream."""

    index: int = Field(description="Index of the call within its choice.")


class ToolCallGoesOn(_ReturnedCall):
    """A further piece of a call in a stream."""

    index: int
    function: MoreArguments


class ReplyAudio(_Shown):
    """A reply that was read aloud."""

    id: str
    data: str = Field(description="The file as base64, in the format that was asked for.")
    expires_at: int = Field(description="Unix seconds of the reply itself: nothing is stored.")
    transcript: str = Field(description="The text.")


class AudioDelta(_Shown):
    """A part of a reply that is read aloud: id and transcript first, then pieces of the file, then its end."""

    id: str | None = None
    transcript: str | None = None
    data: str | None = Field(None, description="A piece of the file, as base64 of its own.")
    expires_at: int | None = None


class ReplyMessage(_Returned):
    """The message of the model."""

    role: Literal["assistant"]
    content: str | None
    reasoning_content: str | None
    tool_calls: list[ToolCall]
    audio: ReplyAudio | None = Field(
        None, description="With `modalities`: the reply, read aloud; null where that failed."
    )


class Choice(_Shown):
    """One of the alternatives that were requested."""

    index: int
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]
    logprobs: Logprobs | None
    message: ReplyMessage
    stop_reason: Literal["stop", "length"] | None


class PromptTokensDetails(_Shown):
    """Details of the prompt tokens."""

    cached_tokens: int = Field(
        description="Prompt tokens that came from the account's prompt cache."
    )


class CompletionTokensDetails(_Shown):
    """Details of the generated tokens; those of the prediction only where one was sent."""

    reasoning_tokens: int
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class UsageReport(_Shown):
    """The tokens of the call, for which it is charged."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


class Citation(_Shown):
    """A search result."""

    title: str
    url: str
    content: str | None = None
    date: str | None = None


class WebNote(_Shown):
    """A page or search that failed, in whole or in part."""

    code: str
    message: str
    url: str | None = Field(None, description="URL of the page, as in the message.")


class VeniceParametersReply(_Shown):
    """The `venice_parameters` in effect, whether from the body, the suffix or the defaults."""

    character_slug: str | None = None
    strip_thinking_response: bool
    disable_thinking: bool
    enable_web_search: Literal["auto", "off", "on"]
    enable_web_scraping: bool
    enable_web_citations: bool
    include_search_results_in_stream: bool
    return_search_results_as_documents: bool
    include_venice_system_prompt: bool
    enable_e2ee: bool | None = Field(None, description="As given; absent where it was not.")
    web_search_citations: list[Citation]
    web_notes: list[WebNote] | None = Field(
        None, description="Failed pages and searches; absent where none failed."
    )


class ChatCompletion(_Shown):
    """A response that is not streamed."""

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="Time of the request, in Unix seconds.")
    model: str = Field(description="Id of the model that ran.")
    choices: list[Choice]
    usage: UsageReport
    prompt_logprobs: None = None
    venice_parameters: VeniceParametersReply


class Delta(_Returned):
    """The part that a chunk adds to a choice."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallBegun | ToolCallGoesOn] | None = None
    audio: AudioDelta | None = None


class ChunkChoice(_Shown):
    """The part of one choice in a chunk."""

    index: int
    delta: Delta
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"] | None


class ChatCompletionChunk(_Shown):
    """One event of a streamed response."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    venice_parameters: VeniceParametersReply | None = Field(
        None,
        description="In the first chunk only: with the search results where they are asked for, and "
        "whenever a page or search failed.",
    )
    usage: UsageReport | None = None
