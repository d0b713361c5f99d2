"""Meters: count the consumption of one kind of work, and know its upper bound."""

from typing import Protocol

from fondaco.domain.money.usage import Usage


class UsageSource(Protocol):
    """The usage of a call so far, which the ledger notes from time to time."""

    @property
    def usage(self) -> Usage:
        """The usage so far."""
        ...


class Meter(UsageSource, Protocol):
    """Counts one piece of an engine's work: a chat completion, a batch of embeddings ..."""

    @property
    def most(self) -> Usage:
        """The most that the work may consume: the hold covers it, and `usage` stays within it."""
        ...

    @property
    def produced(self) -> bool:
        """Whether the engine has produced anything; work without a result is not charged."""
        ...

    @property
    def exhausted(self) -> bool:
        """Whether the work has consumed the most that it may."""
        ...

    def fail(self) -> None:
        """Count only what was delivered, as the engine failed."""
        ...
