"""A clock for tests that moves when it is told to."""

from dataclasses import dataclass

UNIX = 1_800_000_000.0
"""What its wall shows when its monotonic side shows 0."""


@dataclass
class HandClock:
    """Both clocks of the port, side by side."""

    at: float = 0.0

    def now(self) -> float:
        return UNIX + self.at

    def monotonic(self) -> float:
        return self.at
