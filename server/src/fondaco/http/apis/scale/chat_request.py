"""The body of POST /v4/beta/chat/completions, and the turn that it asks for.

Source: POST /v4/beta/chat/completions; its clients send `metadata`, `store` and `reasoning_effort`, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field
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
    form_of,
    tooling_of,
)
from fondaco.http.apis.openai.chat.parts import TextPart
from fondaco.http.apis.openai.chat.request import StreamOptions
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
"""Names that do not fit the pattern are refused."""

Bias = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
TokenName = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, Field(max_length=1000, pattern=r"^[ -~]*$")]
Source = Annotated[str, Field(min_length=1, max_length=65_536)]
TemplateSource = Annotated[str, Field(min_length=1, max_length=65_536)]
Option = Annotated[str, Field(min_length=1, max_length=1000)]


class LastKParams(Strict):
    """How much is remembered."""

    k: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="The most messages besides the system's; calls of tools keep their results."
    )


class MemoryStrategy(Strict):
    """Which part of the conversation the model is told."""

    name: Literal["last_k"] | None = None
    type: Literal["last_k"] | None = Field(None, description="Another name of `name`.")
    params: LastKParams


class Prediction(Strict):
    """What the answer will likely be."""

    type: Literal["content"]
    content: str | Many[TextPart]

    @property
    def text(self) -> str:
        """All of it."""
        content = self.content
        return content if isinstance(content, str) else "".join(part.text for part in content)


class ScaleChatRequest(Open):
    """A chat call of Scale's API. Unknown fields are ignored and named in `x-fondaco-ignored-params`."""

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="`vendor/model` or `vendor/model/deployment`; a vendor or deployment that is an "
        "engine here is the one that answers. A model's name alone is taken, too.",
    )
    messages: Many[ChatMessage] = Field(min_length=1, description="The conversation so far.")
    chat_template: TemplateSource | None = Field(
        None, description="In Jinja; in place of the model's own."
    )
    chat_template_kwargs: dict[str, Any] | None = Field(
        None, description="Variables for the template."
    )
    guided_json: dict[str, Any] | None = Field(
        None, description="JSON Schema that the answer fits."
    )
    guided_regex: Source | None = Field(
        None, description="Regular expression that matches the whole answer."
    )
    guided_choice: Annotated[list[Option], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Texts, of which the answer is one."
    )
    guided_grammar: Source | None = Field(
        None, description="Grammar that produces the answer: Lark's, or GBNF."
    )
    guided_decoding_backend: Literal["outlines", "lm-format-enforcer"] | None = Field(
        None, description="Accepted; the engine's own way is used, and named in a header."
    )
    guided_whitespace_pattern: Source | None = Field(
        None, description="Regular expression of what may stand between the tokens of JSON."
    )
    include_stop_str_in_output: bool | None = Field(
        None, description="Whether the stop text that ends an answer is its end."
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
        description="Token id -> what is added to its logit; -100 bans it, 100 leaves no other.",
    )
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="Needs `logprobs: true`."
    )
    max_tokens: Tokens | None = Field(
        None, description="Old name of max_completion_tokens; the smaller one wins."
    )
    max_completion_tokens: Tokens | None = Field(
        None, description="Upper bound of produced tokens a choice, reasoning included."
    )
    n: Annotated[int, Field(ge=1, le=8)] | None = Field(
        None, description="Choices; all are charged."
    )
    best_of: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None,
        description="Choices that are made, of which the best `n` are answered: those of the highest "
        "mean log probability. All are charged; not with `stream`.",
    )
    seed: Seed | None = Field(None, description="Same seed and request, same answer: best effort.")
    suffix: str | None = Field(None, description="Refused: chats have none.")
    temperature: Temperature | None = Field(None, description="0 takes the likeliest token.")
    top_p: Probability | None = None
    top_k: TokenId | None = None
    response_format: ResponseFormat | None = Field(
        None, description="What the answer has to look like."
    )
    user: str | None = Field(None, description="Accepted and discarded.")
    modalities: Many[Literal["text", "audio"]] | None = Field(
        None, description="Text; speech is refused."
    )
    audio: dict[str, Any] | None = Field(None, description="Refused: there is no speech yet.")
    inference_timeout: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] | None = Field(
        None, description="Seconds for the whole answer; then 504, or an error as the last event."
    )
    inference_extra_params: dict[str, Any] | None = Field(
        None, description="Fields of the engine's own API, as far as its operator allows them."
    )
    inference_extra_headers: (
        Annotated[dict[HeaderName, HeaderValue], Field(max_length=20, json_schema_extra=_NO_OTHERS)]
        | None
    ) = Field(None, description="Headers for the engine, as far as its operator allows them.")
    tools: Annotated[list[OfferedTool], Field(max_length=128)] | None = Field(
        None, description="Functions that the model may call."
    )
    tool_choice: Literal["auto", "none", "required"] | ChosenTool | None = Field(
        None, description="Whether it may, must or must not; or the one that it must."
    )
    parallel_tool_calls: bool | None = Field(
        None, description="Whether one answer may make several calls; it may by default."
    )
    prediction: Prediction | None = Field(
        None, description="Used where the engine can; else its tokens are reported as rejected."
    )
    metadata: dict[str, str] | None = Field(None, description="Passed on where an engine takes it.")
    store: bool | None = Field(None, description="Nothing is kept here, whatever it says.")
    reasoning_effort: Effort | None = Field(None, description="How much the model is to think.")

    @property
    def ignored(self) -> tuple[str, ...]:
        """Paths of fields that this API does not know."""
        return unknown(self, self.messages, self.stream_options)

    @property
    def requested_tokens(self) -> int | None:
        """The caller's limit of one choice's output."""
        asked = [n for n in (self.max_completion_tokens, self.max_tokens) if n is not None]
        return min(asked, default=None)

    @property
    def choices(self) -> int:
        """How many are delivered."""
        return self.n or 1

    @property
    def chooses(self) -> bool:
        """Whether more are made than delivered."""
        return self.best_of is not None and self.best_of > self.choices

    @property
    def guided(self) -> bool:
        """Whether the answer is held to a form by a field of this API's own."""
        guides = (self.guided_json, self.guided_regex, self.guided_choice, self.guided_grammar)
        return any(constraint is not None for constraint in guides)

    def expect_possible(self) -> None:
        """Return if the fields go together, and none asks for what there is not.

        Raises:
            InvalidRequestError: something does not; all faults are named.
        """
        if faults := {field: (why,) for field, why in self._faults()}:
            raise InvalidRequestError(faults=faults)

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.suffix is not None:
            yield "suffix", "Belongs to completions of text; no engine takes it in a chat."
        if self.audio is not None or "audio" in (self.modalities or ()):
            field = "modalities" if "audio" in (self.modalities or ()) else "audio"
            yield field, "There is no speech yet: ask for text alone."
        if self.prediction is not None and len(self.prediction.text) > _LONGEST_PREDICTION:
            yield "prediction", f"Longer than {_LONGEST_PREDICTION} characters."
        if self.top_logprobs is not None and not self.logprobs:
            yield "top_logprobs", "Needs `logprobs: true`."
        yield from self._faults_of_choices()
        yield from self._faults_of_forms()

    def _faults_of_choices(self) -> Iterator[tuple[str, str]]:
        if self.best_of is None:
            return
        if self.best_of < self.choices:
            yield "best_of", f"Less than `n`, which is {self.choices}."
        if self.stream:
            yield "best_of", "Not with `stream`: the best is known when all are complete."

    def _faults_of_forms(self) -> Iterator[tuple[str, str]]:
        forms = ("guided_json", "guided_regex", "guided_choice", "guided_grammar")
        wanted = [name for name in forms if getattr(self, name) is not None]
        if form_of(self.response_format) is not None:
            wanted.append("response_format")
        for name in wanted[1:]:
            yield name, f"Only one form at a time; there is {wanted[0]} already."
        if self.guided_whitespace_pattern is not None and not isinstance(
            self._output_format(), JsonSchema
        ):
            yield "guided_whitespace_pattern", "Needs a JSON Schema: `guided_json`."

    def to_domain(self, name: str, engine: str, cache_scope: str) -> ChatRequest:
        """Return what the body asks for; the output limit is set at admission.

        Args:
            name: the model's, as the catalogue knows it.
            engine: the one that alone may answer; empty: any.
            cache_scope: whose prompts its cache may hold.
        """
        messages = tuple([to_domain(said, place) for place, said in enumerate(self.messages)])
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
        )

    def _output_format(self) -> OutputFormat | None:
        spaces = self.guided_whitespace_pattern
        if self.guided_json is not None:
            schema = orjson.dumps(self.guided_json).decode()
            return JsonSchema(schema, whitespace=spaces, place="guided_json")
        if self.guided_regex is not None:
            return Regex(self.guided_regex)
        if self.guided_choice is not None:
            return Choices(tuple(self.guided_choice))
        if self.guided_grammar is not None:
            return Grammar(self.guided_grammar)
        output_format = form_of(self.response_format)
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
