"""Stakes by configuration."""

from collections.abc import Mapping

import anyio.lowlevel

ANYONE = "*"


class RuleStakes:
    """An operator's list of wallets, or one amount for any of them."""

    def __init__(self, allocations: Mapping[str, int]) -> None:
        """Take nano-DIEM for each epoch by address, in lower case, or by `*` for all others."""
        self._allocations = dict(allocations)

    async def allocation(self, wallet: str) -> int | None:
        """Return a wallet's allocation in nano-DIEM; None if it is zero."""
        await anyio.lowlevel.checkpoint()
        others = self._allocations.get(ANYONE, 0)
        return self._allocations.get(wallet, others) or None
