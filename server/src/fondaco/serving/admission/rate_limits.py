"""Limits: how fast accounts may ask, counted in this process."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from fondaco.domain.errors import RateLimitExceededError, UnauthorizedError
from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Exceedance, LimitType, Quota, RateLimits, Tier
from fondaco.ports import Clock
from fondaco.serving.admission.windows import DAY, MINUTE, Latest, Mark, Window

_MOST_PACES, _MOST_LOGS, _LOGGED = 16_384, 4_096, 50

_WORDS = {
    LimitType.RPM: "requests per minute",
    LimitType.RPD: "requests per day",
    LimitType.TPM: "tokens per minute",
}


class Limiter:
    """How fast an account has asked for a model, or for a class of models that count together."""

    __slots__ = ("charged", "day", "minute", "tokens")

    def __init__(self, limits: RateLimits, *, charged: bool) -> None:
        self.charged = charged
        """Whether the calls that are counted here cost money."""
        self.minute = Window(limits.requests_per_minute, MINUTE)
        self.day = Window(limits.requests_per_day, DAY)
        most_tokens = limits.tokens_per_minute
        self.tokens = None if most_tokens is None else Window(most_tokens, MINUTE)

    def follow(self, limits: RateLimits, *, charged: bool) -> None:
        """Go by other limits from now on; what was counted stays counted."""
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
        """Whether one more call of so many tokens is within all limits."""
        return (
            self.minute.fits(now)
            and self.day.fits(now)
            and (self.tokens is None or self.tokens.fits(now, tokens))
        )

    def reached(self, now: float, tokens: int) -> tuple[LimitType, Window, float]:
        """Return the limit that holds such a call back longest, its window, and the seconds left."""
        waits = [(kind, window, window.wait(now, n)) for kind, window, n in self._all(tokens)]
        return max(waits, key=lambda one: one[2])

    def quota(self, now: float, unix_s: float) -> Quota:
        """Return what is left now; of minute and day that which has less left, which binds first."""
        minute, day, tokens = self.minute, self.day, self.tokens
        in_minute, in_day = minute.free(now), day.free(now)
        if in_day <= in_minute:
            minute, in_minute = day, in_day
        reset_at = ceil(unix_s + minute.relief(now))
        if tokens is None:
            return Quota(minute.limit, in_minute, reset_at)
        left = tokens.free(now)
        return Quota(
            minute.limit, in_minute, reset_at, tokens.limit, left, ceil(tokens.relief(now))
        )

    def _all(self, tokens: int) -> Iterator[tuple[LimitType, Window, int]]:
        yield LimitType.RPM, self.minute, 1
        yield LimitType.RPD, self.day, 1
        if self.tokens is not None:
            yield LimitType.TPM, self.tokens, tokens


class Place:
    """A call's place within its account's limits."""

    __slots__ = ("_clock", "_day", "_estimate", "_limiter", "_minute", "_tokens", "_window")

    def __init__(self, limiter: Limiter, clock: Clock, now: float, tokens: int) -> None:
        """Count the call, with `tokens` as an estimate."""
        self._limiter = limiter
        self._clock = clock
        self._estimate = tokens
        self._minute: Mark | None = limiter.minute.add(now)
        self._day = limiter.day.add(now)
        self._window = limiter.tokens
        self._tokens = None if limiter.tokens is None else limiter.tokens.add(now, tokens)

    @property
    def quota(self) -> Quota:
        """What the limits show now."""
        return self._limiter.quota(self._clock.monotonic(), self._clock.now())

    @property
    def charged(self) -> bool:
        """Whether calls of the account's tier cost money."""
        return self._limiter.charged

    def settle(self, tokens: int) -> None:
        """Count what was really consumed instead of the estimate, at the time of the admission."""
        window, mark = self._window, self._tokens
        if window is not None and mark is not None and tokens != self._estimate:
            window.correct(mark, tokens - self._estimate)
            self._estimate = tokens

    def withdraw(self) -> None:
        """Take the call out again; a second time changes nothing."""
        if self._minute is None:
            return
        self._limiter.minute.correct(self._minute, -1)
        self._limiter.day.correct(self._day, -1)
        self.settle(0)
        self._minute = self._tokens = None


class WindowLimits:
    """Limits over sliding windows in memory: by account, tier, and model or class.

    It runs on one event loop: between looking at the windows and counting nothing is awaited.
    """

    def __init__(self, tiers: Mapping[str, Tier], clock: Clock) -> None:
        self._tiers = tiers
        self._clock = clock
        self._paces = Latest(self._limiter, _MOST_PACES)
        self._logs = Latest[int, deque[Exceedance]](lambda _: deque(maxlen=_LOGGED), _MOST_LOGS)

    def follow(self, tiers: Mapping[str, Tier]) -> None:
        """Go by other tiers from now on; what accounts have asked for lately stays counted."""
        self._tiers = tiers
        for key, limiter in self._paces.all():
            tier = tiers.get(key[1])
            limits = None if tier is None else tier.limits.get(key[2])
            if tier is None or limits is None:
                self._paces.forget(key)
            else:
                limiter.follow(limits, charged=tier.charged)

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> Place:
        """Count a call in all its windows, or in none.

        An estimate beyond the whole limit is admitted once no other tokens are counted.

        Raises:
            RateLimitExceededError: a limit is reached.
            UnauthorizedError: the configuration does not know the account's tier.
        """
        limiter = self._paces.of(self._key(call.account_id, call.tier, model))
        now = self._clock.monotonic()
        if not limiter.fits(now, tokens):
            raise self._refusal(call, model, limiter, now, tokens)
        return Place(limiter, self._clock, now, tokens)

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return what the limits of an account for a model show; nothing is counted.

        Raises:
            UnauthorizedError: the configuration does not know the tier.
        """
        limiter = self._paces.of(self._key(account_id, tier, model))
        return limiter.quota(self._clock.monotonic(), self._clock.now())

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return the last 50 requests of an account that came too fast, the latest first."""
        return tuple(reversed(self._logs.known(account_id) or ()))

    def _key(self, account_id: int, tier_id: str, model: AnyModel) -> tuple[int, str, str, str]:
        tier = self._tiers.get(tier_id)
        if tier is None:
            raise unknown_tier(tier_id)
        rate_class = model.rate_class
        alone = "" if tier.limits[rate_class].shared else model.id
        return account_id, tier_id, rate_class, alone

    def _limiter(self, key: tuple[int, str, str, str]) -> Limiter:
        tier = self._tiers[key[1]]
        return Limiter(tier.limits[key[2]], charged=tier.charged)

    def _refusal(
        self, call: Call, model: AnyModel, limiter: Limiter, now: float, tokens: int
    ) -> RateLimitExceededError:
        kind, window, wait_s = limiter.reached(now, tokens)
        at = self._clock.now()
        self._logs.of(call.account_id).append(
            Exceedance(call.key_id, model.id, call.tier, kind, at)
        )
        retry_after_s = max(1, ceil(wait_s))
        return RateLimitExceededError(
            f"Rate limit exceeded: {window.limit} {_WORDS[kind]} ({kind}) for the model {model.id!r} "
            f"on the tier {call.tier!r}. Please try again in {retry_after_s} s.",
            retry_after_s=retry_after_s,
            quota=limiter.quota(now, at),
        )


def unknown_tier(tier: str) -> UnauthorizedError:
    """Return what is said to an account whose tier the configuration does not know."""
    return UnauthorizedError(
        f"The account's tier {tier!r} is not defined on this server. Its operator has to add "
        f"[tiers.{tier}] to the configuration, or put the account into another tier."
    )
