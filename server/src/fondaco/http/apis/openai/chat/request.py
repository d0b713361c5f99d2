"""The body of POST /chat/completions, and its conversion to the domain.

Source: POST /chat/completions, `ChatCompletionRequest`.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.chat import request as domain
from fondaco.domain.chat.reasoning import Effort, ReasoningOptions
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, Sampling
from fondaco.domain.errors import InvalidRequestError, SealedRequestError
from fondaco.domain.web import WebOptions
from fondaco.http.apis.openai.chat.messages import (
    ChatMessage,
    has_media,
    has_parts,
    hints_of,
    to_domain,
)
from fondaco.http.apis.openai.chat.options import (
    ChosenTool,
    OfferedTool,
    Reasoning,
    ResponseFormat,
    output_format_of,
    tooling_of,
)
from fondaco.http.apis.openai.chat.spoken import MODALITIES, Modality, SpokenAudio
from fondaco.http.apis.openai.chat.unknown_fields import unknown
from fondaco.http.endpoint.fields import (
    Many,
    Open,
    Penalty,
    Probability,
    Repetition,
    Seed,
    StopText,
    Strict,
    Temperature,
    TokenId,
    Tokens,
)

_HINTS = (
    "prompt_cache_key",
    "prompt_cache_retention",
    "store",
    "include",
    "metadata",
    "text",
)
"""Fields of OpenAI's API that are passed on where an engine takes them."""
_OPTION_FIELDS = frozenset(
    {
        *_HINTS,
        "venice_parameters",
        "tools",
        "tool_choice",
        "response_format",
        "reasoning",
        "reasoning_effort",
    }
)
_EXAMPLE: JsonDict = {
    "model": "default",
    "messages": [{"role": "user", "content": "Name the capital of Italy."}],
    "max_completion_tokens": 40,
    "temperature": 0,
}
_NO_REASONING_OPTIONS = ReasoningOptions()
_SAMPLING_FIELDS = frozenset({*(field.name for field in fields(Sampling)), "min_temp", "max_temp"})
_NO_SAMPLING = Sampling()


class StreamOptions(Open):
    """Options of a stream."""

    include_usage: bool | None = Field(None, description="Whether the last chunk reports usage.")


class VeniceParameters(Strict):
    """Venice's parameters beyond OpenAI's."""

    character_slug: str | None = Field(
        None,
        max_length=200,
        description="The character that answers; `GET /api/v1/characters` lists them.",
    )
    strip_thinking_response: bool = Field(
        default=False,
        description="Remove reasoning from the response; it is charged nevertheless.",
    )
    disable_thinking: bool = Field(
        default=False, description="Turn reasoning off, for models that can answer without it."
    )
    enable_web_search: Literal["auto", "off", "on"] = Field(
        "off",
        description="Search the web for the latest user message; `auto` searches where it needs one.",
    )
    enable_web_scraping: bool = Field(
        default=False,
        description="Read up to 3 pages that the latest user message links to, in place of a search.",
    )
    enable_web_citations: bool = Field(
        default=False,
        description="Have the model cite the results it uses, as `[REF]0[/REF]`.",
    )
    include_search_results_in_stream: bool = Field(
        default=False, description="Include the search results in the first chunk of a stream."
    )
    return_search_results_as_documents: bool | None = Field(
        None,
        description="Return the search results as a call of the tool `venice_web_search_documents`, too.",
    )
    include_venice_system_prompt: bool = Field(
        default=True,
        description="Whether the platform's system prompt precedes the conversation.",
    )
    enable_e2ee: bool | None = Field(
        None,
        description="`true` demands that the call is end-to-end encrypted: one that is not is refused.",
    )

    def expect_plain(self) -> None:
        """Return if a call that is not encrypted is what its caller wants.

        Raises:
            SealedRequestError: the caller demands encryption; a relay may have dropped the headers.
        """
        if self.enable_e2ee:
            raise SealedRequestError(
                "venice_parameters.enable_e2ee requires end-to-end encryption, and this request is not "
                "encrypted. Nothing was run. Encrypt it, and send the headers of its protocol "
                "(docs/how-to/confidential-chat.md), or leave enable_e2ee out.",
                reason="e2ee_header_missing",
                faults={"venice_parameters.enable_e2ee": ("The request is not encrypted",)},
            )

    @property
    def web(self) -> WebOptions | None:
        """The web retrieval that is requested; None: none."""
        if self.enable_web_search == "off" and not self.enable_web_scraping:
            return None
        return WebOptions(
            search=self.enable_web_search,
            scrape=self.enable_web_scraping,
            cite=self.enable_web_citations,
        )


