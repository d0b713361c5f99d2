"""The responses of POST /v1/messages and of its count of tokens, for OpenAPI and for tests."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, RootModel

from fondaco.http.endpoint.fields import Schema


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class Text(_Shown):
    """Text of the model."""

    type: Literal["text"]
    text: str


class Thinking(_Shown):
    """Reasoning of the model; send it back unchanged with the next request."""

    type: Literal["thinking"]
    thinking: str
    signature: str = Field(description="Of the engine; empty where it signs nothing.")


class RedactedThinking(_Shown):
    """Data of the engine; send it back unchanged with the next request."""

    type: Literal["redacted_thinking"]
    data: str


class ToolUse(_Shown):
    """A tool call: run it and send its result as a `tool_result`."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]


class Query(_Shown):
    """Search query."""

    query: str


class ServerToolUse(_Shown):
    """A web search that this server made."""

    type: Literal["server_tool_use"]
    id: str
    name: Literal["web_search"]
    input: Query


class SearchResult(_Shown):
    """A page that was found."""

    type: Literal["web_search_result"]
    title: str
    url: str
    encrypted_content: str = Field(description="Always empty.")
    page_age: str | None


class SearchFault(_Shown):
    """A search that failed, or found nothing."""

    type: Literal["web_search_tool_result_error"]
    error_code: Literal["unavailable"]


class SearchResults(_Shown):
    """Results of a web search."""

    type: Literal["web_search_tool_result"]
    tool_use_id: str
    content: list[SearchResult] | SearchFault


ContentBlock: TypeAlias = Annotated[
    Text | Thinking | RedactedThinking | ToolUse | ServerToolUse | SearchResults,
    Field(discriminator="type"),
]


class ServerToolUsage(_Shown):
    """Requests of tools that this server ran."""

    web_search_requests: int
    web_fetch_requests: int


class ThinkingTokens(_Shown):
    """Details of the generated tokens."""

    thinking_tokens: int


class MessageUsage(_Shown):
    """The tokens of the call, for which it is charged."""

    input_tokens: int = Field(description="Prompt tokens that were not cached.")
    cache_creation_input_tokens: int = Field(description="Always 0: to fill a cache costs nothing.")
    cache_read_input_tokens: int = Field(
        description="Prompt tokens that came from the account's prompt cache."
    )
    output_tokens: int
    output_tokens_details: ThinkingTokens | None = None
    server_tool_use: ServerToolUsage | None = None


StopReason: TypeAlias = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]


class Message(_Shown):
    """A response that is not streamed."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str = Field(description="Id of the model that ran.")
    content: list[ContentBlock]
    stop_reason: StopReason | None = Field(description="Null at the start of a stream alone.")
    stop_sequence: str | None = Field(
        description="The one that ended the message, where the engine tells which."
    )
    usage: MessageUsage


class MessageStart(_Shown):
    """The first event of a stream: the message without content."""

    type: Literal["message_start"]
    message: Message


class BlockStart(_Shown):
    """The beginning of a content block."""

    type: Literal["content_block_start"]
    index: int
    content_block: ContentBlock


class TextDelta(_Shown):
    """The next piece of a text."""

    type: Literal["text_delta"]
    text: str


class ThinkingDelta(_Shown):
    """The next piece of reasoning."""

    type: Literal["thinking_delta"]
    thinking: str


class SignatureDelta(_Shown):
    """The signature of reasoning."""

    type: Literal["signature_delta"]
    signature: str


class InputDelta(_Shown):
    """The next piece of a tool call's input, as JSON text."""

    type: Literal["input_json_delta"]
    partial_json: str


class BlockDelta(_Shown):
    """A piece of a content block."""

    type: Literal["content_block_delta"]
    index: int
    delta: Annotated[
        TextDelta | ThinkingDelta | SignatureDelta | InputDelta, Field(discriminator="type")
    ]


class BlockStop(_Shown):
    """The end of a content block."""

    type: Literal["content_block_stop"]
    index: int


class StopDelta(_Shown):
    """Why the message ended."""

    stop_reason: StopReason
    stop_sequence: str | None


class MessageDelta(_Shown):
    """The end of the message, and its usage."""

    type: Literal["message_delta"]
    delta: StopDelta
    usage: MessageUsage


class MessageStop(_Shown):
    """The last event."""

    type: Literal["message_stop"]


class Ping(_Shown):
    """Event that keeps a silent stream open."""

    type: Literal["ping"]


class MessageEvent(
    RootModel[
        Annotated[
            MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop | Ping,
            Field(discriminator="type"),
        ]
    ]
):
    """One event of a streamed response."""


class TokenCount(_Shown):
    """The tokens of a prompt."""

    input_tokens: int
