"""Concurrency limit: how many calls of one account run at a time."""

from math import ceil

from fondaco.domain.errors import ConcurrencyLimitError
from fondaco.domain.money.limits import Quota
from fondaco.ports import Clock

_RETRY_AFTER_S = 1


class ConcurrentCalls:
    """Counts the calls of each account that are under way, from before their bodies are read."""

    def __init__(self, most: int, clock: Clock) -> None:
        """Let each account have `most` at a time; 0: any number."""
        self._most = most
        self._clock = clock
        self._running: dict[int, int] = {}

    def follow(self, most: int) -> None:
        """Let each account have another number at a time from now on."""
        self._most = most

    def enter(self, account_id: int) -> None:
        """Count a call.

        Raises:
            ConcurrencyLimitError: as many of the account are under way as may be.
        """
        running = self._running.get(account_id, 0)
        if running >= self._most > 0:
            raise ConcurrencyLimitError(
                f"The account has {self._most:,} calls under way, the most that it may. Try again "
                "when some of them have ended.",
                retry_after_s=_RETRY_AFTER_S,
                quota=Quota(self._most, 0, ceil(self._clock.now() + _RETRY_AFTER_S)),
            )
        self._running[account_id] = running + 1

    def leave(self, account_id: int) -> None:
        """Count a call no more."""
        running = self._running[account_id]
        if running > 1:
            self._running[account_id] = running - 1
        else:
            del self._running[account_id]
