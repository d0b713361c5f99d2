"""Chat requests: a conversation, sampling parameters and options, as engines receive them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.reasoning import ReasoningOptions
from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.fast_init import fast_init
from fondaco.domain.output_format.output_format import OutputFormat
from fondaco.domain.web import WebOptions


@fast_init
@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters; None leaves a value to the model's default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    min_temperature: float | None = None
    """Lower bound of dynamic temperature, which moves with the entropy of the next token."""
    max_temperature: float | None = None
    """Upper bound of dynamic temperature."""
    logit_bias: tuple[tuple[int, float], ...] = ()
    """Pairs of token id and bias added to its logit, from -100 (never) to 100 (always)."""

    @property
    def temperature_range(self) -> tuple[float, float] | None:
        """The bounds of dynamic temperature; None: the temperature is fixed.

        With one bound only, the temperature itself is the other, within that bound.

        >>> Sampling(temperature=0.7, max_temperature=1.5).temperature_range
        (0.7, 1.5)
        >>> Sampling(temperature=0.7, max_temperature=0.5).temperature_range
        (0.5, 0.5)
        """
        low, high = self.min_temperature, self.max_temperature
        if low is None and high is None:
            return None
        fixed = 1.0 if self.temperature is None else self.temperature
        if low is None:
            low = fixed if high is None else min(fixed, high)
        return low, max(fixed, low) if high is None else high

    def filled(self, temperature: float, top_p: float) -> "Sampling":
        """Return these parameters with defaults for a missing temperature and top_p."""
        if self.temperature is not None and self.top_p is not None:
            return self
        return Sampling(
            temperature if self.temperature is None else self.temperature,
            top_p if self.top_p is None else self.top_p,
            self.top_k,
            self.min_p,
            self.frequency_penalty,
            self.presence_penalty,
            self.repetition_penalty,
            self.seed,
            self.stop,
            self.stop_token_ids,
            self.min_temperature,
            self.max_temperature,
            self.logit_bias,
        )


@dataclass(frozen=True, slots=True)
class EngineParameters:
    """Fields and headers of an engine's own API, passed through. Source: `inference_extra_params`."""

    params: Mapping[str, object] = field(default_factory=dict)
    """Fields of the request body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case, with their values."""


@fast_init
@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options that few requests set: tools, output format, reasoning, web retrieval, engine parameters."""

    web: WebOptions | None = None
    """Web retrieval; None: none."""
    tool_options: ToolOptions | None = None
    """Tools that the model may call; None: none."""
    output_format: OutputFormat | None = None
    """The format that the output must have; None: any text."""
    reasoning: ReasoningOptions | None = None
    """None: the model's default."""
    hints: Mapping[str, object] = field(default_factory=dict)
    """Fields of OpenAI's API that only some engines use, such as `prompt_cache_key`."""
    template_variables: Mapping[str, object] = field(default_factory=dict)
    """Variables of the chat template. Source: `chat_template_kwargs`."""
    template: str | None = None
    """The caller's chat template, in Jinja; None: the model's own."""
    format_after: str = ""
    """The text after which the output format applies; empty: from the start."""
    media: bool = False
    """Whether messages contain images, audio or video."""
    engine: str = ""
    """The only engine that may answer; empty: any engine of the model."""
    stop_shown: bool = False
    """Whether output that ended at a stop sequence includes it."""
    prediction: str | None = None
    """Predicted output, which some engines use for speculative decoding."""
    engine_parameters: EngineParameters | None = None
    """Parameters passed through to the engine."""
    raw: RawPrompts | None = None
    """Prompts to continue without a template, instead of messages; None: a conversation."""
    timed: bool = False
    """Whether the caller set a deadline: what was produced until then is charged, so it has to be known."""


NO_OPTIONS = ChatOptions()
"""The options of nearly all requests."""


@fast_init
@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for a chat completion, or for completions of raw prompts, as an engine receives it."""

    model: str
    """The catalogue's id of the model."""
    messages: tuple[Message, ...]
    """Empty where the options have raw prompts."""
    max_output_tokens: int
    """Limit of each choice: what the call was admitted with, and where its output is truncated."""
    sampling: Sampling = field(default_factory=Sampling)
    choices: int = 1
    """Of all raw prompts together, where there are any."""
    top_logprobs: int | None = None
    """Alternatives for each token; 0: only the chosen tokens' log probabilities; None: none at all."""
    stream: bool = False
    """Whether the caller streams; otherwise an engine may return its output in one batch."""
    cache_scope: str = ""
    """Requests share a prompt cache only within one scope, which is an account."""
    system_prompt: bool = True
    """Whether the platform's system prompt is prepended."""
    options: ChatOptions = NO_OPTIONS
    open_ended: bool = False
    """Whether no limit is sent to the engine: the caller set none, and the hold covers the context window."""
    within_context: bool = False
    """Whether an output limit beyond the context means as much as fits; otherwise it is refused."""

    @property
    def requested_tokens(self) -> int:
        """The output limit sent to an engine; 1 where none is sent."""
        return 1 if self.open_ended else self.max_output_tokens

    @property
    def characters(self) -> int:
        """The length of the conversation's text, in characters; media are not counted."""
        if self.options.raw is not None:
            return self.options.raw.characters
        total = 0
        for message in self.messages:
            content = message.content
            if isinstance(content, str):
                total += len(content)
            elif content is not None:
                total += sum(map(len, message.texts))
        return total

    def with_instructions(self, text: str) -> "ChatRequest":
        """Return this request with `text` at the start of its system message.

        A system message that exists is extended, since many chat templates accept only one.
        """
        return ChatRequest(
            self.model,
            instructed(self.messages, text),
            self.max_output_tokens,
            self.sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.options,
            self.open_ended,
            self.within_context,
        )

    def of_each_prompt(self) -> "tuple[ChatRequest, ...]":
        """Return a request for each raw prompt, with its share of the choices; of a conversation, itself."""
        raw = self.options.raw
        if raw is None or len(raw.prompts) == 1:
            return (self,)
        choices = self.choices // len(raw.prompts)
        return tuple(
            replace(
                self,
                choices=choices,
                options=replace(self.options, raw=replace(raw, prompts=(prompt,))),
            )
            for prompt in raw.prompts
        )

    def for_model(
        self,
        model: str,
        max_output_tokens: int,
        sampling: Sampling,
        *,
        open_ended: bool = False,
        instructions: str = "",
    ) -> "ChatRequest":
        """Return this request for a model, with `instructions` as `with_instructions` adds them.

        Four times as fast as `dataclasses.replace`.
        """
        return ChatRequest(
            model,
            instructed(self.messages, instructions) if instructions else self.messages,
            max_output_tokens,
            sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.options,
            open_ended,
            self.within_context,
        )


def instructed(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """Return a conversation with `text` at the start of its system message."""
    first = messages[0]
    if first.role is not Role.SYSTEM:
        return Message(Role.SYSTEM, text), *messages
    if first.content is None:
        return Message(Role.SYSTEM, text), *messages[1:]
    return first.prefixed(f"{text}\n\n"), *messages[1:]
