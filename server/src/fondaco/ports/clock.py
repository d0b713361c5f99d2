"""The surroundings: time and identifiers, so that tests own them."""

from typing import Protocol


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

    def key(self) -> str:
        """Return a fresh identifier as `call` does, all of it chance."""
        ...

    def secret_bits(self) -> int:
        """Return 256 bits that nobody can guess."""
        ...
