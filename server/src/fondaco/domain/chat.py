"""Chat: the turn that an engine is asked for, and the events that it answers with."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from fondaco.domain.light import light
from fondaco.domain.usage import Usage
from fondaco.domain.web import WebWish


class Role(StrEnum):
    """Who speaks; a `developer` message becomes a `system` one at the door."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a function that an earlier assistant message made."""

    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


@light
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; text parts keep their order."""

    role: Role
    content: str | tuple[str, ...] | None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolUse, ...] = ()
    reasoning: str | None = None


@light
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
        )


@light
@dataclass(frozen=True, slots=True)
class Turn:
    """What a chat call asks an engine for, once everything that Fondaco adds has been added."""

    model: str
    """The catalogue's id of the model."""
    messages: tuple[Message, ...]
    max_output_tokens: int
    """For each choice."""
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
    web: WebWish | None = None
    """What its caller wants to be brought from the web; None: nothing."""

    @property
    def characters(self) -> int:
        """How long the conversation is, roughly: its text alone."""
        total = 0
        for message in self.messages:
            content = message.content
            if isinstance(content, str):
                total += len(content)
            elif content is not None:
                total += sum(map(len, content))
        return total

    def told(self, text: str) -> "Turn":
        """Return this turn with `text` before all that its system messages say.

        It becomes part of a system message that comes first: many templates take no second one.
        """
        first, rest = self.messages[0], self.messages
        said: str | tuple[str, ...] = text
        if first.role is Role.SYSTEM:
            said = (f"{text}\n\n", *first.content) if isinstance(first.content, tuple) else text
            if isinstance(first.content, str):
                said = f"{text}\n\n{first.content}"
            rest = rest[1:]
        return Turn(
            self.model,
            (Message(Role.SYSTEM, said), *rest),
            self.max_output_tokens,
            self.sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.web,
        )

    def of(self, model: str, max_output_tokens: int, sampling: Sampling) -> "Turn":
        """Return this turn as a model gets it; four times as fast as `dataclasses.replace`."""
        return Turn(
            model,
            self.messages,
            max_output_tokens,
            sampling,
            self.choices,
            self.top_logprobs,
            self.stream,
            self.cache_scope,
            self.system_prompt,
            self.web,
        )


@light
@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token with its log probability and the likeliest alternatives."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None
    top: tuple["TokenLogprob", ...] = ()


FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


@light
@dataclass(frozen=True, slots=True)
class Text:
    """A piece of visible output."""

    choice: int
    text: str
    tokens: int = 1
    """How many tokens the piece stands for, where the engine tells; else an estimate of 1."""
    logprobs: tuple[TokenLogprob, ...] | None = None


@light
@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of reasoning."""

    choice: int
    text: str
    tokens: int = 1


@light
@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one choice."""

    choice: int
    reason: FinishReason


@light
@dataclass(frozen=True, slots=True)
class Counted:
    """The engine's own report of the call's usage so far; the last one counts."""

    usage: Usage


ChatEvent: TypeAlias = Text | Thought | Finish | Counted
Burst: TypeAlias = tuple[ChatEvent, ...]
"""Events that arrived together: they travel together, so a fast engine costs few wake-ups."""
