"""Decrypted requests that wait for the start of their answers: few, small together, and for seconds."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from fondaco.domain.errors import EngineBusyError, SealedRequestError

_LOOK_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WaitingLimits:
    """Limits on waiting calls."""

    most: int = 256
    most_bytes: int = 64 * 2**20
    """Of all bodies together, as they were received."""
    seconds: float = 60.0
    """A gateway asks for an answer at once; only its ledger is in between."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    octets: int
    until: float


class Waiting(Generic[T]):
    """Values by id, each taken once."""

    def __init__(self, limits: WaitingLimits, monotonic: Callable[[], float]) -> None:
        """Begin empty; `monotonic` returns seconds that never go back."""
        self._limits = limits
        self._monotonic = monotonic
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def expect_room(self, key: str, octets: int) -> None:
        """Return if a value of so many bytes may wait.

        Raises:
            EngineBusyError: too much waits.
            SealedRequestError: a value of this id waits already.
        """
        self._drop_expired()
        if key in self._entries:
            raise SealedRequestError(
                "A request with this id is already waiting. Send it again.",
                reason="e2ee_replay_detected",
            )
        full = len(self._entries) >= self._limits.most
        if full or self._bytes + octets > self._limits.most_bytes:
            raise EngineBusyError(
                "The enclave has reached its limit of waiting requests. Try again in a moment.",
                retry_after_s=1,
            )

    def put(self, key: str, value: T, octets: int) -> None:
        """Have a value wait; raises as `expect_room` does."""
        self.expect_room(key, octets)
        self._entries[key] = _Entry(value, octets, self._monotonic() + self._limits.seconds)
        self._bytes += octets

    def take(self, key: str) -> T:
        """Return the value of an id, which waits no longer.

        Raises:
            SealedRequestError: none waits: it never did, or too long ago, or the enclave was restarted since.
        """
        self._drop_expired()
        if key not in self._entries:
            raise SealedRequestError(
                "The enclave no longer has this request: the enclave was restarted, or the "
                "request waited too long. Fetch and verify its attestation again, then encrypt "
                "and send the request again.",
                reason="e2ee_model_key_mismatch",
            )
        return self._drop(key).value

    def drop(self, key: str) -> None:
        """Drop the value of an id, if one waits."""
        if key in self._entries:
            self._drop(key)

    async def run(self) -> None:
        """Drop expired calls, until cancelled."""
        while True:
            await anyio.sleep(_LOOK_S)
            self._drop_expired()

    def _drop_expired(self) -> None:
        """Drop what is past its time; all wait equally long, so the oldest come first."""
        now = self._monotonic()
        while self._entries and next(iter(self._entries.values())).until <= now:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> _Entry[T]:
        entry = self._entries.pop(key)
        self._bytes -= entry.octets
        return entry
