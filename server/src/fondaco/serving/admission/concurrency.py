"""Concurrency limit: caps the calls of one account that run at the same time."""

from math import ceil

from fondaco.domain.errors import ConcurrencyLimitError
from fondaco.domain.money.limits import Quota
from fondaco.ports import Clock

_RETRY_AFTER_S = 1


class ConcurrentCalls:
    """Counts the running calls of each account, from before a request body is read."""

    def __init__(self, max_calls: int, clock: Clock) -> None:
        """Allow each account `max_calls` at a time; 0 allows any number."""
        self._max_calls = max_calls
        self._clock = clock
        self._running: dict[int, int] = {}

    def reconfigure(self, max_calls: int) -> None:
        """Apply another limit from now on; running calls go on."""
        self._max_calls = max_calls

    @property
    def limit(self) -> int:
        """The most calls of an account at a time; 0: any number."""
        return self._max_calls

    @property
    def total(self) -> int:
        """Calls of all accounts that are under way."""
        return sum(self._running.values())

    def running(self, account_id: int) -> int:
        """Return how many calls of an account are under way."""
        return self._running.get(account_id, 0)

    def admits(self, account_id: int) -> bool:
        """Whether `enter` admits one more call."""
        return self._running.get(account_id, 0) < self._max_calls or not self._max_calls > 0

    def enter(self, account_id: int) -> None:
        """Count a call that begins.

        Raises:
            ConcurrencyLimitError: the account has as many running calls as allowed.
        """
        running = self._running.get(account_id, 0)
        if running >= self._max_calls > 0:
            raise ConcurrencyLimitError(
                f"The account has {self._max_calls:,} calls in progress, which is its limit. Try "
                "again when some have ended.",
                retry_after_s=_RETRY_AFTER_S,
                quota=Quota(self._max_calls, 0, ceil(self._clock.now() + _RETRY_AFTER_S)),
            )
        self._running[account_id] = running + 1

    def leave(self, account_id: int) -> None:
        """Stop counting a call that has ended."""
        running = self._running[account_id]
        if running > 1:
            self._running[account_id] = running - 1
        else:
            del self._running[account_id]
