"""The guard: makes those wait whose requests fail over and over.

Source: api-reference/rate-limiting.md, "Failed Request Rate Limits".
"""

from collections import deque
from collections.abc import Hashable
from math import ceil, inf
from typing import Generic, TypeVar

from fondaco.domain.errors import TooManyFailuresError
from fondaco.domain.money.limits import LimitScope, Quota
from fondaco.ports import Clock
from fondaco.serving.admission.windows import Latest

WhoT = TypeVar("WhoT", bound=Hashable)

_MOST = 8_192
"""Of whom failures are remembered; whoever failed longest ago is forgotten first."""


class FailureThrottle:
    """Counts failed requests: of accounts, and of addresses for requests without a good key."""

    def __init__(self, clock: Clock, *, failures: int, window_s: float) -> None:
        """Suffer so many `failures` within `window_s` seconds; 0: any number."""
        self.accounts: Failures[int] = Failures(clock, failures, window_s, scope="user")
        self.client_addresses: Failures[str] = Failures(clock, failures, window_s, scope="global")

    def follow(self, *, failures: int, window_s: float) -> None:
        """Go by other numbers from now on; who has to wait still waits."""
        self.accounts.follow(failures, window_s)
        self.client_addresses.follow(failures, window_s)


class Failures(Generic[WhoT]):
    """Failed requests by who sent them.

    Who fails once too often has to wait as long as the window is; then all is forgiven.
    """

    def __init__(self, clock: Clock, most: int, window_s: float, *, scope: LimitScope) -> None:
        self._clock = clock
        self._most = most
        self._window_s = window_s
        self._scope: LimitScope = scope
        self._records: Latest[WhoT, Record] = Latest(lambda _: Record(self._most), _MOST)

    def follow(self, most: int, window_s: float) -> None:
        """Go by other numbers from now on."""
        self._most, self._window_s = most, window_s
        for _, record in self._records.all():
            record.failed_at = deque(record.failed_at, maxlen=most + 1)

    def check(self, who: WhoT) -> None:
        """Return if requests are taken.

        Raises:
            TooManyFailuresError: too many failed.
        """
        record = self._records.known(who)
        if record is None:
            return
        wait_s = record.refused_until - self._clock.monotonic()
        if wait_s > 0:
            raise TooManyFailuresError(
                f"Too many failed attempts (> {self._most}) resulting in a non-success status code. "
                f"Please wait {self._window_s:g}s and try again. See "
                "https://docs.venice.ai/api-reference/rate-limiting for more information.",
                retry_after_s=ceil(wait_s),
                quota=Quota(self._most, 0, ceil(self._clock.now() + wait_s)),
                scope=self._scope,
            )

    def count(self, who: WhoT) -> None:
        """Count a failed request."""
        if not self._most:
            return
        now = self._clock.monotonic()
        record = self._records.of(who)
        if now < record.refused_until:
            return  # it was under way when its sender failed once too often
        record.failed_at.append(now)
        if len(record.failed_at) > self._most and now - record.failed_at[0] <= self._window_s:
            record.failed_at.clear()
            record.refused_until = now + self._window_s


class Record:
    """When somebody's latest requests failed, in monotonic seconds."""

    __slots__ = ("failed_at", "refused_until")

    def __init__(self, most: int) -> None:
        self.failed_at: deque[float] = deque(maxlen=most + 1)
        self.refused_until = -inf
