"""The ports: what the use cases need from the outside, in the words of the domain."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.account import Account, Key
from fondaco.domain.chat import Burst, Turn
from fondaco.domain.ledger import Entry, OpenCall, Standing
from fondaco.domain.light import light


class Clock(Protocol):
    """The time, so that tests own it."""

    def now(self) -> float:
        """Return Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class Ids(Protocol):
    """Fresh identifiers, so that tests own them."""

    def call(self) -> str:
        """Return a fresh identifier of 128 bits as 32 hex digits."""
        ...


@light
@dataclass(frozen=True, slots=True)
class Prompt:
    """A turn's prompt as an engine measured it."""

    input_tokens: int
    exact: bool = True
    """False: an upper bound, from an engine whose tokenizer is out of reach."""
    token_ids: tuple[int, ...] | None = None
    """The rendered prompt, where the engine wants it back in `chat`."""


class ChatEngine(Protocol):
    """Whatever runs a text model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def measure(self, turn: Turn) -> Prompt:
        """Count the prompt by the model's own tokenizer and chat template, before any work."""
        ...

    def chat(self, turn: Turn, prompt: Prompt | None) -> AsyncGenerator[Burst]:
        """Answer the turn; closing the generator stops the engine.

        `prompt` is what this engine's `measure` returned, or None where another engine measured.
        Each choice ends with one `Finish`; a `Counted` comes with or after the last of them where
        the engine reports usage.
        """
        ...

    async def probe(self) -> None:
        """Generate one token, to show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class Journal(Protocol):
    """The durable side of the ledger: one writer, atomic batches, nothing lost once confirmed."""

    async def standing(self, account_id: int) -> Standing | None:
        """Return an account's balance and allocation as committed, or None for no such account.

        It never runs ahead of `on_change`: whatever of other processes is in it was told before.
        """
        ...

    def write(self, entries: Sequence[Entry], closes: str | None = None) -> Awaitable[None]:
        """Append entries and forget the open call `closes`, in one transaction.

        The write is under way when this returns; the awaitable ends once it is durable. A second
        entry with the same call, sku and currency is refused by the store. An empty write ends
        when everything before it is durable.

        Raises:
            StorageFailedError: (from the awaitable) nothing of it was written.
            AlreadyEnteredError: (from the awaitable) likewise: the store has such an entry.
        """
        ...

    def note(self, calls: Sequence[OpenCall]) -> None:
        """Record open calls and their progress; durable soon, waited for by nobody."""
        ...

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that a crash left open."""
        ...

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of entries that something else wrote, and of other edits with `()`.

        Several may listen; all are called on the event loop, each entry once. Any call means that
        accounts and keys may have changed as well.
        """
        ...


class Keys(Protocol):
    """Where accounts and keys are kept."""

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key whose secret has this keyed hash, with its account."""
        ...
