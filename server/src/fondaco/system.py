"""The machine's clock and randomness: the adapters of the ports `Clock` and `Ids`."""

import time
from secrets import token_hex


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return Unix seconds."""
        return time.time()  # noqa: TID251  # this is the Clock

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class RandomIds:
    """Identifiers from the system's randomness."""

    def call(self) -> str:
        """Return 128 fresh bits as 32 hex digits."""
        return token_hex(16)
