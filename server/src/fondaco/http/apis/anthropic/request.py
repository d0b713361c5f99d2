"""The bodies of POST /v1/messages and of its count of tokens, and their conversion to the domain.

Source: Anthropic's API reference, "Create a message" and "Count tokens in a message".
"""

from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from fondaco.domain.chat import request as domain
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningOptions
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, Sampling
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.output_format.output_format import JsonSchema
from fondaco.http.apis.anthropic.blocks import InputMessage, TextBlock
from fondaco.http.apis.anthropic.conversation import (
    BILLING_HEADER,
    hints_of,
    is_billing_header,
    system_of,
    turns,
)
from fondaco.http.apis.anthropic.tools import (
    RequestedTools,
    ToolPreference,
    tool_options_of,
    web_options_of,
)
from fondaco.http.apis.openai.chat.feature_suffix import parameters_of
from fondaco.http.apis.openai.chat.request import VeniceParameters
from fondaco.http.apis.openai.chat.unknown_fields import paths
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS
from fondaco.http.endpoint.fields import Many, Open, Probability, StopText, TokenId, Tokens

_MOST_MESSAGES = 100_000
_EXAMPLE_PROMPT: JsonDict = {
    "model": "default",
    "messages": [{"role": "user", "content": "Name the capital of Italy."}],
}
_EXAMPLE: JsonDict = {**_EXAMPLE_PROMPT, "max_tokens": 40, "temperature": 0}
_NO_SAMPLING = Sampling()
_SAMPLING_FIELDS = frozenset({"temperature", "top_p", "top_k", "stop_sequences"})
_OPTION_FIELDS = frozenset({"tools", "tool_choice", "thinking", "output_config", "output_format"})
_NO_REASONING_OPTIONS = ReasoningOptions()
_BILLING_FIELD = f"system.{BILLING_HEADER.removesuffix(':').replace('-', '_')}"


class ThinkingConfig(Open):
    """Whether the model reasons before it answers."""

    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        None, description="Upper bound of reasoning tokens, where the engine supports one."
    )
    display: Literal["summarized", "omitted"] | None = Field(
        None,
        description="`omitted`: the response is without reasoning, which is charged all the same.",
    )

    @model_validator(mode="after")
    def _expect_budget(self) -> Self:
        if self.type == "enabled" and self.budget_tokens is None:
            raise ValueError("The type 'enabled' needs budget_tokens; 'adaptive' does not.")
        return self


class OutputSchema(Open):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema", description="JSON Schema of the output.")


