"""The durable side of the ledger, and where charges are read again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.money.ledger import (
    AccountSnapshot,
    Entry,
    IdempotencyRecord,
    OpenCall,
    Unwritable,
)
from fondaco.domain.money.money import Currency, Funds


class Journal(Protocol):
    """The durable side of the ledger: one writer, atomic batches, nothing lost once confirmed."""

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        """Return an account's balance and allocation as committed, or None for no such account.

        Its epoch is that of the refill that was entered last, of those up to the epoch `until`.
        It never runs ahead of `on_change`: whatever of other processes is in it was told before.
        """
        ...

    async def latest(self, until: float | None = None) -> float | None:
        """Return when the latest of the last 1,000 entries was made (Unix seconds), None for no entry.

        With `until`, of all entries up to that time. Those from before an operator said that the clock
        is right do not count; that moment does.
        """
        ...

    def write(self, entries: Sequence[Entry], closes: str | None = None) -> Awaitable[None]:
        """Append entries and forget the open call `closes`, in one transaction.

        The write is under way when this returns; the awaitable ends once it is durable. A second
        entry with the same call, sku and currency is refused by the store. An empty write ends
        when everything before it is durable.

        Raises:
            StorageFailedError: (from the awaitable) nothing of it was written, for a reason that may
                pass: it is worth another try.
            AlreadyEnteredError: (from the awaitable) likewise, for good: the store has such an entry.
            WriteQuarantinedError: (from the awaitable) likewise, for good: it can never be written,
                and what can be told of it lies in the quarantine. The open call is forgotten.
        """
        ...

    async def set_aside(self, call: OpenCall, why: Unwritable) -> None:
        """Move an open call that cannot be settled to the quarantine; durable when this returns."""
        ...

    async def check(self) -> int:
        """Return how many writes lie in the quarantine, having shown that the store can be written.

        Raises:
            StorageFailedError: it cannot; the message says why.
        """
        ...

    def note(self, calls: Sequence[OpenCall]) -> None:
        """Record open calls and their progress; durable soon, waited for by nobody.

        What can never be written of it is dropped: it is no money.
        """
        ...

    async def spent(self, key_id: str, epoch: int) -> Funds:
        """Return what a key's calls of an epoch were charged.

        Exactly the writes that were ordered before this was called are in it, and none after.
        """
        ...

    def touch(self, used: Mapping[str, float]) -> None:
        """Record when keys were last used: key id -> Unix seconds; durable soon."""
        ...

    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Return the claim that stands under this one's account and key: this one, or an earlier one.

        It is durable when this returns.
        """
        ...

    async def release(self, claim: IdempotencyRecord) -> None:
        """Forget a claim whose call was not charged, so that it may be tried again."""
        ...

    async def forget_claims(self, before: float, *, uncharged: bool = False) -> None:
        """Forget claims older than `before` (Unix seconds), or also all of calls without a charge."""
        ...

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that a crash left open."""
        ...

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of entries that something else wrote, and of other edits with `()`.

        Several may listen; all are called on the event loop, each entry once. Any call means that
        accounts and keys may have changed as well.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChargeQuery:
    """Which charges of an account are wanted, and which page of them."""

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
        """How many charges are on the pages before this one."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class ChargePage:
    """A page of charges, and how many there are on all pages at the same moment."""

    charges: Sequence[Entry]
    total: int


class Charges(Protocol):
    """Where charges are read again, in the order of their times."""

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page; one beyond the last is empty.

        Charges of one moment come in the order USD, DIEM, and within it as they were entered.
        """
        ...
