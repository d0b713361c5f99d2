"""The body of POST /chat/completions, and the turn that it asks for.

Source: POST /chat/completions, `ChatCompletionRequest`.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import Field

from fondaco.domain.chat import request as domain
from fondaco.domain.chat.reasoning import Effort, ReasoningOptions
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, Sampling
from fondaco.domain.errors import InvalidRequestError
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
    form_of,
    tooling_of,
)
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
_WISHED = frozenset(
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
_NO_THINKING_WISH = ReasoningOptions()
_SAMPLED = frozenset({*(field.name for field in fields(Sampling)), "min_temp", "max_temp"})
_UNSAID = Sampling()


class StreamOptions(Open):
    """What a stream carries beyond the text."""

    include_usage: bool | None = Field(
        None, description="Whether to include usage information in the stream."
    )


class VeniceParameters(Strict):
    """Parameters beyond OpenAI's."""

    character_slug: str | None = Field(
        None, max_length=200, description="Who answers: GET /api/v1/characters lists them."
    )
    strip_thinking_response: bool = Field(
        default=False,
        description="Show nothing of what the model thinks; it is charged all the same.",
    )
    disable_thinking: bool = Field(
        default=False, description="Have a model that can do without thinking answer at once."
    )
    enable_web_search: Literal["auto", "off", "on"] = Field(
        "off",
        description="Search the web for the latest user message; `auto`: where it needs a search.",
    )
    enable_web_scraping: bool = Field(
        default=False,
        description="Read the pages, up to 3, that the latest user message names; no search then.",
    )
    enable_web_citations: bool = Field(
        default=False,
        description="Have the model name the results that it draws on, as `[REF]0[/REF]`.",
    )
    include_search_results_in_stream: bool = Field(
        default=False, description="Show the results in a stream's first event."
    )
    return_search_results_as_documents: bool | None = Field(
        None, description="Show them as a call of the tool `venice_web_search_documents` as well."
    )
    include_venice_system_prompt: bool = Field(
        default=True,
        description="Whether the platform's own prompt is put before the conversation.",
    )

    @property
    def web(self) -> WebOptions | None:
        """What is wanted from the web; None: nothing."""
        if self.enable_web_search == "off" and not self.enable_web_scraping:
            return None
        return WebOptions(
            search=self.enable_web_search,
            scrape=self.enable_web_scraping,
            cite=self.enable_web_citations,
        )


