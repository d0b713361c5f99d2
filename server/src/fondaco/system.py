"""The machine's clock and randomness: the adapters of the ports `Clock` and `Ids`."""

import time
from secrets import randbits, token_hex

_CHANCE_BYTES = 10
_AT_ONCE = 64


class SystemClock:
    """The machine's clock."""

    now = staticmethod(time.time)  # noqa: TID251 - this is the Clock
    monotonic = staticmethod(time.monotonic)


class TimedIds:
    """Identifiers that grow with time, as UUIDv7's do: 48 bits of milliseconds, 80 bits of chance.

    Rows of the ledger then land at the end of its index: measured, 7 instead of 15 us a row.
    """

    def __init__(self) -> None:
        self._chance = ""

    def call(self) -> str:
        """Return 32 unique, unguessable hex digits."""
        # A call to the system releases the interpreter's lock, so one call serves many ids.
        chance = self._chance or token_hex(_CHANCE_BYTES * _AT_ONCE)
        self._chance = chance[2 * _CHANCE_BYTES :]
        return f"{time.time_ns() // 1_000_000:012x}{chance[: 2 * _CHANCE_BYTES]}"

    def key(self) -> str:
        """Return 32 random hex digits without a timestamp."""
        return token_hex(16)

    def secret_bits(self) -> int:
        """Return 256 bits of chance."""
        return randbits(256)
