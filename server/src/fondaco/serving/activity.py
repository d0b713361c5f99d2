"""Activity of the server: calls and tokens of the last minute, by samples of the counts that are there."""

from collections import deque
from dataclasses import dataclass

import anyio

from fondaco.ports import Clock
from fondaco.serving.metrics import Metrics

_EVERY_S = 5.0
_SAMPLES = 12
"""A minute of them."""
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Averages over the last minute, or since the start where that is later."""

    calls_per_minute: float
    """Calls that ended with output."""
    tokens_per_second: float
    """Output tokens of these calls."""


class Activity:
    """Samples the counts of calls every few seconds, so that a call costs nothing more."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._samples = deque([self._sample()], maxlen=_SAMPLES)

    async def run(self) -> None:
        """Take samples until cancelled."""
        while True:
            await anyio.sleep(_EVERY_S)
            self.sample()

    def sample(self) -> None:
        """Take a sample."""
        self._samples.append(self._sample())

    def rates(self) -> Rates:
        """Return the averages between the oldest sample and now."""
        first, now = self._samples[0], self._sample()
        elapsed_s = max(1.0, now.at - first.at)
        return Rates(
            (now.calls - first.calls) * _MINUTE_S / elapsed_s,
            (now.tokens - first.tokens) / elapsed_s,
        )

    def _sample(self) -> _Sample:
        tokens = sum(count for (_, kind), count in self._metrics.tokens.items() if kind == "output")
        return _Sample(self._clock.monotonic(), self._metrics.calls, tokens)
