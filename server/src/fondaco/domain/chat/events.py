"""Chat events: pieces of a model's output, as engines produce them and writers consume them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fondaco.domain.chat.opaque import READABLE, RawJson
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
    """Tokens in the piece, where the engine reports them; otherwise an estimate of 1."""
    logprobs: tuple[TokenLogprob, ...] | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of reasoning output."""

    choice: int
    text: str
    tokens: int = 1


@fast_init
@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of a refusal, to which no output format applies."""

    choice: int
    text: str
    tokens: int = 1


@fast_init
@dataclass(frozen=True, slots=True)
class ToolPart:
    """A piece of a tool call."""

    choice: int
    index: int
    """The call's index within its choice, from 0."""
    arguments: str = ""
    """The next piece of the arguments' JSON text."""
    tokens: int = 1
    name: str = ""
    """The function's name; only in the first piece of a call."""
    id: str = ""
    """The engine's id of the call; only in the first piece; empty: the engine gave none."""
    opaque: RawJson | None = None
    """Opaque fields of the call, which the engine expects back unchanged."""


@fast_init
@dataclass(frozen=True, slots=True)
class Opaque:
    """Opaque fields of the output, which the engine expects back unchanged; see `domain.chat.opaque`."""

    choice: int
    fields: RawJson
    """At least one."""

    @property
    def without_reasoning(self) -> "Opaque | None":
        """These fields without readable reasoning; None: none are left."""
        kept = {name: text for name, text in self.fields.items() if name not in READABLE}
        return Opaque(self.choice, kept) if kept else None


@fast_init
@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one choice."""

    choice: int
    reason: FinishReason
    stop_sequence: str | None = None
    """The stop sequence that ended it, if the engine reports one."""


@fast_init
@dataclass(frozen=True, slots=True)
class PromptEcho:
    """The prompt of a choice, for callers that want it before the output; it counts as input alone."""

    choice: int
    text: str
    unscored: tuple[str, ...] = ()
    """The texts of its first tokens, which nothing precedes that would make them likely; at most one."""
    logprobs: tuple[TokenLogprob, ...] | None = None
    """Of the tokens after them; None: not requested."""


@fast_init
@dataclass(frozen=True, slots=True)
class UsageReported:
    """The engine's report of the call's usage so far; later reports replace earlier ones."""

    report: Report


ChatEvent: TypeAlias = (
    Text | Reasoning | Refusal | ToolPart | Opaque | Finish | PromptEcho | UsageReported
)
EventBatch: TypeAlias = tuple[ChatEvent, ...]
"""Events that arrived together. Passing them on together saves wake-ups of the event loop."""
