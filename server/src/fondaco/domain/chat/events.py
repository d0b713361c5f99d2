"""Chat events: pieces of a model's output, as engines produce them and writers consume them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fondaco.domain.chat.opaque import READABLE, Spelled
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.usage import Report


@fast_init
@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token with its log probability and the likeliest alternatives."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None
    top: tuple["TokenLogprob", ...] = ()


FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


@fast_init
@dataclass(frozen=True, slots=True)
class Text:
    """A piece of visible output."""

    choice: int
    text: str
    tokens: int = 1
    """How many tokens the piece stands for, where the engine tells; else an estimate of 1."""
    logprobs: tuple[TokenLogprob, ...] | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of reasoning."""

    choice: int
    text: str
    tokens: int = 1


@fast_init
@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of what the model says in place of an answer: no form is promised of it."""

    choice: int
    text: str
    tokens: int = 1


@fast_init
@dataclass(frozen=True, slots=True)
class ToolPart:
    """A piece of a call of a function."""

    choice: int
    index: int
    """Of the call within its choice, from 0."""
    arguments: str = ""
    """The next piece of their JSON text."""
    tokens: int = 1
    name: str = ""
    """Of the function: in the call's first piece alone."""
    id: str = ""
    """As the engine named the call, in its first piece alone; empty: it gave no name."""
    opaque: Spelled | None = None
    """Fields that the engine gave with the call, and wants back with it."""


@fast_init
@dataclass(frozen=True, slots=True)
class Opaque:
    """Fields of an answer that its engine wants back with the next request; see `domain.opaque`."""

    choice: int
    fields: Spelled
    """At least one."""

    @property
    def unreadable(self) -> "Opaque | None":
        """This without what tells thoughts in words; None: nothing is left."""
        kept = {name: text for name, text in self.fields.items() if name not in READABLE}
        return Opaque(self.choice, kept) if kept else None


@fast_init
@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one choice."""

    choice: int
    reason: FinishReason


@fast_init
@dataclass(frozen=True, slots=True)
class Counted:
    """The engine's own report of the call's usage so far; the last one counts."""

    report: Report


ChatEvent: TypeAlias = Text | Thought | Refusal | ToolPart | Opaque | Finish | Counted
EventBatch: TypeAlias = tuple[ChatEvent, ...]
"""Events that arrived together: they travel together, so a fast engine costs few wake-ups."""
