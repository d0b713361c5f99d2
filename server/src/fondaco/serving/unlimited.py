"""Unlimited: the port `Limits` where nothing is limited."""

from collections.abc import Sequence

from fondaco.domain.call import Call
from fondaco.domain.limits import Exceedance, Quota
from fondaco.domain.model import Model

_MANY = 1_000_000_000


class Anyhow:
    """A place that nobody counts."""

    charged = True
    quota = Quota(_MANY, _MANY, 0, _MANY, _MANY, 0)

    def settle(self, tokens: int) -> None:
        """Count nothing."""

    def withdraw(self) -> None:
        """Count nothing."""


class Unlimited:
    """Admits every call."""

    async def admit(self, call: Call, model: Model, tokens: int) -> Anyhow:
        """Admit it."""
        return Anyhow()

    def quota(self, account_id: int, tier: str, model: Model) -> Quota:
        """Return numbers that nobody reaches."""
        return Anyhow.quota

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return nothing."""
        return ()