class ChatRequest(Open):
    """A chat call. Unknown fields are ignored and named in `x-fondaco-ignored-params`."""

    model: str = Field(
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name; venice_parameters may follow as a suffix: "
        "`name:param=value&param=value`.",
    )
    messages: Many[ChatMessage] = Field(min_length=1, description="The conversation so far.")
    temperature: Temperature | None = Field(None, description="0 takes the likeliest token.")
    top_p: Probability | None = None
    top_k: TokenId | None = None
    min_p: Probability | None = None
    max_completion_tokens: Tokens | None = Field(
        None, description="Upper bound of produced tokens a choice, reasoning included."
    )
    max_tokens: Tokens | None = Field(
        None, description="Old name of max_completion_tokens; the smaller one wins."
    )
    stop: StopText | Annotated[list[StopText], Field(min_length=1, max_length=4)] | None = None
    stop_token_ids: Annotated[list[TokenId], Field(max_length=100)] | None = None
    seed: Seed | None = Field(None, description="Same seed and request, same answer: best effort.")
    n: Annotated[int, Field(ge=1, le=8)] | None = Field(
        None, description="Choices; all are charged."
    )
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    repetition_penalty: Repetition | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None,
        description="Only with logprobs; how many of the likeliest tokens to show at each place.",
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = Field(None, description="Accepted and discarded.")
    prompt_cache_key: str | None = Field(
        None,
        max_length=1000,
        description="Passed on, as a hash, where the engine takes it; caches are per account anyway.",
    )
    venice_parameters: VeniceParameters | None = None
    response_format: ResponseFormat | None = Field(
        None, description="What the answer has to look like."
    )
    tools: Annotated[list[OfferedTool], Field(max_length=128)] | None = Field(
        None, description="Functions that the model may call."
    )
    tool_choice: Literal["auto", "none", "required"] | ChosenTool | None = Field(
        None, description="Whether it may, must or must not; or the one that it must."
    )
    parallel_tool_calls: bool | None = Field(
        None, description="Whether one answer may make several calls; it may by default."
    )
    reasoning: Reasoning | None = Field(None, description="How much the model is to think.")
    reasoning_effort: Effort | None = Field(
        None, description="Likewise; it counts where both are given."
    )
    min_temp: Temperature | None = Field(
        None, description="With max_temp: the temperature moves between the two, by entropy."
    )
    max_temp: Temperature | None = Field(
        None, description="Without min_temp: that is the temperature; and the other way round."
    )
    prompt_cache_retention: str | None = Field(
        None, max_length=100, description="`default`, `extended` or `24h`."
    )
    store: bool | None = Field(None, description="Nothing is kept here, whatever it says.")
    include: Annotated[list[str], Field(max_length=50)] | None = None
    metadata: dict[str, str] | None = None
    text: dict[str, Any] | None = Field(None, description="Such as `{verbosity: low}`.")

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
    def character(self) -> str | None:
        """The slug of the character that is to answer."""
        return None if self.venice_parameters is None else self.venice_parameters.character_slug

    def to_domain(self, cache_scope: str) -> domain.ChatRequest:
        """Return what the body asks for; the output limit is set at admission."""
        own = self.venice_parameters
        return domain.ChatRequest(
            model=self.model,
            messages=tuple([to_domain(said, place) for place, said in enumerate(self.messages)]),
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
        """Return how many tokens are to be shown in place of each; None: no log probabilities at all.

        Raises:
            InvalidRequestError: some are, but no log probabilities.
        """
        if self.logprobs:
            return self.top_logprobs or 0
        if self.top_logprobs:
            raise InvalidRequestError(
                f"top_logprobs {self.top_logprobs!r} needs `logprobs: true` beside it.",
                faults={"top_logprobs": ("Only with logprobs: true",)},
            )
        return None

    def _options(self) -> ChatOptions:
        """Return what is asked for beyond words: for most calls nothing."""
        parts = has_parts(self.messages)
        if not parts and self.model_fields_set.isdisjoint(_WISHED):
            return NO_OPTIONS
        own = self.venice_parameters
        options = ChatOptions(
            web=None if own is None else own.web,
            tool_options=tooling_of(
                self.tools, self.tool_choice, parallel=self.parallel_tool_calls is not False
            ),
            output_format=form_of(self.response_format),
            reasoning=self._thinking(),
            hints=self._hints(parts=parts),
            media=parts and has_media(self.messages),
        )
        return NO_OPTIONS if options == NO_OPTIONS else options

    def _hints(self, *, parts: bool) -> dict[str, object]:
        """Return what some engines may take; `parts` says whether there may be hints in messages."""
        hints = {name: hint for name in _HINTS if (hint := getattr(self, name)) is not None}
        return {**hints, **hints_of(self.messages)} if parts else hints

    def _thinking(self) -> ReasoningOptions | None:
        own, asked = self.venice_parameters, self.reasoning or Reasoning()
        nested = self.reasoning_effort is None and asked.effort is not None
        wish = ReasoningOptions(
            off=asked.enabled is False or (own is not None and own.disable_thinking),
            strip=bool(asked.exclude) or (own is not None and own.strip_thinking_response),
            effort=self.reasoning_effort or asked.effort,
            effort_field="reasoning" if nested else "reasoning_effort",
            summary=asked.summary,
            budget_tokens=asked.max_tokens,
            on=bool(asked.enabled),
        )
        return None if wish == _NO_THINKING_WISH else wish

    def _sampling(self) -> Sampling:
        if self.model_fields_set.isdisjoint(_SAMPLED):
            return _UNSAID
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
    """Return if there are temperatures between the two.

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