class OutputConfig(Open):
    """Options of the output."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        None, description="Reasoning effort, where the model has such."
    )
    format: OutputSchema | None = None


class Metadata(Open):
    """Data about the request."""

    user_id: str | None = Field(None, description="Accepted and discarded.")


class CountRequest(Open):
    """The prompt of a request. Unknown fields are ignored and listed in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_PROMPT]})

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name of a model; `venice_parameters` may follow as a "
        "suffix: `name:param=value&param=value`.",
    )
    messages: Annotated[Many[InputMessage], Field(min_length=1, max_length=_MOST_MESSAGES)] = Field(
        description="The conversation so far. Where an assistant's message is the last one, the response "
        "continues it, if the engine supports that."
    )
    system: str | Many[TextBlock] | None = Field(None, description="Instructions for the model.")
    tools: RequestedTools | None = Field(None, description="Tools that the model may call.")
    tool_choice: ToolPreference | None = None
    thinking: ThinkingConfig | None = Field(None, description="Without it the model decides.")
    output_config: OutputConfig | None = None
    output_format: OutputSchema | None = Field(
        None, description="Older spelling of `output_config.format`."
    )
    container: None = Field(None, description="Not supported.")
    mcp_servers: Annotated[list[Any], Field(max_length=0)] | None = Field(
        None, description="Not supported; offer the tools of such servers as tools."
    )

    def take_suffix(self, catalogue: Catalogue) -> VeniceParameters:
        """Cut the feature suffix off the model's name, and return what it says.

        Raises:
            InvalidRequestError: the suffix is malformed, or has an unknown parameter or a bad value.
            SealedRequestError: it demands encryption, which this dialect has not.
        """
        if ":" not in self.model:
            return DEFAULT_PARAMETERS
        self.model, suffix = catalogue.split(self.model)
        if suffix is None:
            return DEFAULT_PARAMETERS
        parameters = parameters_of(suffix)
        parameters.expect_plain()
        return parameters

    @property
    def ignored(self) -> tuple[str, ...]:
        """The paths of fields that have no effect."""
        if self._is_plain():
            return ()
        ignored = set(paths(self))
        if isinstance(self.system, list) and any(map(is_billing_header, self.system)):
            ignored.add(_BILLING_FIELD)
        return tuple(sorted(ignored))

    def _is_plain(self) -> bool:
        """Whether nothing can be unknown, as in short requests."""
        return (
            not self.model_extra
            and self.model_fields_set.isdisjoint(_OPTION_FIELDS)
            and not isinstance(self.system, list)
            and not any(one.model_extra or isinstance(one.content, list) for one in self.messages)
        )

    def conversation(
        self, parameters: VeniceParameters, cache_scope: str, *, sampling: Sampling, stream: bool
    ) -> domain.ChatRequest:
        """Convert the body to the domain; the output limit is set at admission.

        Args:
            parameters: those of the model's feature suffix.
            cache_scope: the account, whose prompt caches are its own.
            sampling: as asked for.
            stream: whether the response is a stream.

        Raises:
            InvalidRequestError: the tools or the choice among them make no sense.
        """
        messages = (*system_of(self.system), *turns(self.messages))
        return domain.ChatRequest(
            model=self.model,
            messages=messages,
            max_output_tokens=0,
            sampling=sampling,
            stream=stream,
            cache_scope=cache_scope,
            system_prompt=parameters.include_venice_system_prompt,
            options=self._options(messages, parameters),
            within_context=True,
        )

    def _options(self, messages: tuple[Message, ...], parameters: VeniceParameters) -> ChatOptions:
        if self._is_plain() and parameters is DEFAULT_PARAMETERS and messages[-1].role is Role.USER:
            return NO_OPTIONS
        options = ChatOptions(
            web=web_options_of(self.tools, self.tool_choice) or parameters.web,
            tool_options=tool_options_of(self.tools, self.tool_choice),
            output_format=self._output_format(),
            reasoning=self._reasoning(parameters),
            hints=hints_of(self.system, self.messages, messages),
            media=any(_has_media(message) for message in messages),
        )
        return NO_OPTIONS if options == NO_OPTIONS else options

    def _output_format(self) -> JsonSchema | None:
        place = "output_config.format.schema"
        wanted = None if self.output_config is None else self.output_config.format
        if wanted is None and self.output_format is not None:
            place, wanted = "output_format.schema", self.output_format
        if wanted is None:
            return None
        return JsonSchema(orjson.dumps(wanted.schema_).decode(), field_path=place)

    def _reasoning(self, parameters: VeniceParameters) -> ReasoningOptions | None:
        asked, effort = self.thinking, None
        if self.output_config is not None:
            effort = self.output_config.effort
        options = ReasoningOptions(
            off=parameters.disable_thinking or (asked is not None and asked.type == "disabled"),
            strip=parameters.strip_thinking_response
            or (asked is not None and asked.display == "omitted"),
            effort=effort,
            budget_tokens=None if asked is None else asked.budget_tokens,
            on=asked is not None and asked.type != "disabled",
        )
        return None if options == _NO_REASONING_OPTIONS else options


class MessageRequest(CountRequest):
    """A request for a message. Unknown fields are ignored and listed in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    max_tokens: Tokens = Field(
        description="Upper bound of generated tokens, reasoning included; one beyond the model's context "
        "means as many as fit."
    )
    stream: bool | None = None
    temperature: Probability | None = Field(
        None, description="Sampling temperature; 0 always picks the likeliest token."
    )
    top_p: Probability | None = None
    top_k: TokenId | None = None
    stop_sequences: Annotated[list[StopText], Field(max_length=16)] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = Field(
        None, description="Accepted; there is one tier."
    )

    def to_domain(self, parameters: VeniceParameters, cache_scope: str) -> domain.ChatRequest:
        """Convert the body to the domain, as `conversation` does.

        Raises:
            InvalidRequestError: the tools or the choice among them make no sense.
        """
        return self.conversation(
            parameters, cache_scope, sampling=self._sampling(), stream=bool(self.stream)
        )

    def _sampling(self) -> Sampling:
        if self.model_fields_set.isdisjoint(_SAMPLING_FIELDS):
            return _NO_SAMPLING
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            stop=tuple(self.stop_sequences or ()),
        )


def _has_media(message: Message) -> bool:
    content = message.content
    return isinstance(content, tuple) and any(not isinstance(part, str) for part in content)
