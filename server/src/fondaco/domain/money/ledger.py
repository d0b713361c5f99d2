"""Ledger records: entries, account snapshots, idempotency records and open calls."""

from dataclasses import dataclass, field
from enum import StrEnum

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.account import SYSTEM_ACCOUNTS
from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import Usage


class EntryKind(StrEnum):
    """Why money moved."""

    CHARGE = "charge"
    GRANT = "grant"
    REFILL = "refill"
    EXPIRY = "expiry"
    ADJUSTMENT = "adjustment"


_COUNTERPART = {
    EntryKind.CHARGE: SYSTEM_ACCOUNTS["revenue"],
    EntryKind.GRANT: SYSTEM_ACCOUNTS["grants"],
    EntryKind.ADJUSTMENT: SYSTEM_ACCOUNTS["grants"],
    EntryKind.REFILL: SYSTEM_ACCOUNTS["epochs"],
    EntryKind.EXPIRY: SYSTEM_ACCOUNTS["epochs"],
}


class Unwritable(StrEnum):
    """Why a write can never succeed: a closed set, kept in the quarantine and counted."""

    CONSTRAINT = "constraint"
    """It breaks a rule of the store, such as a balance below zero or an account that is unknown."""
    OUT_OF_RANGE = "out_of_range"
    """A number or text is larger than the store can hold."""
    WRONG_TYPE = "wrong_type"
    """A value is of a type that the store cannot hold."""
    UNSETTLED = "unsettled"
    """A call that a crash left open could not be settled."""


@fast_init
@dataclass(frozen=True, slots=True)
class Entry:
    """One movement between an account and the ledger's own side: it sums to zero by itself."""

    account_id: int
    kind: EntryKind
    currency: Currency
    amount: int
    """Nano-units as the account sees them: a charge is negative, a grant positive."""
    at: float
    """Unix seconds."""
    call_id: str | None = None
    """32 hex digits; for an epoch's refill its `epoch_reference`, for a grant under an idempotency key an id of
    that; None for what none of these caused."""
    key_id: str | None = None
    sku: str = ""
    units: int = 0
    unit_price: int = 0
    """Nano-dollars per million units."""
    usage: Usage | None = None
    execution_ms: int = 0
    epoch: int | None = None
    """Of a charge: the epoch of the call's admission, in which it counts against the key's limit.
    None means the epoch of `at`."""
    notes: str = ""
    """Why the charge is what it is, for the account's owner: never content."""

    @property
    def counterpart_id(self) -> int:
        """The ledger's own account on the other side."""
        return _COUNTERPART[self.kind]


def epoch_reference(account_id: int, epoch: int) -> str:
    """Return the id of an account's refill for an epoch, stored instead of a call id.

    It is a function of both, so the unique index over (call, sku, currency) prevents a second refill.
    """
    return f"{account_id:016x}{epoch:016x}"


def refilled_epoch(entry: Entry) -> int | None:
    """Return the epoch that `entry` refilled, or None where it is no refill.

    >>> at_epoch_7 = epoch_reference(4, 7)
    >>> refilled_epoch(Entry(4, EntryKind.REFILL, Currency.DIEM, 1, 0.0, call_id=at_epoch_7))
    7
    """
    prefix = f"{entry.account_id:016x}"
    if entry.call_id is None or not entry.call_id.startswith(prefix):
        return None
    return int(entry.call_id[len(prefix) :], 16)


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """An account's balance, allocation and last refill."""

    balance: Funds
    diem_allocation: int = 0
    diem_epoch: int = -1
    """The epoch of the last refill."""

    def at(self, epoch: int) -> Funds:
        """Return the balance in `epoch`, including a refill that is due.

        >>> AccountSnapshot(Funds(usd=5, diem=1), diem_allocation=9, diem_epoch=3).at(4)
        Funds(usd=5, diem=9)
        """
        if epoch <= self.diem_epoch:
            return self.balance
        return Funds(usd=self.balance.usd, diem=self.diem_allocation)

    def raised(self, allocation: int, charged: int, epoch: int) -> int:
        """Return how much of a raised allocation is credited at once, in the current epoch.

        `charged` is the DIEM charged in `epoch`: together with the balance, what there was to
        spend in it. So an allocation that goes down and up again gives nothing twice.

        >>> AccountSnapshot(Funds(diem=2), diem_allocation=5, diem_epoch=3).raised(7, charged=3, epoch=3)
        2
        """
        if epoch > self.diem_epoch:
            return 0  # this epoch's refill has not happened yet
        return max(0, allocation - self.balance.diem - charged)


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The call that holds a caller's `Idempotency-Key`."""

    account_id: int
    idempotency_key: IdempotencyKey
    call_id: str
    at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """An unfinished call, with all that a restart needs to settle it."""

    call_id: str
    account_id: int
    key_id: str
    model: str
    opened_at: float
    held: Funds
    epoch: int
    usage: Usage = field(default_factory=Usage)
    """Its usage when it was last recorded."""
