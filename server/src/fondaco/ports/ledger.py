"""The durable part of the ledger: the journal that it writes, and the charges that are read back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.ledger import AccountSnapshot, Entry, OpenCall, Unwritable
from fondaco.domain.money.money import Currency, Funds


class Journal(Protocol):
    """The ledger's durable store: atomic writes, and nothing lost once a write is confirmed.

    Methods that are awaited raise `StorageFailedError` where the store cannot be read or written.
    """

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        """Return an account's committed balance and allocation; None if the account does not exist.

        Its `diem_epoch` is the epoch refilled last, of epochs up to `until` where that is given.
        Changes by other processes reach `on_change` before a snapshot that contains them returns.
        """
        ...

    async def latest_entry_at(self, until: float | None = None) -> float | None:
        """Return the time of the latest of the last 1,000 entries (Unix seconds); None without entries.

        With `until`, the latest time up to it among all entries. An operator's confirmation that the
        clock is right counts as an entry, and excludes the entries made before it.
        """
        ...

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        """Append entries, delete the open call `closes` and end a job, in one transaction.

        Await the result at once: the write begins with this call or with its await. It takes effect
        before any write or read that is started later and not before any that ended earlier; when the
        await returns it is durable. An empty write returns once every earlier write is durable, and seen
        by every reader of the store, such as `Charges`.

        With `held` the caller vouches that the entries settle a hold: the account has the money, and no
        write of this call was started before, by this process or an earlier one. Then the store may confirm
        them as soon as they are durable, before it has looked at its rules; what breaks one of these
        after all goes to the listeners of `on_refusal`.

        A cancelled await leaves the outcome unknown: the write was made, will be made, or never is,
        as no thread or task need go on with it. The caller then must repeat the same write until an
        await returns or raises. That is safe: (call, sku, currency) is unique among entries
        that name a call, so a write that was made before raises `AlreadyEnteredError` and changes
        nothing. Until then, no write that builds on this one may be started.

        Raises:
            StorageFailedError: (from the await) nothing was written, for a reason that may pass; worth
                another try. A store that lost its connection finds out what became of the write
                before it says so.
            AlreadyEnteredError: (from the await) nothing was written, for good: there is an entry with
                the call, sku and currency of one of these, or the job has ended, or is leased again.
            WriteQuarantinedError: (from the await) nothing was written, for good: it breaks a rule of
                the store. What can be recorded of it is in the quarantine; the open call is deleted.
        """
        ...

    def on_refusal(self, refused: Callable[[Sequence[Entry]], None]) -> None:
        """Call `refused` with charges that were confirmed, as `held`, and cannot be entered.

        They are in the quarantine, or the journal has a charge of their call already. It is called on
        the event loop, before any later read returns.
        """
        ...

    async def quarantine_call(self, call: OpenCall, reason: Unwritable) -> None:
        """Move an open call that cannot be settled to the quarantine; durable when this returns."""
        ...

    async def check(self) -> int:
        """Prove that the store can be written, and return the number of writes in the quarantine.

        Raises:
            StorageFailedError: it cannot be written; the message says why.
        """
        ...

    def record_progress(self, calls: Sequence[OpenCall]) -> None:
        """Insert or update open calls; durable soon, without waiting.

        Calls that cannot be stored are dropped: they carry no money.
        """
        ...

    async def spent(self, key_id: str, epoch: int) -> Funds:
        """Return the charges of a key's calls in an epoch.

        Contains exactly the writes started before this call that are not cancelled.
        """
        ...

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that a crash left open, oldest first."""
        ...

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Call `changed` with entries that another process wrote, and with `()` for other changes.

        May be called for several listeners. Each is called on the event loop, once for each entry; any
        call means that accounts and keys may have changed as well.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChargeQuery:
    """A filter of an account's charges, and the page wanted."""

    account_id: int
    currency: Currency | None = None
    since_ms: int | None = None
    """Unix milliseconds of the earliest charge."""
    until_ms: int | None = None
    """Unix milliseconds of the latest charge."""
    newest_first: bool = True
    page: int = 1
    """From 1."""
    limit: int = 200
    """Charges on a page."""

    @property
    def offset(self) -> int:
        """The number of charges on the pages before this one."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class ChargePage:
    """A page of charges, and the number of charges on all pages in the same snapshot."""

    charges: Sequence[Entry]
    total: int


class UsageField(StrEnum):
    """A field to group charges by."""

    DAY = "day"
    """Of the charge, in UTC."""
    MODEL = "model"
    KEY = "key"
    SKU = "sku"


@dataclass(frozen=True, slots=True)
class UsageSumQuery:
    """Charges of an account in some time, and the fields that they are summed up by."""

    account_id: int | None
    """None: those of all accounts, for the operator."""
    since_ms: int
    """Unix milliseconds of the earliest charge."""
    until_ms: int
    """Unix milliseconds of the latest charge."""
    by: frozenset[UsageField] = frozenset()
    """Empty: all are one group."""
    most: int = 10_000
    """Groups that are returned at most; which, where there are more, is left open."""


@dataclass(frozen=True, slots=True)
class UsageSum:
    """The sum of one group of charges; fields that they are not summed up by are None."""

    calls: int
    """Calls with at least one charge in the group."""
    spent: Funds
    day: int | None = None
    """Days since 1970-01-01, in UTC."""
    model: str | None = None
    key_id: str | None = None
    """Also None for charges that belong to no key."""
    key_description: str | None = None
    sku: str | None = None
    units: int | None = None
    """Single units of the SKU; None where several SKUs are summed, whose units have no sum."""


class Charges(Protocol):
    """Reads charges back, in the order of their times."""

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page of charges; one after the last is empty.

        Charges with the same time are ordered USD before DIEM, then as entered.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        ...

    async def usage(self, query: UsageSumQuery) -> Sequence[UsageSum]:
        """Return the sums of an account's charges, ordered by day, model, key and SKU.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        ...
