"""The body of POST /v4/beta/chat/completions, and its conversion to the domain.

Source: POST /v4/beta/chat/completions; its clients send `metadata`, `store` and `reasoning_effort`, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.chat.memory import last_messages
from fondaco.domain.chat.reasoning import Effort, ReasoningOptions
from fondaco.domain.chat.request import (
    NO_OPTIONS,
    ChatOptions,
    ChatRequest,
    EngineParameters,
    Sampling,
)
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.output_format import (
    Choices,
    Grammar,
    JsonSchema,
    OutputFormat,
    Regex,
)
from fondaco.http.apis.openai.chat.messages import ChatMessage, has_media, hints_of, to_domain
from fondaco.http.apis.openai.chat.options import (
    ChosenTool,
    OfferedTool,
    ResponseFormat,
    output_format_of,
    tooling_of,
)
from fondaco.http.apis.openai.chat.parts import TextPart
from fondaco.http.apis.openai.chat.request import StreamOptions
from fondaco.http.apis.openai.chat.spoken import MODALITIES, Modality, SpokenAudio
from fondaco.http.apis.openai.chat.unknown_fields import unknown
from fondaco.http.endpoint.fields import (
    Many,
    Open,
    Penalty,
    Probability,
    Seed,
    StopText,
    Strict,
    Temperature,
    TokenId,
    Tokens,
)

_HINTS = ("metadata", "store")
_LONGEST_PREDICTION = 200_000
_NO_OTHERS: JsonDict = {"additionalProperties": False}
"""Refuses names that do not match the pattern."""

Bias = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
TokenName = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, Field(max_length=1000, pattern=r"^[ -~]*$")]
Source = Annotated[str, Field(min_length=1, max_length=65_536)]
TemplateSource = Annotated[str, Field(min_length=1, max_length=65_536)]
Option = Annotated[str, Field(min_length=1, max_length=1000)]
_EXAMPLE: JsonDict = {
    "model": "default",
    "messages": [{"role": "user", "content": "Name the capital of Italy."}],
    "max_completion_tokens": 40,
    "temperature": 0,
}


class LastKParams(Strict):
    """Parameters of the memory strategy."""

    k: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="How many messages to keep, besides system messages; tool calls keep their results."
    )


class MemoryStrategy(Strict):
    """Truncation of the conversation to its last messages."""

    name: Literal["last_k"] | None = None
    type: Literal["last_k"] | None = Field(None, description="Alias of `name`.")
    params: LastKParams


class Prediction(Strict):
    """The expected output, for speculative decoding."""

    type: Literal["content"]
    content: str | Many[TextPart]

    @property
    def text(self) -> str:
        """The whole text."""
        content = self.content
        return content if isinstance(content, str) else "".join(part.text for part in content)


class ScaleChatRequest(Open):
    """A chat request of Scale's API. Unknown fields are ignored and listed in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="`vendor/model` or `vendor/model/deployment`; a vendor or deployment with the name of "
        "an engine selects that engine. The model's name alone is accepted, too.",
    )
    messages: Many[ChatMessage] = Field(min_length=1, description="The conversation so far.")
    chat_template: TemplateSource | None = Field(
        None, description="Jinja template that replaces the model's own."
    )
    chat_template_kwargs: dict[str, Any] | None = Field(
        None, description="Variables for the template."
    )
    guided_json: dict[str, Any] | None = Field(
        None, description="JSON Schema that the output must match."
    )
    guided_regex: Source | None = Field(
        None, description="Regular expression that must match the whole output."
    )
    guided_choice: Annotated[list[Option], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Texts of which the output must be one."
    )
    guided_grammar: Source | None = Field(
        None, description="Grammar that must produce the output: Lark or GBNF."
    )
    guided_decoding_backend: Literal["outlines", "lm-format-enforcer"] | None = Field(
        None, description="Accepted; the engine's own backend is used, and named in a header."
    )
    guided_whitespace_pattern: Source | None = Field(
        None, description="Regular expression of the whitespace allowed between JSON tokens."
    )
    include_stop_str_in_output: bool | None = Field(
        None, description="Whether the output ends with the stop text that ended it."
    )
    memory_strategy: MemoryStrategy | None = Field(
        None, description="Keeps conversations within the model's context."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: StopText | Annotated[list[StopText], Field(min_length=1, max_length=4)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: (
        Annotated[dict[TokenName, Bias], Field(max_length=1024, json_schema_extra=_NO_OTHERS)]
        | None
    ) = Field(
        None,
        description="Token id -> bias added to its logit; -100 bans the token, 100 forces it.",
    )
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="Requires `logprobs: true`."
    )
    max_tokens: Tokens | None = Field(
        None,
        description="Deprecated alias of `max_completion_tokens`; if both are given, the smaller applies.",
    )
    max_completion_tokens: Tokens | None = Field(
        None, description="Upper bound of generated tokens per choice, reasoning included."
    )
    n: Annotated[int, Field(ge=1, le=8)] | None = Field(
        None, description="Number of choices; all are charged."
    )
    best_of: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None,
        description="How many choices to generate; the `n` of the highest mean log probability are "
        "returned. All are charged. Not with `stream`.",
    )
    seed: Seed | None = Field(
        None, description="Makes sampling repeatable, on a best-effort basis."
    )
    suffix: str | None = Field(None, description="Refused: chat completions have none.")
    temperature: Temperature | None = Field(
        None, description="Sampling temperature; 0 always picks the likeliest token."
    )
    top_p: Probability | None = None
    top_k: TokenId | None = None
    response_format: ResponseFormat | None = Field(
        None, description="Format that the response must have."
    )
    user: str | None = Field(None, description="Accepted and discarded.")
    modalities: Many[Modality] | None = Field(None, description=MODALITIES)
    audio: SpokenAudio | None = Field(None, description="How the reply is read aloud.")
    inference_timeout: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] | None = Field(
        None,
        description="Time-out of the whole response, in seconds; then 504, or an error as the last event.",
    )
    inference_extra_params: dict[str, Any] | None = Field(
        None,
        description="Fields of the engine's own API; the operator configures which are allowed.",
    )
    inference_extra_headers: (
        Annotated[dict[HeaderName, HeaderValue], Field(max_length=20, json_schema_extra=_NO_OTHERS)]
        | None
    ) = Field(
        None, description="Headers for the engine; the operator configures which are allowed."
    )
    tools: Annotated[list[OfferedTool], Field(max_length=128)] | None = Field(
        None, description="Functions that the model may call."
    )
    tool_choice: Literal["auto", "none", "required"] | ChosenTool | None = Field(
        None,
        description="Whether the model may, must or must not call a function, or which one it must call.",
    )
    parallel_tool_calls: bool | None = Field(
        None, description="Whether one response may contain several calls; by default it may."
    )
    prediction: Prediction | None = Field(
        None,
        description="Used where the engine supports it; else its tokens are reported as rejected.",
    )
    metadata: dict[str, str] | None = Field(
        None, description="Passed on where the engine supports it."
    )
    store: bool | None = Field(
        None, description="Accepted; this server stores no content in any case."
    )
    reasoning_effort: Effort | None = Field(None, description="Reasoning effort.")

    @property
    def ignored(self) -> tuple[str, ...]:
        """The paths of unknown fields."""
        return unknown(self, self.messages, self.stream_options)

    @property
    def requested_tokens(self) -> int | None:
        """The caller's upper bound of output tokens per choice; None: none is given."""
        limits = [n for n in (self.max_completion_tokens, self.max_tokens) if n is not None]
        return min(limits, default=None)

    @property
    def choices(self) -> int:
        """Number of choices to return."""
        return self.n or 1

    @property
    def chooses(self) -> bool:
        """Whether more choices are generated than returned."""
        return self.best_of is not None and self.best_of > self.choices

    @property
    def guided(self) -> bool:
        """Whether a `guided_` field constrains the output."""
        guides = (self.guided_json, self.guided_regex, self.guided_choice, self.guided_grammar)
        return any(constraint is not None for constraint in guides)

    def expect_possible(self) -> None:
        """Return if the fields are supported, and do not contradict each other.

        Raises:
            InvalidRequestError: some are not, or do; all faults are named.
        """
        if faults := {field: (why,) for field, why in self._faults()}:
            raise InvalidRequestError(faults=faults)

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.suffix is not None:
            yield "suffix", "Only for text completions; no engine supports it in a chat."
        if self.prediction is not None and len(self.prediction.text) > _LONGEST_PREDICTION:
            yield "prediction", f"Longer than {_LONGEST_PREDICTION} characters."
        if self.top_logprobs is not None and not self.logprobs:
            yield "top_logprobs", "Needs `logprobs: true`."
        yield from self._faults_of_choices()
        yield from self._faults_of_formats()

    def _faults_of_choices(self) -> Iterator[tuple[str, str]]:
        if self.best_of is None:
            return
        if self.best_of < self.choices:
            yield "best_of", f"Less than `n`, which is {self.choices}."
        if self.stream:
            yield "best_of", "Not with `stream`: the best is known when all are complete."

    def _faults_of_formats(self) -> Iterator[tuple[str, str]]:
        forms = ("guided_json", "guided_regex", "guided_choice", "guided_grammar")
        constraints = [name for name in forms if getattr(self, name) is not None]
        if output_format_of(self.response_format) is not None:
            constraints.append("response_format")
        for name in constraints[1:]:
            yield name, f"Only one constraint is allowed; {constraints[0]} is already set."
        if self.guided_whitespace_pattern is not None and not isinstance(
            self._output_format(), JsonSchema
        ):
            yield "guided_whitespace_pattern", "Needs a JSON Schema: `guided_json`."

    def to_domain(self, name: str, engine: str, cache_scope: str) -> ChatRequest:
        """Convert the body to the domain; the output limit is set at admission.

        Args:
            name: the model's name in the catalogue.
            engine: the only engine that may run the call; empty: any.
            cache_scope: the account, whose prompt caches are its own.
        """
        messages = tuple([to_domain(message, index) for index, message in enumerate(self.messages)])
        if self.memory_strategy is not None:
            messages = last_messages(messages, self.memory_strategy.params.k)
        logprobs = (self.top_logprobs or 0) if self.logprobs or self.chooses else None
        options = self._options(engine)
        return ChatRequest(
            model=name,
            messages=messages,
            max_output_tokens=0,
            sampling=self._sampling(),
            choices=self.best_of or self.choices,
            top_logprobs=logprobs,
            stream=bool(self.stream),
            cache_scope=cache_scope,
            system_prompt=False,
            options=NO_OPTIONS if options == NO_OPTIONS else options,
        )

    def _options(self, engine: str) -> ChatOptions:
        effort = self.reasoning_effort
        return ChatOptions(
            tool_options=tooling_of(
                self.tools, self.tool_choice, parallel=self.parallel_tool_calls is not False
            ),
            output_format=self._output_format(),
            reasoning=None if effort is None else ReasoningOptions(effort=effort),
            hints={
                **{name: hint for name in _HINTS if (hint := getattr(self, name)) is not None},
                **hints_of(self.messages),
            },
            template_variables=self.chat_template_kwargs or {},
            template=self.chat_template,
            media=has_media(self.messages),
            engine=engine,
            stop_shown=bool(self.include_stop_str_in_output and self.stop),
            prediction=None if self.prediction is None else self.prediction.text,
            engine_parameters=self._engine_parameters(),
            timed=self.inference_timeout is not None,
        )

    def _output_format(self) -> OutputFormat | None:
        spaces = self.guided_whitespace_pattern
        if self.guided_json is not None:
            schema = orjson.dumps(self.guided_json).decode()
            return JsonSchema(schema, whitespace=spaces, field_path="guided_json")
        if self.guided_regex is not None:
            return Regex(self.guided_regex)
        if self.guided_choice is not None:
            return Choices(tuple(self.guided_choice))
        if self.guided_grammar is not None:
            return Grammar(self.guided_grammar)
        output_format = output_format_of(self.response_format)
        return (
            replace(output_format, whitespace=spaces)
            if isinstance(output_format, JsonSchema)
            else output_format
        )

    def _engine_parameters(self) -> EngineParameters | None:
        headers = {name.lower(): v for name, v in (self.inference_extra_headers or {}).items()}
        params = self.inference_extra_params or {}
        return EngineParameters(params, headers) if params or headers else None

    def _sampling(self) -> Sampling:
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        biases = self.logit_bias or {}
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            frequency_penalty=self.frequency_penalty,
            presence_penalty=self.presence_penalty,
            seed=self.seed,
            stop=stop,
            logit_bias=tuple((int(token), bias) for token, bias in biases.items()),
        )
