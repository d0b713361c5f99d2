"""Budgets in memory: a key's spending of its limit in an epoch, and the holds of its open calls."""

from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.money import Funds


class Budget:
    """The part of one key's consumption limit that is spent or held, in nano-units.

    Only keys that have a limit, or had one since their account was loaded, have a budget. Open calls of
    its epoch refer to it, so it outlives midnight while one of them may still extend its hold.
    """

    __slots__ = ("epoch", "held_diem", "held_usd", "loaded", "spent_diem", "spent_usd")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.held_usd = self.held_diem = 0
        self.spent_usd = self.spent_diem = 0
        self.loaded = False
        """Whether charges from before this budget was created are included."""

    def load(self, spent: Funds) -> None:
        """Add the key's spending in the epoch before this budget was created."""
        self.spent_usd += spent.usd
        self.spent_diem += spent.diem
        self.loaded = True

    def left(self, limit: ConsumptionLimit, free: Funds) -> Funds:
        """Return the part of `free` that the key may still hold."""
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
