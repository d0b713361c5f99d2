"""A key's budget in memory: what it has spent of its limit in an epoch, and what its open calls hold."""

from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.money import Funds


class Budget:
    """What one key has taken out of its consumption limit, in nano-units.

    It is kept only for keys that have a limit, or had one since their account came into memory. Open
    calls of its epoch refer to it, so it outlives midnight as long as one of them may still extend
    its hold.
    """

    __slots__ = ("epoch", "held_diem", "held_usd", "loaded", "spent_diem", "spent_usd")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.held_usd = self.held_diem = 0
        self.spent_usd = self.spent_diem = 0
        self.loaded = False
        """Whether what was spent before is counted in."""

    def load(self, spent: Funds) -> None:
        """Count in what was spent in the epoch before this budget was begun."""
        self.spent_usd += spent.usd
        self.spent_diem += spent.diem
        self.loaded = True

    def left(self, limit: ConsumptionLimit, free: Funds) -> Funds:
        """Return the part of `free` that the key may still take."""
        taken = Funds(self.spent_usd + self.held_usd, self.spent_diem + self.held_diem)
        return limit.left(taken, free)

    def take(self, funds: Funds) -> None:
        """Hold funds for a call of the budget's epoch."""
        self.held_usd += funds.usd
        self.held_diem += funds.diem

    def settle(self, held: Funds, paid: Funds) -> None:
        """Turn a hold of the budget's epoch into a payment."""
        self.held_usd -= held.usd
        self.held_diem -= held.diem
        self.spent_usd += paid.usd
        self.spent_diem += paid.diem
