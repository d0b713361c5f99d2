"""The responses of POST /responses, for OpenAPI and for tests."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema


class _Written(Schema):
    model_config = ConfigDict(extra="forbid")


class ResponseLogprob(_Written):
    """A token and its log probability."""

    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list["LikelyToken"] | None = None


class LikelyToken(_Written):
    """One of the likeliest tokens at a position."""

    token: str
    logprob: float
    bytes: list[int]


class UrlCitation(_Written):
    """A page that the text draws on."""

    type: Literal["url_citation"]
    start_index: int
    end_index: int
    title: str
    url: str


class OutputText(_Written):
    """Text of the model."""

    type: Literal["output_text"]
    text: str
    annotations: list[UrlCitation]
    logprobs: list[ResponseLogprob] = Field(description="Only where they are asked for.")


class OutputRefusal(_Written):
    """A refusal of the model."""

    type: Literal["refusal"]
    refusal: str


class MessageOutput(_Written):
    """A message of the model."""

    type: Literal["message"]
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"]
    content: list[OutputText | OutputRefusal]


class OutputReasoningText(_Written):
    """Reasoning of the model."""

    type: Literal["reasoning_text"]
    text: str


class ReasoningOutput(_Written):
    """Reasoning of the model: send it back with the next request."""

    type: Literal["reasoning"]
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    summary: list[dict[str, Any]] = Field(
        description="Empty: the reasoning itself is in `content`."
    )
    content: list[OutputReasoningText]
    encrypted_content: str | None = Field(
        description="Opaque data of the engine, in base64: send it back unchanged."
    )


class FunctionCallOutput(_Written):
    """A call of a function: run it, and send its result as a `function_call_output`."""

    type: Literal["function_call"]
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    call_id: str
    name: str
    namespace: str | None = Field(None, description="Of the tool, where it has one.")
    arguments: str = Field(description="JSON text.")


class CustomCallOutput(_Written):
    """A call of a custom tool: run it, and send its result as a `custom_tool_call_output`."""

    type: Literal["custom_tool_call"]
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    call_id: str
    name: str
    namespace: str | None = Field(None, description="Of the tool, where it has one.")
    input: str


class SearchOutput(_Written):
    """A web search, or a page that was read, before the model answered."""

    type: Literal["web_search_call"]
    id: str
    status: Literal["in_progress", "completed", "failed"]
    action: dict[str, Any]


class ResponseFailure(_Written):
    """Why a response failed."""

    code: str
    message: str


class IncompleteDetails(_Written):
    """Why a response is incomplete."""

    reason: Literal["max_output_tokens", "content_filter"]


class InputTokensDetails(_Written):
    """Details of the input tokens."""

    cached_tokens: int = Field(description="Tokens that came from the account's prompt cache.")
    cache_write_tokens: Literal[0] = Field(description="Writing to a prompt cache costs nothing.")


class OutputTokensDetails(_Written):
    """Details of the output tokens."""

    reasoning_tokens: int


class ResponseUsage(_Written):
    """The tokens of the call, for which it is charged."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


class ResponseReply(_Written):
    """A response: its output, and the request's parameters with the values in effect."""

    id: str
    object: Literal["response"]
    created_at: int = Field(description="Time of the request, in Unix seconds.")
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    error: ResponseFailure | None
    incomplete_details: IncompleteDetails | None
    output: list[
        MessageOutput | ReasoningOutput | FunctionCallOutput | CustomCallOutput | SearchOutput
    ]
    usage: ResponseUsage | None
    model: str = Field(description="Id of the model that ran.")
    background: Literal[False]
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: None
    prompt_cache_key: str | None
    reasoning: dict[str, Any]
    safety_identifier: str | None
    service_tier: Literal["default"]
    store: Literal[False] = Field(description="Nothing is stored.")
    temperature: float
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_logprobs: int
    top_p: float
    truncation: Literal["disabled"]
    user: str | None


class ResponseEvent(Schema):
    """One event of a streamed response, named by its `type` in the line `event:`, too."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="`response.created`, `response.output_text.delta`, `response.completed` and so on; "
        "`error` and `response.failed` where the stream ends with an error."
    )
    sequence_number: int = Field(description="Counts the events from 0.")
