"""Pending writes: ledger writes that failed or whose outcome is unknown, retried in order."""

from asyncio import CancelledError, Future, ensure_future
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError, WriteQuarantinedError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.ledger import AccountSnapshot, Entry
from fondaco.ports import Journal
from fondaco.serving.billing.balance import Balance


@fast_init
@dataclass(frozen=True, slots=True, eq=False)
class LedgerWrite:
    """Entries of one transaction, already applied to the balance in memory."""

    balance: Balance
    entries: Sequence[Entry]
    closes: str | None = None
    ends: JobEnd | None = None
    """The job that ends with them."""
    held: bool = False
    """Whether they settle a hold of this process: its first try may be confirmed before it is entered."""
    undo: Callable[[], None] | None = None
    """Reverses the entries in the balance, should the journal refuse them for good."""

    def refused(self) -> None:
        """Reverse a write that the journal refused for good."""
        self.balance.calls -= 1
        self.doubt()
        if self.undo is not None:
            self.undo()

    def doubt(self) -> None:
        """Have the balance compared with the journal before the next hold."""
        self.balance.doubt()


class PendingWrites:
    """Writes to a journal; those that failed or were cancelled are kept until they are made.

    A write may build on an earlier one of its account, as a charge builds on the refill that pays for
    it. Therefore none is made before all pending ones of its account are. Making a write twice is safe:
    the journal holds each (call, sku, currency) once.
    """

    __slots__ = ("_journal", "_pending", "failed")

    def __init__(self, journal: Journal) -> None:
        """Write to `journal`."""
        self._journal = journal
        self._pending: list[LedgerWrite] = []
        """All that are kept, in the order in which they were applied to their balances."""
        self.failed: list[LedgerWrite] = []
        """Those that the journal could not take; no call is admitted while there are any."""

    @property
    def none(self) -> bool:
        """Whether no write is kept, so that `begin` may be called."""
        return not self._pending

    def begin(self, write: LedgerWrite) -> Future[None]:
        """Begin a write while none is kept; `enter` has to follow with it, or `entered` once it is done."""
        made = self._write(write)
        return made if isinstance(made, Future) else ensure_future(made)

    @staticmethod
    def entered(write: LedgerWrite) -> None:
        """Take note that a write is durable."""
        write.balance.calls -= 1

    async def enter(self, write: LedgerWrite, begun: Future[None] | None = None) -> None:
        """Return once the write is durable, which may have `begun`.

        Raises:
            StorageFailedError: it failed; it is kept for a retry, and no call is admitted until then.
            AlreadyEnteredError, WriteQuarantinedError: it failed for good and was reversed.
        """
        if self._pending and begun is None:
            await self._precede(write)
        try:
            await (begun or self._write(write))
        except (AlreadyEnteredError, WriteQuarantinedError):
            write.refused()
            raise
        except StorageFailedError:
            self._fail(write)
            raise
        except CancelledError:
            self._pending.append(write)
            raise
        write.balance.calls -= 1

    def keep(self, write: LedgerWrite) -> None:
        """Have a write made by the next retry."""
        self._pending.append(write)

    def replace(self, write: LedgerWrite, by: LedgerWrite) -> None:
        """Make another write in the place of one that failed."""
        for kept in (self._pending, self.failed):
            kept[kept.index(write)] = by

    def has(self, balance: Balance) -> bool:
        """Whether any write of an account is kept."""
        return any(write.balance is balance for write in self._pending)

    def has_call(self, call_id: str | None) -> bool:
        """Whether any write of a call is kept."""
        return any(one.call_id == call_id for write in self._pending for one in write.entries)

    async def confirm(self, balance: Balance) -> None:
        """Make the kept writes of an account, so that the journal contains all of its entries.

        Raises:
            StorageFailedError: one failed; it is kept.
        """
        while own := [write for write in self._pending if write.balance is balance]:
            await self._make(own[0])

    async def retry(self) -> None:
        """Make the kept writes in order, up to the first that fails."""
        for write in tuple(self._pending):
            if write in self._pending:  # else another task has made it meanwhile
                try:
                    await self._make(write)
                except StorageFailedError:
                    return

    def settle_doubts(self, balance: Balance, snapshot: AccountSnapshot) -> None:
        """Take over the journal's balance, unless writes to this account still wait for a retry."""
        if not self.has(balance):
            balance.usd, balance.diem = snapshot.balance.usd, snapshot.balance.diem
            balance.doubted = False

    def _write(self, write: LedgerWrite) -> Awaitable[None]:
        """Begin the first try of a write."""
        return self._journal.write(write.entries, write.closes, write.ends, held=write.held)

    async def _precede(self, write: LedgerWrite) -> None:
        """Make first what the write may build on; keep it where that is not possible."""
        while not self.failed and self.has(write.balance):
            try:
                await self.confirm(write.balance)
            except StorageFailedError:
                pass  # then `failed` says so, unless another task has made it meanwhile
            except CancelledError:
                self._pending.append(write)
                raise
        if self.failed:
            self._fail(write)
            raise StorageFailedError

    async def _make(self, write: LedgerWrite) -> None:
        quarantined = False
        try:
            await self._journal.write(write.entries, write.closes, write.ends)
        except AlreadyEnteredError:
            write.doubt()  # an earlier try succeeded without its result; if it was another entry, that counts
        except WriteQuarantinedError:
            quarantined = True
        except StorageFailedError:
            if write in self._pending and write not in self.failed:
                self.failed.append(write)
            raise
        if write not in self._pending:
            return  # another task has made it meanwhile
        self._pending.remove(write)
        if write in self.failed:
            self.failed.remove(write)
        if quarantined:
            write.refused()
        else:
            write.balance.calls -= 1

    def _fail(self, write: LedgerWrite) -> None:
        self._pending.append(write)
        self.failed.append(write)
