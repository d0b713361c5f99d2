"""Failure throttle: refuses callers with too many failed requests until a waiting time has passed.

Source: api-reference/rate-limiting.md, "Failed Request Rate Limits".
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil, inf
from typing import Generic, Self, TypeVar

from fondaco.domain.errors import TooManyFailuresError
from fondaco.domain.money.limits import LimitScope, Quota
from fondaco.ports import Clock, Throttle
from fondaco.serving.admission.windows import LruMap

SubjectT = TypeVar("SubjectT", bound=Hashable)

_MAX_TRACKED = 8_192
"""Subjects whose failures are remembered; the one that failed longest ago is evicted first."""


@dataclass(frozen=True, slots=True)
class FailureThrottle:
    """The throttles of accounts, of sessions, and of client addresses that send no valid key.

    Sessions are counted apart from their account's API keys: a program that keeps failing must not keep
    people from the dashboard, where its key is revoked.
    """

    accounts: Throttle[int]
    """Of requests with an API key, by account id."""
    sessions: Throttle[str]
    """By the id of the key that a session belongs to."""
    client_addresses: Throttle[str]

    @classmethod
    def in_process(cls, clock: Clock, *, max_failures: int, window_s: float) -> Self:
        """Return throttles that count in the memory of this process.

        Args:
            clock: the time.
            max_failures: failed requests accepted within a window; 0 accepts any number.
            window_s: length of the window and of the refusal, in seconds.
        """
        return cls(
            InProcessThrottle[int](clock, max_failures, window_s, scope="user"),
            InProcessThrottle[str](clock, max_failures, window_s, scope="user"),
            InProcessThrottle[str](clock, max_failures, window_s, scope="global"),
        )

    def reconfigure(self, *, max_failures: int, window_s: float) -> None:
        """Apply another limit to all from now on; callers being refused stay refused."""
        self.accounts.reconfigure(max_failures, window_s)
        self.sessions.reconfigure(max_failures, window_s)
        self.client_addresses.reconfigure(max_failures, window_s)


class InProcessThrottle(Generic[SubjectT]):
    """Throttle that counts failures in the memory of this process.

    One failure above the limit within the window refuses the subject for the length of the window;
    afterwards its count starts at zero.
    """

    def __init__(
        self, clock: Clock, max_failures: int, window_s: float, *, scope: LimitScope
    ) -> None:
        self._clock = clock
        self._max_failures = max_failures
        self._window_s = window_s
        self._scope: LimitScope = scope
        self._histories: LruMap[SubjectT, FailureHistory] = LruMap(
            lambda _: FailureHistory(self._max_failures), _MAX_TRACKED
        )

    def __len__(self) -> int:
        """Return the number of subjects whose failures are remembered."""
        return len(self._histories)

    def reconfigure(self, max_failures: int, window_s: float) -> None:
        """Apply another limit from now on."""
        self._max_failures, self._window_s = max_failures, window_s
        for history in self._histories.values():
            history.failed_at = deque(history.failed_at, maxlen=max_failures + 1)

    def check(self, subject: SubjectT) -> None:
        """Return if requests of the subject are accepted.

        Raises:
            TooManyFailuresError: too many of its requests failed.
        """
        history = self._histories.peek(subject)
        if history is None:
            return
        wait_s = history.refused_until - self._clock.monotonic()
        if wait_s > 0:
            raise TooManyFailuresError(
                f"Too many failed attempts (> {self._max_failures}) resulting in a non-success status code. "
                f"Please wait {self._window_s:g}s and try again. See "
                "https://docs.venice.ai/api-reference/rate-limiting for more information.",
                retry_after_s=ceil(wait_s),
                quota=Quota(self._max_failures, 0, ceil(self._clock.now() + wait_s)),
                scope=self._scope,
            )

    def record_failure(self, subject: SubjectT) -> None:
        """Count a failed request."""
        if not self._max_failures:
            return
        now = self._clock.monotonic()
        history = self._histories[subject]
        if now < history.refused_until:
            return  # the request started before the limit was reached
        history.failed_at.append(now)
        failures = len(history.failed_at)
        if failures > self._max_failures and now - history.failed_at[0] <= self._window_s:
            history.failed_at.clear()
            history.refused_until = now + self._window_s


class FailureHistory:
    """The times of a subject's latest failures, in monotonic seconds."""

    __slots__ = ("failed_at", "refused_until")

    def __init__(self, max_failures: int) -> None:
        self.failed_at: deque[float] = deque(maxlen=max_failures + 1)
        self.refused_until = -inf
