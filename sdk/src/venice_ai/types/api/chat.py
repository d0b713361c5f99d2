"""Chat completions: messages, response formats, tools, and the response."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from venice_ai.types._wire import Reply, Wire
from venice_ai.types.api.messages import (
    AssistantMessage,
    DeveloperMessage,
    FunctionCall,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)

__all__ = [
    "AssistantMessage",
    "ChatCompletionResponse",
    "Choice",
    "CompletionTokensDetails",
    "DeveloperMessage",
    "FinishReason",
    "FunctionCall",
    "FunctionDefinition",
    "FunctionName",
    "JSONObjectFormat",
    "JSONSchema",
    "JSONSchemaFormat",
    "Logprobs",
    "Message",
    "ParsedChatCompletion",
    "PromptTokensDetails",
    "SpecificToolChoice",
    "SystemMessage",
    "TextResponseFormat",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "ToolLoopResult",
    "ToolMessage",
    "TopLogprob",
    "Usage",
    "UserMessage",
    "VeniceParametersReply",
    "WebSearchCitation",
]

T = TypeVar("T", bound=BaseModel)

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"] | str  # noqa: PYI051 - the known ones, for whoever reads it


class FunctionDefinition(Wire):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    """JSON schema of its arguments."""
    strict: bool | None = None


class Tool(Wire):
    """A tool that the model may call."""

    type: str = "function"
    function: FunctionDefinition


class FunctionName(Wire):
    """The name of a function."""

    name: str


class SpecificToolChoice(Wire):
    """The one tool that must be called."""

    type: str = "function"
    function: FunctionName


class TextResponseFormat(Wire):
    """Text without a form."""

    type: Literal["text"] = "text"


class JSONObjectFormat(Wire):
    """Any JSON object."""

    type: Literal["json_object"] = "json_object"


class JSONSchema(Wire):
    """A schema and its name."""

    model_config = ConfigDict(populate_by_name=False)  # `schema`, also for type checkers

    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class JSONSchemaFormat(Wire):
    """JSON that fits a schema."""

    type: Literal["json_schema"] = "json_schema"
    json_schema: JSONSchema


class TopLogprob(Wire):
    """A token that could have been chosen."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None


class TokenLogprob(TopLogprob):
    """The token that was chosen, and the likeliest alternatives."""

    top_logprobs: list[TopLogprob] = Field(default_factory=list)


class Logprobs(Wire):
    """Log probabilities of an answer's tokens."""

    content: list[TokenLogprob] | None = None


class PromptTokensDetails(Wire):
    """Of the prompt's tokens."""

    cached_tokens: int | None = None


class CompletionTokensDetails(Wire):
    """Of the produced tokens."""

    reasoning_tokens: int | None = None


class Usage(Wire):
    """The billed tokens of a call."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


class WebSearchCitation(Wire):
    """A source that web search found."""

    title: str | None = None
    url: str | None = None
    content: str | None = None
    date: str | None = None


class VeniceParametersReply(Wire):
    """The `venice_parameters` that the call was answered with, and the sources."""

    web_search_citations: list[WebSearchCitation] | None = None


class Choice(Wire):
    """One answer."""

    index: int = 0
    message: AssistantMessage = Field(default_factory=AssistantMessage)
    finish_reason: FinishReason | None = None
    logprobs: Logprobs | None = None


class ChatCompletionResponse(Reply):
    """The reply of a chat, with `n` answers."""

    id: str = ""
    object: str = "chat.completion"
    created: int = 0
    """Unix time in seconds."""
    model: str = ""
    """The model that answered."""
    choices: list[Choice] = Field(default_factory=list)
    usage: Usage | None = None
    venice_parameters: VeniceParametersReply | None = None

    def parse_as(self, model: type[T]) -> T:
        """Return the first answer as a value of `model`.

        Raises:
            ValueError: There is no answer, or it has no text.
            pydantic.ValidationError: The text does not match `model`.
        """
        if not self.choices:
            raise ValueError("The reply has no choices, so there is nothing to parse.")
        text = self.choices[0].message.content
        if not isinstance(text, str) or not text:
            reason = self.choices[0].finish_reason
            raise ValueError(f"The answer has no text to parse; it finished with {reason!r}.")
        return model.model_validate_json(text)


@dataclass(frozen=True, slots=True)
class ParsedChatCompletion(Generic[T]):
    """An answer as the value that was requested."""

    parsed: T
    response: ChatCompletionResponse

    @property
    def usage(self) -> Usage:
        """The tokens of the call; all 0 where the server does not tell them."""
        return self.response.usage or Usage()


@dataclass(frozen=True, slots=True)
class ToolLoopResult:
    """Outcome of a conversation with tools."""

    response: ChatCompletionResponse
    """The last one, which calls no more tools."""
    messages: list[Any]
    """The whole conversation: the messages passed in, the calls, their results, the last answer."""
    iterations: int
    """Round trips to the model."""
