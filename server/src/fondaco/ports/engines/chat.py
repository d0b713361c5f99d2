"""The port of chat engines."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.fast_init import fast_init


@fast_init
@dataclass(frozen=True, slots=True)
class Prompt:
    """A request's prompt as an engine measured it."""

    input_tokens: int
    exact: bool = True
    """False: an upper bound, from an engine whose tokenizer is out of reach."""
    token_ids: tuple[int, ...] | None = None
    """The rendered prompt, where the engine wants it back in `chat`."""
    parts: "tuple[Prompt, ...]" = ()
    """Of several raw prompts, each; their tokens are counted together above."""

    @classmethod
    def together(cls, parts: "Sequence[Prompt]") -> "Prompt":
        """Return the measure of several raw prompts; of one alone, its own."""
        if len(parts) == 1:
            return parts[0]
        tokens, exact = sum(one.input_tokens for one in parts), all(one.exact for one in parts)
        return cls(tokens, exact=exact, parts=tuple(parts))

    @property
    def longest(self) -> int:
        """The input tokens that one choice has in its context at most."""
        if not self.parts:
            return self.input_tokens
        return max(one.input_tokens for one in self.parts)


class ChatEngine(Protocol):
    """Runs a text model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def measure(self, request: ChatRequest) -> Prompt:
        """Count the prompt by the model's own tokenizer and chat template, before any work."""
        ...

    def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer the request; closing the generator stops the engine.

        `prompt` is what this engine's `measure` returned, or None where another engine measured.
        Each choice ends with one `Finish`; a `UsageReported` comes with or after the last of them where
        the engine reports usage. Of raw prompts that are to be echoed, a `PromptEcho` comes before
        whatever else a choice has.
        """
        ...

    def read_on_s(self, request: ChatRequest) -> float:
        """Return the seconds for which a reply is read on after its caller has disconnected.

        0 if the engine streams: it is then stopped at once, and what it produced until then is known. More if
        its reply comes in one piece, of which nothing is known before its end.
        """
        ...

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the names of the request's options that change nothing here, as callers know them.

        Only options that do not affect the output may be ignored (`prompt_cache_key`); any other
        unsupported option raises a `FieldNotTakenError`.
        """
        ...

    async def probe(self) -> None:
        """Generate one token, to show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class BegunAnswer(Protocol):
    """An answer that an engine is asked for with no task waiting for it.

    Once it was sent for, it is either taken whole by `batch`, when it has settled, or read on by `events`.
    """

    def send(self, settled: Callable[[], None]) -> None:
        """Ask for it; `settled` is called once it has arrived, or cannot go on unread."""
        ...

    def forget(self) -> None:
        """Call `settled` no more, as `events` follows."""
        ...

    def batch(self) -> EventBatch:
        """Return the events of an answer that has settled; empty where only `events` tells what became of it."""
        ...

    def events(self) -> AsyncGenerator[EventBatch]:
        """Return the events as `ChatEngine.chat` does, from the first one on, whatever was taken before."""
        ...


class TextRelay(Protocol):
    """Takes the text of an answer where it arrives, while the consumer of the engine's generator waits."""

    @property
    def ready(self) -> bool:
        """Whether text can be taken, once the generator's consumer waits; else the generator yields it."""
        ...

    def take(self, batch: EventBatch) -> bool:
        """Take events that are texts of one kind.

        Returns whether more can be taken; else the generator yields an empty batch next, so that its
        consumer looks.
        """
        ...


@runtime_checkable
class RelayingChatEngine(ChatEngine, Protocol):
    """A chat engine that can hand on text without waking the consumer of its generator."""

    def relayed(self, request: ChatRequest, relay: TextRelay) -> AsyncGenerator[EventBatch]:
        """Answer a streamed request as `chat` does, but for batches that go to `relay`."""
        ...


@runtime_checkable
class ImmediateChatEngine(ChatEngine, Protocol):
    """A chat engine that can be asked without waiting for anything but its answer."""

    def bound(self, request: ChatRequest) -> Prompt | None:
        """Return what `measure` would, for a request that needs no task; else None."""
        ...

    def begin(self, request: ChatRequest) -> BegunAnswer:
        """Return the answer to be sent for; only where `bound` has just said that this is possible."""
        ...
