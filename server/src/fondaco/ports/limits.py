"""Rate limits of accounts."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Exceedance, LimitUse, Quota


class Reservation(Protocol):
    """The capacity that one admitted call takes from its account's rate limits."""

    @property
    def quota(self) -> Quota:
        """The account's remaining quota now."""
        ...

    @property
    def charged(self) -> bool:
        """Whether calls of the account's tier cost money."""
        ...

    def settle(self, tokens: int) -> None:
        """Replace the estimate by the tokens that the call has consumed."""
        ...

    def withdraw(self) -> None:
        """Return the capacity, as if the call had never been admitted."""
        ...


class RateLimiter(Protocol):
    """Limits requests and tokens of accounts, for one process or shared by several servers."""

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> Reservation:
        """Reserve capacity for a call of about `tokens` tokens: in every limit, or in none.

        Raises:
            RateLimitExceededError: a limit of the account's tier is reached; nothing was counted.
        """
        ...

    def room(
        self, account_id: int, tier: str, model: AnyModel, tokens: int
    ) -> Callable[[], Reservation] | None:
        """Return what reserves, if called at once, as `admit` does, for a call that costs money.

        None: a limit is reached, the tier's calls cost nothing, or finding out takes waiting. Nothing is
        counted yet.
        """
        ...

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return the account's remaining quota for a model; counts nothing."""
        ...

    def usage(self, account_id: int, tier: str, model: AnyModel) -> Sequence[LimitUse]:
        """Return how much of its limits for a model an account uses; counts nothing.

        Models that share a count have the same.
        """
        ...

    def charges(self, tier: str) -> bool:
        """Whether calls of a tier cost money.

        Raises:
            UnauthorizedError: the configuration does not define the tier.
        """
        ...

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return an account's last 50 requests above a rate limit, the latest first."""
        ...
