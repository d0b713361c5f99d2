"""Chat: the turn that an engine is asked for, and the events that it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningOptions
from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.fast_init import fast_init
from fondaco.domain.output_format.output_format import OutputFormat
from fondaco.domain.web import WebOptions


@fast_init
@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; None leaves a value to the model's default."""

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
    """With `max_temperature`, in place of the temperature: it moves between the two, by entropy."""
    max_temperature: float | None = None
    logit_bias: tuple[tuple[int, float], ...] = ()
    """Token id and what is added to its logit, from -100 (never) to 100 (always)."""

    @property
    def span(self) -> tuple[float, float] | None:
        """The lowest and the highest temperature where it moves; None: it stands still.

        Where one end alone is given, the temperature is the other one, as far as that end allows.

        >>> Sampling(temperature=0.7, max_temperature=1.5).span
        (0.7, 1.5)
        >>> Sampling(temperature=0.7, max_temperature=0.5).span
        (0.5, 0.5)
        """
        low, high = self.min_temperature, self.max_temperature
        if low is None and high is None:
            return None
        still = 1.0 if self.temperature is None else self.temperature
        if low is None:
            low = still if high is None else min(still, high)
        return low, max(still, low) if high is None else high

    def filled(self, temperature: float, top_p: float) -> "Sampling":
        """Return this with values for what the caller left open; itself where nothing is."""
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
    """What an engine's own API takes, and ours has no word for. Source: `inference_extra_params`."""

    params: Mapping[str, object] = field(default_factory=dict)
    """Fields of its request."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


@fast_init
@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What few turns ask for, beyond words and how they are drawn."""

    web: WebOptions | None = None
    """What is to be brought from the web; None: nothing."""
    tool_options: ToolOptions | None = None
    """Functions that the model may call; None: there are none."""
    output_format: OutputFormat | None = None
    """What the answer has to look like; None: as the model likes."""
    thinking: ReasoningOptions | None = None
    """None: as the model likes."""
    hints: Mapping[str, object] = field(default_factory=dict)
    """Fields of OpenAI's API that mean something to some engines only, such as `prompt_cache_key`."""
    switches: Mapping[str, object] = field(default_factory=dict)
    """Variables for the chat template."""
    template: str | None = None
    """A chat template of the caller's, in Jinja; None: the model's own."""
    form_after: str = ""
    """The text after which the form has to hold; empty: from the beginning."""
    media: bool = False
    """Whether its messages hold images, sounds or films."""
    engine: str = ""
    """The one engine that may answer; empty: any of the model's."""
    stop_shown: bool = False
    """Whether an answer that a stop text ends has that text as its end."""
    prediction: str | None = None
    """What the answer will likely be for the most part, which makes some engines quicker."""
    engine_parameters: EngineParameters | None = None
    """What else is to be handed to the engine, as its caller words it."""


NO_OPTIONS = ChatOptions()
"""No wishes, as nearly all turns."""


@fast_init
@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a chat call asks an engine for, once everything that Fondaco adds has been added."""

    model: str
    """The catalogue's id of the model."""
    messages: tuple[Message, ...]
    max_output_tokens: int
    """For each choice: as much as the call is admitted with, and is cut off at."""
    sampling: Sampling = field(default_factory=Sampling)
    choices: int = 1
    top_logprobs: int | None = None
    """None: no log probabilities; 0: only those of the chosen tokens."""
    stream: bool = False
    """Whether the caller reads along; an engine may answer a whole reply in one burst."""
    cache_scope: str = ""
    """Calls may share a prompt cache only within one scope (an account)."""
    system_prompt: bool = True
    """Whether its caller wants the platform's own prompt before it."""
    options: ChatOptions = NO_OPTIONS
    open_ended: bool = False
    """Whether an engine need not be told the limit: its caller named none, and the money covers what the
    model's context holds."""

    @property
    def requested_tokens(self) -> int:
        """Tokens of output that an engine is asked for; at least one where it is told no limit."""
        return 1 if self.open_ended else self.max_output_tokens

    @property
    def characters(self) -> int:
        """How long the conversation is, roughly: its text alone."""
        total = 0
        for message in self.messages:
            content = message.content
            if isinstance(content, str):
                total += len(content)
            elif content is not None:
                total += sum(map(len, message.texts))
        return total

    def told(self, text: str) -> "ChatRequest":
        """Return this turn with `text` before all that its system messages say.

        It becomes part of a system message that comes first: many templates take no second one.
        """
        first, rest = self.messages[0], self.messages
        said = Message(Role.SYSTEM, text)
        if first.role is Role.SYSTEM:
            said = first.led_by(f"{text}\n\n") if first.content is not None else said
            rest = rest[1:]
        return ChatRequest(
            self.model,
            (said, *rest),
            self.max_output_tokens,
            self.sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.options,
            self.open_ended,
        )

    def of(
        self, model: str, max_output_tokens: int, sampling: Sampling, *, open_ended: bool = False
    ) -> "ChatRequest":
        """Return this turn as a model gets it; four times as fast as `dataclasses.replace`."""
        return ChatRequest(
            model,
            self.messages,
            max_output_tokens,
            sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.options,
            open_ended,
        )
