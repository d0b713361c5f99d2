"""Rate limits over sliding windows, counted in the memory of this process."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import ceil

from fondaco.domain.errors import RateLimitExceededError, UnauthorizedError
from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Exceedance, LimitType, LimitUse, Quota, RateLimits, Tier
from fondaco.ports import Clock
from fondaco.serving.admission.windows import DAY, MINUTE, Bucket, LruMap, Window

_MAX_TRACKED, _MAX_LOGS, _LOGGED = 16_384, 4_096, 50

_NAMES = {
    LimitType.RPM: "requests per minute",
    LimitType.RPD: "requests per day",
    LimitType.TPM: "tokens per minute",
}


class RateWindows:
    """The request and token windows of one account for a model, or for a class of models."""

    __slots__ = ("charged", "day", "minute", "tokens")

    def __init__(self, limits: RateLimits, *, charged: bool) -> None:
        self.charged = charged
        """Whether calls counted here cost money."""
        self.minute = Window(limits.requests_per_minute, MINUTE)
        self.day = Window(limits.requests_per_day, DAY)
        most_tokens = limits.tokens_per_minute
        self.tokens = None if most_tokens is None else Window(most_tokens, MINUTE)

    def reconfigure(self, limits: RateLimits, *, charged: bool) -> None:
        """Apply other limits from now on; amounts already counted stay counted."""
        self.charged = charged
        self.minute.limit = limits.requests_per_minute
        self.day.limit = limits.requests_per_day
        most_tokens = limits.tokens_per_minute
        if most_tokens is None:
            self.tokens = None
        elif self.tokens is None:
            self.tokens = Window(most_tokens, MINUTE)
        else:
            self.tokens.limit = most_tokens

    def fits(self, now: float, tokens: int) -> bool:
        """Whether one more call of `tokens` tokens is within all limits."""
        return (
            self.minute.fits(now)
            and self.day.fits(now)
            and (self.tokens is None or self.tokens.fits(now, tokens))
        )

    def binding_limit(self, now: float, tokens: int) -> tuple[LimitType, Window, float]:
        """Return the limit that delays such a call longest, its window, and the seconds to wait."""
        waits = [(kind, window, window.wait(now, n)) for kind, window, n in self._all(tokens)]
        return max(waits, key=lambda one: one[2])

    def quota(self, now: float, unix_s: float) -> Quota:
        """Return the remaining quota; of minute and day the one with fewer requests left.

        Args:
            now: monotonic seconds.
            unix_s: the same instant in Unix seconds.
        """
        minute, day, tokens = self.minute, self.day, self.tokens
        in_minute, in_day = minute.remaining(now), day.remaining(now)
        if in_day <= in_minute:
            minute, in_minute = day, in_day
        reset_at = ceil(unix_s + minute.next_expiry(now))
        if tokens is None:
            return Quota(minute.limit, in_minute, reset_at)
        remaining = tokens.remaining(now)
        return Quota(
            minute.limit,
            in_minute,
            reset_at,
            tokens.limit,
            remaining,
            ceil(tokens.next_expiry(now)),
        )

    def usage(self, now: float, unix_s: float) -> tuple[LimitUse, ...]:
        """Return how much of each limit is used; the arguments are those of `quota`."""
        return tuple(
            LimitUse(
                kind,
                window.limit,
                used := window.used(now),
                unix_s + window.next_expiry(now) if used > 0 else None,
            )
            for kind, window, _ in self._all(0)
        )

    def _all(self, tokens: int) -> Iterator[tuple[LimitType, Window, int]]:
        yield LimitType.RPM, self.minute, 1
        yield LimitType.RPD, self.day, 1
        if self.tokens is not None:
            yield LimitType.TPM, self.tokens, tokens


class WindowReservation:
    """The capacity that one call reserved in the windows of its account."""

    __slots__ = ("_clock", "_day", "_estimate", "_minute", "_token_window", "_tokens", "_windows")

    def __init__(self, windows: RateWindows, clock: Clock, now: float, tokens: int) -> None:
        """Count the call, with `tokens` as an estimate."""
        self._windows = windows
        self._clock = clock
        self._estimate = tokens
        self._minute: Bucket | None = windows.minute.add(now)
        self._day = windows.day.add(now)
        self._token_window = windows.tokens
        self._tokens = None if windows.tokens is None else windows.tokens.add(now, tokens)

    @property
    def quota(self) -> Quota:
        """The account's remaining quota now."""
        return self._windows.quota(self._clock.monotonic(), self._clock.now())

    @property
    def charged(self) -> bool:
        """Whether calls of the account's tier cost money."""
        return self._windows.charged

    def settle(self, tokens: int) -> None:
        """Replace the estimate by the tokens consumed, at the time of the admission."""
        window, bucket = self._token_window, self._tokens
        if window is not None and bucket is not None and tokens != self._estimate:
            window.adjust(bucket, tokens - self._estimate)
            self._estimate = tokens

    def withdraw(self) -> None:
        """Remove the call from all windows; a second time changes nothing."""
        if self._minute is None:
            return
        self._windows.minute.adjust(self._minute, -1)
        self._windows.day.adjust(self._day, -1)
        self.settle(0)
        self._minute = self._tokens = None


