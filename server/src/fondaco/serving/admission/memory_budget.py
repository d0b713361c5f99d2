"""Memory budget: caps the memory of large values, in all and for each account."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from fondaco.domain.errors import ConcurrencyLimitError, EngineBusyError

_RETRY_AFTER_S = 5


@dataclass(slots=True)
class MemoryBudget:
    """The bytes that values of one kind may occupy at a time."""

    total_bytes: int
    account_bytes: int
    """Of one account; a single value may exceed it."""
    kind: str
    """Of the values, in the plural, for errors."""
    busy: str
    """The error of a request for which there is no room."""
    taken_bytes: int = 0
    _taken_by: Counter[int | None] = field(default_factory=Counter)

    def share(self, account_id: int | None) -> "MemoryShare":
        """Return a share of an account that holds nothing yet."""
        return MemoryShare(self, account_id)

    def take(self, account_id: int | None, octets: int, held: int) -> None:
        """Take `octets` more for a share that holds `held` already.

        Raises:
            ConcurrencyLimitError: the budget of the account is exhausted.
            EngineBusyError: the total budget is exhausted.
        """
        others_bytes = self._taken_by[account_id] - held
        if others_bytes and others_bytes + held + octets > self.account_bytes:
            raise ConcurrencyLimitError(
                f"The account's requests under way have {self.kind} of {self.account_bytes:,} bytes "
                "together, the most that they may. Try again when some of them have ended.",
                retry_after_s=_RETRY_AFTER_S,
            )
        if self.taken_bytes + octets > self.total_bytes:
            raise EngineBusyError(self.busy, retry_after_s=_RETRY_AFTER_S)
        self.keep(account_id, octets)

    def keep(self, account_id: int | None, octets: int) -> None:
        """Take `octets` more for what is in memory already, whether or not there is room."""
        self.taken_bytes += octets
        self._taken_by[account_id] += octets

    def give_back(self, account_id: int | None, octets: int) -> None:
        """Give back what was taken."""
        self.taken_bytes -= octets
        self._taken_by[account_id] -= octets
        if not self._taken_by[account_id]:
            del self._taken_by[account_id]


class MemoryShare:
    """The share of a budget that the values of one request hold, until it is released."""

    __slots__ = ("_account_id", "_budget", "_octets")

    def __init__(self, budget: MemoryBudget, account_id: int | None) -> None:
        self._budget = budget
        self._account_id = account_id
        self._octets = 0

    @property
    def account_id(self) -> int | None:
        """The account that holds it."""
        return self._account_id

    def hold(self, octets: int) -> None:
        """Hold `octets` in total.

        Raises:
            ConcurrencyLimitError, EngineBusyError: as from `MemoryBudget.take`.
        """
        self._budget.take(self._account_id, octets - self._octets, self._octets)
        self._octets = octets

    def hold_more(self, octets: int) -> None:
        """Hold `octets` beside what is held already; raises as `hold` does."""
        self.hold(self._octets + octets)

    def keep(self, octets: int) -> None:
        """Hold `octets` in total, which are in memory already; where there is no room, others wait."""
        self._budget.keep(self._account_id, octets - self._octets)
        self._octets = octets

    def release(self) -> None:
        """Release all memory."""
        if self._octets:
            self._budget.give_back(self._account_id, self._octets)
            self._octets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
