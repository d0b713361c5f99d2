"""The body of POST /responses, and its conversion to the domain.

Source: POST /responses of OpenAI's API.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic.config import JsonDict

from fondaco.domain.chat.reasoning import Effort, ReasoningOptions, Summary
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.output_format import JsonSchema, OutputFormat
from fondaco.domain.web import WebOptions
from fondaco.http.apis.openai.chat.options import (
    ObjectFormat,
    SchemaObject,
    TextFormat,
    output_format_of,
)
from fondaco.http.apis.openai.chat.request import VeniceParameters
from fondaco.http.apis.openai.chat.unknown_fields import paths
from fondaco.http.apis.openai.responses.request.conversation import Conversation
from fondaco.http.apis.openai.responses.request.input_items import NOTHING_STORED, Item, MessageItem
from fondaco.http.apis.openai.responses.request.tools import (
    NO_TOOLS,
    Choice,
    Tool,
    Tooling,
    tooling,
)
from fondaco.http.apis.openai.responses.request.variants import (
    LIST,
    TEXT,
    by_type,
    refused,
    tags_of,
    text_or_list,
)
from fondaco.http.endpoint.fields import VARIANT, Many, Open, Probability, Temperature, Tokens

_NOT_STORED = f"{NOTHING_STORED}, so there is no {{}}: send the whole conversation as `input`."
_HINTS = ("prompt_cache_key", "prompt_cache_retention")
"""Fields that are passed on where an engine takes them."""
_OPTIONS = frozenset(
    {"tools", "tool_choice", "text", "reasoning", "venice_parameters", *_HINTS},
)
"""Fields without which a conversation of texts has no options, as most."""
_DEEP = frozenset(
    {"tools", "tool_choice", "text", "reasoning", "stream_options", "venice_parameters"}
)
"""Fields beside the input that may hold unknown fields."""
_LOGPROBS = "message.output_text.logprobs"
SOURCES = "web_search_call.action.sources"
_INCLUDED = frozenset({_LOGPROBS, SOURCES, "reasoning.encrypted_content"})
"""Values of `include`; encrypted reasoning is always included, where an engine returns it."""
_EXAMPLE: JsonDict = {"model": "default", "input": "Say hello.", "max_output_tokens": 32}
_NO_SAMPLING = Sampling()
_NO_REASONING = ReasoningOptions(effort_field="reasoning")
_Null: TypeAlias = Annotated[Any, WithJsonSchema({"type": "null"})]
"""Anything, so that a validator can say why it is refused; OpenAPI shows null alone."""


class ReasoningChoice(Open):
    """Amount of reasoning."""

    effort: Effort | None = None
    summary: Summary | None = Field(
        None,
        description="Passed on where the engine supports it. Models of open weights give their reasoning itself.",
    )
    generate_summary: Summary | None = Field(None, description="Alias of `summary`.")


class NamedSchemaFormat(Open):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: str = Field("answer", max_length=64)
    schema_: SchemaObject = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


_Format: TypeAlias = Annotated[
    Annotated[TextFormat, Tag(f"{VARIANT}text")]
    | Annotated[ObjectFormat, Tag(f"{VARIANT}json_object")]
    | Annotated[NamedSchemaFormat, Tag(f"{VARIANT}json_schema")],
    Discriminator(
        by_type(tags_of("text", "json_object", "json_schema")),
        custom_error_type="text_format",
        custom_error_message="Its type should be one of 'text', 'json_object', 'json_schema'",
    ),
]


class TextChoice(Open):
    """The format of the text, and how long it is."""

    format: _Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = Field(
        None, description="Passed on where the engine supports it."
    )


class ResponseStreamOptions(Open):
    """Options of a stream."""

    include_obfuscation: bool | None = Field(None, description="Accepted; nothing is padded.")


class ResponsesRequest(Open):
    """A request for a response. Unknown fields are ignored and listed in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name of a model; `venice_parameters` may follow as a "
        "suffix: `name:param=value&param=value`.",
    )
    input: Annotated[
        Annotated[str, Tag(TEXT)] | Annotated[Many[Item], Field(min_length=1), Tag(LIST)],
        Discriminator(
            text_or_list,
            custom_error_type="response_input",
            custom_error_message="Input should be a text, or a list of items",
        ),
    ] = Field(description="What the user says, or the whole conversation as items.")
    instructions: str | None = Field(None, description="A system message before the conversation.")
    tools: Annotated[list[Tool], Field(max_length=128)] | None = Field(
        None, description="Functions, custom tools and web search."
    )
    tool_choice: Choice | None = Field(
        None, description="Whether the model may, must or must not call a tool, or which."
    )
    parallel_tool_calls: bool | None = Field(
        None, description="Whether one response may contain several calls; by default it may."
    )
    text: TextChoice | None = None
    reasoning: ReasoningChoice | None = None
    max_output_tokens: Tokens | None = Field(
        None, description="Upper bound of generated tokens, reasoning included."
    )
    temperature: Temperature | None = Field(
        None, description="Sampling temperature; 0 always picks the likeliest token."
    )
    top_p: Probability | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="How many of the likeliest tokens to return at each position."
    )
    include: Annotated[list[str], Field(max_length=50)] | None = Field(
        None,
        description=f"`{_LOGPROBS}`, `{SOURCES}` or `reasoning.encrypted_content`; others are ignored.",
    )
    max_tool_calls: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Accepted: the platform makes one web search at most."
    )
    truncation: Literal["auto", "disabled"] | None = Field(
        None,
        description="`auto` is ignored: a conversation beyond the context of the model is refused.",
    )
    metadata: dict[str, str] | None = Field(None, description="Returned with the response.")
    stream: bool | None = None
    stream_options: ResponseStreamOptions | None = None
    store: bool | None = Field(
        None,
        description="Nothing is stored; `true` is refused, except from clients that always send it.",
        json_schema_extra={"anyOf": [{"const": False}, {"type": "null"}]},
    )
    previous_response_id: Annotated[_Null, refused(_NOT_STORED.format("previous response"))] = (
        Field(None, description="Refused: nothing is stored.")
    )
    conversation: Annotated[_Null, refused(_NOT_STORED.format("conversation"))] = Field(
        None, description="Refused: nothing is stored."
    )
    prompt: Annotated[
        _Null, refused(f"{NOTHING_STORED}, templates of prompts neither: send `instructions`.")
    ] = Field(None, description="Refused: nothing is stored.")
    background: Annotated[
        Any,
        refused(
            f"{NOTHING_STORED}, so no response can be fetched later: stream it, or wait for it.",
            False,  # noqa: FBT003 - the value that is taken
        ),
        WithJsonSchema({"anyOf": [{"const": False}, {"type": "null"}]}),
    ] = Field(None, description="Refused unless false: nothing is stored.")
    service_tier: str | None = Field(
        None, max_length=100, description="There is one tier, `default`: others are ignored."
    )
    user: str | None = Field(None, description="Returned with the response, and discarded.")
    safety_identifier: str | None = Field(None, description="As `user`.")
    prompt_cache_key: str | None = Field(
        None,
        max_length=1000,
        description="Passed on as a hash where the engine supports it; caches are separate per account.",
    )
    prompt_cache_retention: str | None = Field(
        None, max_length=100, description="Passed on where the engine supports it."
    )
    venice_parameters: VeniceParameters | None = None

    @property
    def character(self) -> str | None:
        """The slug of the character that answers."""
        return None if self.venice_parameters is None else self.venice_parameters.character_slug

    @property
    def logprobs(self) -> int | None:
        """Number of alternatives of each token to return; None: no log probabilities."""
        if self.top_logprobs or _LOGPROBS in (self.include or ()):
            return self.top_logprobs or 0
        return None

    @property
    def tooling(self) -> Tooling:
        """The tools.

        Raises:
            InvalidRequestError: the choice is not offered, or two tools have one name.
        """
        if not self.tools and self.tool_choice is None:
            return NO_TOOLS
        parallel = self.parallel_tool_calls is not False
        return tooling(self.tools or (), self.tool_choice, parallel=parallel)

    def expect_possible(self, *, always_stores: bool) -> None:
        """Return if nothing is to be stored.

        Args:
            always_stores: whether the client asks for it in every request, whoever uses it.

        Raises:
            InvalidRequestError: something is.
        """
        if self.store and not always_stores:
            why = f"{NOTHING_STORED}: a response cannot be fetched later, nor go on from its id."
            raise InvalidRequestError(
                f"store: {why} Set `store` to false and send the whole conversation as `input`.",
                faults={"store": (why,)},
            )

    def ignored(self, found: Conversation, tools: Tooling) -> tuple[str, ...]:
        """Return the paths of fields that have no effect."""
        return (*found.ignored, *tools.ignored, *self._ignored())

    def _ignored(self) -> Iterator[str]:
        if self.store:
            yield "store"
        if self.truncation == "auto":
            yield "truncation"
        if self.service_tier not in (None, "auto", "default"):
            yield "service_tier"
        if self.include and not _INCLUDED.issuperset(self.include):
            yield "include"
        own = self.venice_parameters
        if own is not None and own.include_search_results_in_stream:
            yield "venice_parameters.include_search_results_in_stream"
        if own is not None and own.return_search_results_as_documents:
            yield "venice_parameters.return_search_results_as_documents"
        if not self._is_plain():
            yield from paths(self)

    def _is_plain(self) -> bool:
        """Whether a request can have no unknown fields, like most short ones."""
        if self.__pydantic_extra__ or not _DEEP.isdisjoint(self.__pydantic_fields_set__):
            return False
        return isinstance(self.input, str) or all(
            item.__class__ is MessageItem
            and not item.__pydantic_extra__
            and item.content.__class__ is str
            for item in self.input
        )

    def to_domain(self, found: Conversation, tools: Tooling, cache_scope: str) -> ChatRequest:
        """Convert the body to the domain; the output limit is set at admission."""
        own = self.venice_parameters
        sampling = _NO_SAMPLING
        if self.temperature is not None or self.top_p is not None:
            sampling = Sampling(temperature=self.temperature, top_p=self.top_p)
        request = ChatRequest(
            model=self.model,
            messages=found.messages,
            max_output_tokens=0,
            sampling=sampling,
            top_logprobs=self.logprobs,
            stream=bool(self.stream),
            cache_scope=cache_scope,
            system_prompt=own is None or own.include_venice_system_prompt,
            options=self._options(found, tools),
        )
        return request.with_instructions(self.instructions) if self.instructions else request

    def _options(self, found: Conversation, tools: Tooling) -> ChatOptions:
        if self.__pydantic_fields_set__.isdisjoint(_OPTIONS) and not (found.media or found.hints):
            return NO_OPTIONS
        options = ChatOptions(
            web=self._web(tools),
            tool_options=tools.options,
            output_format=_output_format(self.text),
            reasoning=self._reasoning(),
            hints=self._hints(found.hints),
            media=found.media,
        )
        return NO_OPTIONS if options == NO_OPTIONS else options

    def _web(self, tools: Tooling) -> WebOptions | None:
        """Return the web retrieval that a tool or `venice_parameters` ask for."""
        own = None if self.venice_parameters is None else self.venice_parameters.web
        if tools.search == "off" or (own is not None and own.search == "on"):
            return own
        return WebOptions(search=tools.search, scrape=own is not None and own.scrape, cite=True)

    def _hints(self, opaque: Sequence[str]) -> dict[str, object]:
        hints: dict[str, object] = {
            name: hint for name in _HINTS if (hint := getattr(self, name)) is not None
        }
        if self.text is not None and self.text.verbosity is not None:
            hints["text"] = {"verbosity": self.text.verbosity}
        return {**hints, **dict.fromkeys(opaque, True)} if opaque else hints

    def _reasoning(self) -> ReasoningOptions | None:
        own, asked = self.venice_parameters, self.reasoning
        if own is None and asked is None:
            return None
        options = ReasoningOptions(
            off=own is not None and own.disable_thinking,
            strip=own is not None and own.strip_thinking_response,
            effort=None if asked is None else asked.effort,
            effort_field="reasoning",
            summary=None if asked is None else asked.summary or asked.generate_summary,
        )
        return None if options == _NO_REASONING else options


def _output_format(text: TextChoice | None) -> OutputFormat | None:
    match None if text is None else text.format:
        case NamedSchemaFormat() as wanted:
            return JsonSchema(
                orjson.dumps(wanted.schema_).decode(),
                wanted.name,
                wanted.description,
                wanted.strict,
                field_path="text.format.schema",
            )
        case given:
            return output_format_of(given)