class SlidingWindowLimiter:
    """Rate limiter with sliding windows in memory, by account, tier, and model or class.

    It belongs to one event loop: nothing is awaited between checking the windows and counting.
    """

    def __init__(self, tiers: Mapping[str, Tier], clock: Clock) -> None:
        """Limit accounts by their tier; `tiers` is keyed by the tier's name."""
        self._tiers = tiers
        self._clock = clock
        self._windows = LruMap(self._new_windows, _MAX_TRACKED)
        self._logs = LruMap[int, deque[Exceedance]](lambda _: deque(maxlen=_LOGGED), _MAX_LOGS)

    def reconfigure(self, tiers: Mapping[str, Tier]) -> None:
        """Apply other tiers from now on; requests already counted stay counted."""
        self._tiers = tiers
        for key, windows in self._windows.items():
            tier = tiers.get(key[1])
            limits = None if tier is None else tier.limits.get(key[2])
            if tier is None or limits is None:
                self._windows.discard(key)
            else:
                windows.reconfigure(limits, charged=tier.charged)

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> WindowReservation:
        """Count a call in all its windows, or in none.

        An estimate above the whole token limit is admitted while no other tokens are counted.

        Raises:
            RateLimitExceededError: a limit is reached.
            UnauthorizedError: the configuration does not define the account's tier.
        """
        windows = self._windows[self._key(call.account_id, call.tier, model)]
        now = self._clock.monotonic()
        if not windows.fits(now, tokens):
            raise self._refusal(call, model, windows, now, tokens)
        return WindowReservation(windows, self._clock, now, tokens)

    def room(
        self, account_id: int, tier: str, model: AnyModel, tokens: int
    ) -> Callable[[], WindowReservation] | None:
        """Return what reserves capacity for a call that costs money; None where there is none."""
        if tier not in self._tiers:
            return None
        windows = self._windows[self._key(account_id, tier, model)]
        now = self._clock.monotonic()
        if not windows.charged or not windows.fits(now, tokens):
            return None
        return partial(WindowReservation, windows, self._clock, now, tokens)

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return the account's remaining quota for a model; counts nothing.

        Raises:
            UnauthorizedError: the configuration does not define the tier.
        """
        windows = self._windows[self._key(account_id, tier, model)]
        return windows.quota(self._clock.monotonic(), self._clock.now())

    def usage(self, account_id: int, tier: str, model: AnyModel) -> tuple[LimitUse, ...]:
        """Return how much of its limits for a model an account uses; counts nothing.

        Raises:
            UnauthorizedError: the configuration does not define the tier.
        """
        key = self._key(account_id, tier, model)
        windows = self._windows.peek(key) or self._new_windows(key)
        return windows.usage(self._clock.monotonic(), self._clock.now())

    def charges(self, tier: str) -> bool:
        """Whether calls of a tier cost money.

        Raises:
            UnauthorizedError: the configuration does not define the tier.
        """
        if tier not in self._tiers:
            raise unknown_tier(tier)
        return self._tiers[tier].charged

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return an account's last 50 requests above a rate limit, the latest first."""
        return tuple(reversed(self._logs.peek(account_id) or ()))

    def _key(self, account_id: int, tier_id: str, model: AnyModel) -> tuple[int, str, str, str]:
        tier = self._tiers.get(tier_id)
        if tier is None:
            raise unknown_tier(tier_id)
        rate_class = model.rate_class
        model_id = "" if tier.limits[rate_class].shared else model.id
        return account_id, tier_id, rate_class, model_id

    def _new_windows(self, key: tuple[int, str, str, str]) -> RateWindows:
        tier = self._tiers[key[1]]
        return RateWindows(tier.limits[key[2]], charged=tier.charged)

    def _refusal(
        self, call: Call, model: AnyModel, windows: RateWindows, now: float, tokens: int
    ) -> RateLimitExceededError:
        kind, window, wait_s = windows.binding_limit(now, tokens)
        at = self._clock.now()
        self._logs[call.account_id].append(Exceedance(call.key_id, model.id, call.tier, kind, at))
        retry_after_s = max(1, ceil(wait_s))
        return RateLimitExceededError(
            f"Rate limit exceeded: {window.limit} {_NAMES[kind]} ({kind}) for the model {model.id!r} "
            f"on the tier {call.tier!r}. Please try again in {retry_after_s} s.",
            retry_after_s=retry_after_s,
            quota=windows.quota(now, at),
        )


def unknown_tier(tier: str) -> UnauthorizedError:
    """Return the error for an account whose tier the configuration does not define."""
    return UnauthorizedError(
        f"The account's tier {tier!r} is not defined on this server. The operator must add "
        f"[tiers.{tier}] to the configuration, or move the account to another tier."
    )