class ChatRequest(Open):
    """A chat request. Unknown fields are ignored and listed in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name of a model; `venice_parameters` may follow as a "
        "suffix: `name:param=value&param=value`.",
    )
    messages: Many[ChatMessage] = Field(min_length=1, description="The conversation so far.")
    temperature: Temperature | None = Field(
        None, description="Sampling temperature; 0 always picks the likeliest token."
    )
    top_p: Probability | None = None
    top_k: TokenId | None = None
    min_p: Probability | None = None
    max_completion_tokens: Tokens | None = Field(
        None, description="Upper bound of generated tokens per choice, reasoning included."
    )
    max_tokens: Tokens | None = Field(
        None,
        description="Deprecated alias of `max_completion_tokens`; if both are given, the smaller applies.",
    )
    stop: StopText | Annotated[list[StopText], Field(min_length=1, max_length=4)] | None = None
    stop_token_ids: Annotated[list[TokenId], Field(max_length=100)] | None = None
    seed: Seed | None = Field(
        None, description="Makes sampling repeatable, on a best-effort basis."
    )
    n: Annotated[int, Field(ge=1, le=8)] | None = Field(
        None, description="Number of choices; all are charged."
    )
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    repetition_penalty: Repetition | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None,
        description="How many of the likeliest tokens to return at each position; requires `logprobs`.",
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = Field(None, description="Accepted and discarded.")
    prompt_cache_key: str | None = Field(
        None,
        max_length=1000,
        description="Passed on as a hash where the engine supports it; caches are separate per account.",
    )
    venice_parameters: VeniceParameters | None = None
    response_format: ResponseFormat | None = Field(
        None, description="Format that the response must have."
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
    modalities: Many[Modality] | None = Field(None, description=MODALITIES)
    audio: SpokenAudio | None = Field(None, description="How the reply is read aloud.")
    reasoning: Reasoning | None = Field(None, description="Reasoning options.")
    reasoning_effort: Effort | None = Field(
        None, description="Reasoning effort; it overrides `reasoning.effort`."
    )
    min_temp: Temperature | None = Field(
        None, description="With `max_temp`: the range of a temperature that adapts to entropy."
    )
    max_temp: Temperature | None = Field(
        None, description="Either of `min_temp` and `max_temp` alone is the temperature."
    )
    prompt_cache_retention: str | None = Field(
        None,
        max_length=100,
        description="`default`, `extended` or `24h`; passed on where the engine supports it.",
    )
    store: bool | None = Field(
        None, description="Accepted; this server stores no content in any case."
    )
    include: Annotated[list[str], Field(max_length=50)] | None = None
    metadata: dict[str, str] | None = None
    text: dict[str, Any] | None = Field(
        None,
        description="Text options such as `{verbosity: low}`; passed on where the engine supports them.",
    )

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
    def character(self) -> str | None:
        """The slug of the character that answers."""
        return None if self.venice_parameters is None else self.venice_parameters.character_slug

    def to_domain(self, cache_scope: str) -> domain.ChatRequest:
        """Convert the body to the domain; the output limit is set at admission."""
        own = self.venice_parameters
        return domain.ChatRequest(
            model=self.model,
            messages=tuple(
                [to_domain(message, index) for index, message in enumerate(self.messages)]
            ),
            max_output_tokens=0,
            sampling=self._sampling(),
            choices=self.n or 1,
            top_logprobs=self._likely_tokens(),
            stream=bool(self.stream),
            cache_scope=cache_scope,
            system_prompt=own is None or own.include_venice_system_prompt,
            options=self._options(),
        )

    def _likely_tokens(self) -> int | None:
        """Return how many alternatives of each token to return; None: no log probabilities.

        Raises:
            InvalidRequestError: alternatives are requested without log probabilities.
        """
        if self.logprobs:
            return self.top_logprobs or 0
        if self.top_logprobs:
            raise InvalidRequestError(
                f"top_logprobs {self.top_logprobs!r} needs `logprobs: true`.",
                faults={"top_logprobs": ("Only with logprobs: true",)},
            )
        return None

    def _options(self) -> ChatOptions:
        """Return the options beyond sampling; most requests have none."""
        parts = has_parts(self.messages)
        if not parts and self.model_fields_set.isdisjoint(_OPTION_FIELDS):
            return NO_OPTIONS
        own = self.venice_parameters
        options = ChatOptions(
            web=None if own is None else own.web,
            tool_options=tooling_of(
                self.tools, self.tool_choice, parallel=self.parallel_tool_calls is not False
            ),
            output_format=output_format_of(self.response_format),
            reasoning=self._reasoning(),
            hints=self._hints(parts=parts),
            media=parts and has_media(self.messages),
        )
        return NO_OPTIONS if options == NO_OPTIONS else options

    def _hints(self, *, parts: bool) -> dict[str, object]:
        """Return the fields that only some engines support; `parts`: whether messages may have such."""
        hints = {name: hint for name in _HINTS if (hint := getattr(self, name)) is not None}
        return {**hints, **hints_of(self.messages)} if parts else hints

    def _reasoning(self) -> ReasoningOptions | None:
        own, reasoning = self.venice_parameters, self.reasoning or Reasoning()
        nested = self.reasoning_effort is None and reasoning.effort is not None
        options = ReasoningOptions(
            off=reasoning.enabled is False or (own is not None and own.disable_thinking),
            strip=bool(reasoning.exclude) or (own is not None and own.strip_thinking_response),
            effort=self.reasoning_effort or reasoning.effort,
            effort_field="reasoning" if nested else "reasoning_effort",
            summary=reasoning.summary,
            budget_tokens=reasoning.max_tokens,
            on=bool(reasoning.enabled),
        )
        return None if options == _NO_REASONING_OPTIONS else options

    def _sampling(self) -> Sampling:
        if self.model_fields_set.isdisjoint(_SAMPLING_FIELDS):
            return _NO_SAMPLING
        _expect_order(self.min_temp, self.max_temp)
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            frequency_penalty=self.frequency_penalty,
            presence_penalty=self.presence_penalty,
            repetition_penalty=1.0 if self.repetition_penalty == 0 else self.repetition_penalty,
            seed=self.seed,
            stop=stop,
            stop_token_ids=tuple(self.stop_token_ids or ()),
            min_temperature=self.min_temp,
            max_temperature=self.max_temp,
        )


def _expect_order(min_temp: float | None, max_temp: float | None) -> None:
    """Return if the range of temperatures is not empty.

    Raises:
        InvalidRequestError: the lowest is above the highest.
    """
    if min_temp is not None and max_temp is not None and min_temp > max_temp:
        raise InvalidRequestError(
            f"min_temp {min_temp!r} is above max_temp {max_temp!r}. Give a lower or equal one.",
            faults={
                "min_temp": ("Above max_temp",),
                "max_temp": ("Below min_temp",),
            },
        )
