"""Time and identifiers as ports, so that tests control them."""

from typing import Protocol


class Clock(Protocol):
    """The time, controlled by tests."""

    def now(self) -> float:
        """Return Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class Ids(Protocol):
    """Fresh identifiers, controlled by tests."""

    def call(self) -> str:
        """Return a fresh identifier of 128 bits as 32 hex digits."""
        ...

    def key(self) -> str:
        """Return a fresh identifier as `call` does, fully random."""
        ...

    def secret_bits(self) -> int:
        """Return 256 cryptographically random bits."""
        ...
