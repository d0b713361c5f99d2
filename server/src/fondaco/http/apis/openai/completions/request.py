"""The body of POST /completions, and its conversion to the domain.

Source: OpenAI's API reference, "Create completion".
"""

from collections.abc import Iterator
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag
from pydantic.config import JsonDict

from fondaco.domain.chat.raw_prompts import RawPrompt, RawPrompts
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import InvalidRequestError
from fondaco.http.apis.openai.chat.request import StreamOptions
from fondaco.http.apis.openai.chat.unknown_fields import unknown
from fondaco.http.endpoint.fields import (
    VARIANT,
    Open,
    Penalty,
    Probability,
    Repetition,
    Seed,
    StopText,
    Temperature,
    TokenId,
)

MOST_CHOICES = 128
"""The most choices of all prompts of a call together."""
_DEFAULT_TOKENS = 16
_EXPECTED = (
    "Prompt should be a text, a list of texts, a list of token ids, or a list of such lists. "
    "It cannot be empty."
)
_TEXT, _TEXTS = f"{VARIANT}text", f"{VARIANT}texts"
_TOKENS, _TOKEN_LISTS = f"{VARIANT}tokens", f"{VARIANT}token lists"
_VARIANT_OF_ITEM = {str: _TEXTS, int: _TOKENS, list: _TOKEN_LISTS}
_EXAMPLE: JsonDict = {
    "model": "default",
    "prompt": "The capital of France is",
    "max_tokens": 8,
    "temperature": 0,
}
_NO_OTHERS: JsonDict = {"additionalProperties": False}
"""Refuses names that do not match the pattern."""

_PromptText = Annotated[str, Field(min_length=1)]
_PromptTokens = Annotated[list[TokenId], Field(min_length=1, fail_fast=True)]
_Several = Field(min_length=1, max_length=MOST_CHOICES, fail_fast=True)
_BiasedToken = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
_Bias = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


def _variant(value: object) -> str | None:
    """Return the tag of a prompt's type; of a list, by its first item."""
    if isinstance(value, str):
        return _TEXT
    return _VARIANT_OF_ITEM.get(type(value[0])) if isinstance(value, list) and value else None


_Prompt: TypeAlias = Annotated[
    Annotated[_PromptText, Tag(_TEXT)]
    | Annotated[list[_PromptText], _Several, Tag(_TEXTS)]
    | Annotated[_PromptTokens, Tag(_TOKENS)]
    | Annotated[list[_PromptTokens], _Several, Tag(_TOKEN_LISTS)],
    Discriminator(_variant, custom_error_type="completion_prompt", custom_error_message=_EXPECTED),
]


class CompletionRequest(Open):
    """Prompts to continue as they stand. Unknown fields are ignored and named in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1, max_length=1000, description="Id, trait or compatible name of a model."
    )
    prompt: _Prompt = Field(
        description="A text or several, each continued by itself; or the token ids of one prompt, or of "
        "several, in the vocabulary of the model. No chat template is applied: special tokens in a text "
        "are the caller's."
    )
    suffix: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Text that follows the output: the model fills in the middle, if it was trained to.",
    )
    max_tokens: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        _DEFAULT_TOKENS,
        description="Upper bound of generated tokens per choice. 0 is for `echo`: one token is generated, "
        "as engines do, and charged, but not returned.",
    )
    temperature: Temperature | None = Field(
        None, description="Sampling temperature; 0 always picks the likeliest token."
    )
    top_p: Probability | None = None
    top_k: TokenId | None = None
    min_p: Probability | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES)] | None = Field(
        None, description="Number of choices for each prompt; all are charged."
    )
    best_of: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None,
        description="How many choices to generate for each prompt; the `n` of the highest mean log "
        "probability are returned. All are charged. Not with `stream`.",
    )
    echo: bool | None = Field(
        None, description="Whether each choice begins with its prompt; with `logprobs`, scored."
    )
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = Field(
        None,
        description="Number of the likeliest tokens to return at each position, besides the chosen one.",
    )
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    repetition_penalty: Repetition | None = None
    logit_bias: (
        Annotated[dict[_BiasedToken, _Bias], Field(max_length=1024, json_schema_extra=_NO_OTHERS)]
        | None
    ) = Field(
        None,
        description="Token id -> bias added to its logit; -100 bans the token, 100 forces it.",
    )
    seed: Seed | None = Field(
        None, description="Makes sampling repeatable, on a best-effort basis."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = Field(None, description="Accepted and discarded.")

    @property
    def ignored(self) -> tuple[str, ...]:
        """The paths of unknown fields."""
        return unknown(self, (), self.stream_options)

    @property
    def requested_tokens(self) -> int:
        """The upper bound of output tokens per choice; no engine generates less than one."""
        return max(1, _DEFAULT_TOKENS if self.max_tokens is None else self.max_tokens)

    @property
    def shows_output(self) -> bool:
        """Whether the output is returned, and not the prompt alone."""
        return self.max_tokens != 0

    @property
    def returned(self) -> int:
        """Number of choices that the response has for each prompt."""
        return self.n or 1

    @property
    def generated(self) -> int:
        """Number of choices that are generated for each prompt."""
        return self.best_of or self.returned

    @property
    def prompts(self) -> tuple[RawPrompt, ...]:
        """The prompts, in their order."""
        if isinstance(self.prompt, str):
            return (self.prompt,)
        tokens = tuple(item for item in self.prompt if isinstance(item, int))
        if tokens:
            return (tokens,)
        return tuple(
            item if isinstance(item, str) else tuple(item)
            for item in self.prompt
            if not isinstance(item, int)
        )

    def expect_possible(self) -> None:
        """Return if the fields do not contradict each other.

        Raises:
            InvalidRequestError: they do; all faults are named.
        """
        if faults := {field: (why,) for field, why in self._faults()}:
            raise InvalidRequestError(faults=faults)

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.best_of is not None and self.best_of < self.returned:
            yield "best_of", f"Less than `n`, which is {self.returned}."
        if self.best_of is not None and self.stream:
            yield "best_of", "Not with `stream`: the best is known when all are complete."
        if (choices := len(self.prompts) * self.generated) > MOST_CHOICES:
            yield (
                "best_of" if self.best_of else "n",
                f"{choices} choices of all prompts together; at most {MOST_CHOICES}.",
            )
        if self.echo and self.suffix is not None:
            yield "echo", "Not with `suffix`: the output stands between the two."

    def to_domain(self, cache_scope: str) -> ChatRequest:
        """Convert the body to the domain; the output limit is set at admission."""
        prompts, chooses = self.prompts, self.generated > self.returned
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        biases = self.logit_bias or {}
        return ChatRequest(
            model=self.model,
            messages=(),
            max_output_tokens=0,
            sampling=Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                top_k=self.top_k,
                min_p=self.min_p,
                frequency_penalty=self.frequency_penalty,
                presence_penalty=self.presence_penalty,
                repetition_penalty=1.0 if self.repetition_penalty == 0 else self.repetition_penalty,
                seed=self.seed,
                stop=stop,
                logit_bias=tuple((int(token), bias) for token, bias in biases.items()),
            ),
            choices=len(prompts) * self.generated,
            top_logprobs=0 if chooses and self.logprobs is None else self.logprobs,
            stream=bool(self.stream),
            cache_scope=cache_scope,
            system_prompt=False,
            options=ChatOptions(raw=RawPrompts(prompts, self.suffix, bool(self.echo))),
        )
