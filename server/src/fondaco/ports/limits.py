"""How fast accounts may ask."""

from collections.abc import Sequence
from typing import Protocol

from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Exceedance, Quota


class Reservation(Protocol):
    """A call's place within its account's limits."""

    @property
    def quota(self) -> Quota:
        """What the limits show now."""
        ...

    @property
    def charged(self) -> bool:
        """Whether calls of the account's tier cost money."""
        ...

    def settle(self, tokens: int) -> None:
        """Put the tokens that the call has really consumed in place of the estimate."""
        ...

    def withdraw(self) -> None:
        """Take the call out again, as if it had never been admitted."""
        ...


class Limits(Protocol):
    """How fast accounts may ask: in this process, or in a store that several processes share."""

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> Reservation:
        """Take a place for a call that will consume about `tokens`: all limits hold it, or none.

        Raises:
            RateLimitExceededError: a limit of the account's tier is reached; nothing was counted.
        """
        ...

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return what the limits of an account for a model show."""
        ...

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return the last 50 requests of an account that came too fast, the latest first."""
        ...
