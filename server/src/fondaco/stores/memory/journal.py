"""The in-memory reference stores of journal and keys, for tests and as documentation."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import anyio.lowlevel

from fondaco.domain.errors import (
    AlreadyEnteredError,
    StorageFailedError,
    TooManyKeysError,
    WriteQuarantinedError,
)
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import (
    AccountSnapshot,
    Entry,
    EntryKind,
    IdempotencyRecord,
    OpenCall,
    Unwritable,
    refilled_epoch,
)
from fondaco.domain.money.money import Currency, Funds
from fondaco.ports import REPORTED_EPOCHS, KeyReport
from fondaco.stores import write_details
from fondaco.stores.memory.rules import (
    ConstraintError,
    expect_balances,
    expect_call,
    expect_entry,
    expect_ids,
    expect_int64,
    expect_record,
)


class EndsJobs(Protocol):
    """Jobs in memory, which the journal ends together with its entries."""

    def expect_held(self, ending: JobEnd) -> None:
        """Check that a job may end so; raise `AlreadyEnteredError` if not."""
        ...

    def end(self, ending: JobEnd) -> str | None:
        """End a job; return the id of the call whose idempotency key is free again."""
        ...

    def has(self, call_id: str) -> bool:
        """Whether a call ordered one of the jobs."""
        ...


class MemoryJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._snapshots: dict[int, AccountSnapshot] = {}
        self._refilled: dict[int, list[int]] = defaultdict(list)
        self._sums: dict[int, Funds] = {}
        self._seen: set[tuple[str, str, Currency]] = set()
        self._open: dict[str, OpenCall] = {}
        self._records: dict[tuple[int, bytes], IdempotencyRecord] = {}
        self.used: dict[str, float] = {}
        """Key id -> Unix seconds of its last use."""
        self._uses: Counter[str] = Counter()
        self._listeners: list[Callable[[Sequence[Entry]], None]] = []
        self.jobs: EndsJobs | None = None
        """Store that ends the jobs that end with entries."""
        self.quarantine: dict[str, str] = {}
        """Call id -> the details of a write that cannot succeed."""

    def add_account(self, account_id: int, *, diem_allocation: int = 0) -> None:
        """Open an account without money, or change its allocation."""
        before = self._snapshots.get(account_id, AccountSnapshot(Funds()))
        self._snapshots[account_id] = replace(before, diem_allocation=diem_allocation)
        self._tell(())

    def enter_elsewhere(self, *entries: Entry) -> None:
        """Append entries as another process would."""
        self._append(entries)
        self._tell(entries)

    def balances(self, extra: Sequence[Entry] = ()) -> dict[int, Funds]:
        """Return the sum of each account's entries, the ledger's own accounts and `extra` included."""
        sums = defaultdict(Funds, self._sums)
        for entry in extra:
            funds = _funds(entry)
            sums[entry.account_id] += funds
            sums[entry.counterpart_id] -= funds
        return dict(sums)

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        """Return an account's balance, allocation and last refilled epoch."""
        await anyio.lowlevel.checkpoint()
        snapshot = self._snapshots.get(account_id)
        if snapshot is None or until is None:
            return snapshot
        epochs = [epoch for epoch in self._refilled[account_id] if epoch <= until]
        return replace(snapshot, diem_epoch=epochs[-1] if epochs else -1)

    async def latest_entry_at(self, until: float | None = None) -> float | None:
        """Return when the latest of the last entries was made, or the latest up to a time."""
        await anyio.lowlevel.checkpoint()
        if until is None:
            return max((entry.at for entry in self.entries[-1000:]), default=None)
        return max((entry.at for entry in self.entries if entry.at <= until), default=None)

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        """Append entries, all or none; writes that SQLite would reject go to the quarantine."""
        try:
            if ends is not None and self.jobs is not None:
                self.jobs.expect_held(ends)
            self._append(entries)
            expect_ids(closes)
        except AlreadyEnteredError as error:
            return _completed(error)
        except (ConstraintError, ArithmeticError, LookupError, ValueError, TypeError):
            call_id = str(closes or next((entry.call_id for entry in entries), ""))
            self.quarantine[call_id] = write_details.of_write(entries, closes)
            self._open.pop(str(closes), None)
            return _completed(WriteQuarantinedError())
        if closes is not None:
            self._open.pop(closes, None)
        if ends is not None and self.jobs is not None:
            self._release_key_of(self.jobs.end(ends))
        return _completed()

    def charged_for(self, call_id: str) -> Funds:
        """Return the sum of a call's charges."""
        charges = (one for one in self.entries if one.call_id == call_id)
        spent = Funds()
        for one in charges:
            if one.kind is EntryKind.CHARGE:
                spent -= _funds(one)
        return spent

    def close(self, call_id: str) -> None:
        """Delete an open call."""
        self._open.pop(call_id, None)

    def has_account(self, account_id: int) -> bool:
        """Whether there is such an account."""
        return account_id in self._snapshots

    def record_progress(self, calls: Sequence[OpenCall]) -> None:
        """Store the calls' latest progress; values that SQLite would reject are dropped."""
        for call in calls:
            with suppress(ArithmeticError, ValueError, TypeError, KeyError):
                expect_call(call)
                _ = self._snapshots[call.account_id]  # raises KeyError for an unknown account
                self._open[call.call_id] = call

    async def quarantine_call(self, call: OpenCall, why: Unwritable) -> None:
        """Move an open call to the quarantine."""
        await anyio.lowlevel.checkpoint()
        self.quarantine[call.call_id] = f"{why}: {write_details.of_call(call)}"
        self._open.pop(call.call_id, None)

    async def check(self) -> int:
        """Return how many writes are in the quarantine."""
        await anyio.lowlevel.checkpoint()
        return len(self.quarantine)

    async def spent(self, key_id: str, epoch: int) -> Funds:
        """Return the charges of a key in an epoch."""
        charges = [e for e in self.entries if e.key_id == key_id and e.epoch == epoch]
        await anyio.lowlevel.checkpoint()
        return Funds() - sum(map(_funds, charges), Funds())

    def record_uses(self, used: Mapping[str, float]) -> None:
        """Store when keys were used; values that SQLite would reject are dropped."""
        for key_id, at in used.items():
            with suppress(ArithmeticError, ValueError, TypeError):
                expect_ids(key_id)
                expect_int64(round(at * 1000))
                self.used[key_id] = at

    def add(self, uses: Mapping[str, int]) -> None:
        """Add to how many chats characters answered."""
        self._uses.update(uses)

    async def counts(self) -> Mapping[str, int]:
        """Return how many chats each character answered."""
        await anyio.lowlevel.checkpoint()
        return dict(self._uses)

    async def acquire(self, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record under this account and key, adding `record` if there is none."""
        expect_record(record)
        if record.account_id not in self._snapshots:
            raise StorageFailedError
        record = self._records.setdefault(_name(record), record)
        await anyio.lowlevel.checkpoint()
        return record

    async def release(self, record: IdempotencyRecord) -> None:
        """Delete the record of a call that was not charged."""
        stored = self._records.get(_name(record))
        if stored is not None and stored.call_id == record.call_id:
            del self._records[_name(record)]
        await anyio.lowlevel.checkpoint()

    async def charged(self, record: IdempotencyRecord) -> bool:
        """Whether the record's call has a charge."""
        await anyio.lowlevel.checkpoint()
        return record.call_id in self._charged_calls()

    async def purge(self, before: float, *, uncharged: bool = False) -> None:
        """Delete old records, or also those without a charge."""
        charged = self._charged_calls()
        self._records = {
            name: record
            for name, record in self._records.items()
            if record.at >= before
            and (record.call_id in charged or not uncharged or self._ordered_job(record.call_id))
        }
        await anyio.lowlevel.checkpoint()

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the recorded calls that are not closed."""
        await anyio.lowlevel.checkpoint()
        return tuple(self._open.values())

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of `enter_elsewhere` and `add_account`."""
        self._listeners.append(changed)

    def on_refusal(self, refused: Callable[[Sequence[Entry]], None]) -> None:
        """Never call `refused`: what is confirmed is entered."""

    def _ordered_job(self, call_id: str) -> bool:
        return self.jobs is not None and self.jobs.has(call_id)

    def _release_key_of(self, call_id: str | None) -> None:
        kept = {name: one for name, one in self._records.items() if one.call_id != call_id}
        self._records = kept

    def _charged_calls(self) -> set[str | None]:
        return {entry.call_id for entry in self.entries if entry.kind is EntryKind.CHARGE}

    def _append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            expect_entry(entry)
        charge_names = [(e.call_id, e.sku, e.currency) for e in entries if e.call_id is not None]
        unique_names = set(charge_names)
        if unique_names & self._seen or len(unique_names) < len(charge_names):
            raise AlreadyEnteredError
        unknown = {entry.account_id for entry in entries} - self._snapshots.keys()
        if unknown:
            raise ConstraintError("account")
        sums = self.balances(entries)
        expect_balances(sums, {entry.account_id for entry in entries})
        self._sums = sums
        self._seen |= unique_names
        for entry in entries:
            snapshot = self._snapshots[entry.account_id]
            epoch = refilled_epoch(entry)
            if epoch is not None:
                self._refilled[entry.account_id].append(epoch)
            self._snapshots[entry.account_id] = replace(
                snapshot,
                balance=snapshot.balance + _funds(entry),
                diem_epoch=snapshot.diem_epoch if epoch is None else epoch,
            )
            self.entries.append(entry)

    def _tell(self, entries: Sequence[Entry]) -> None:
        for changed in self._listeners:
            changed(entries)


class MemoryKeys:
    """Keys in dictionaries, with their uses and charges from a journal in memory."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._accounts: dict[int, Account] = {}
        self._keys: dict[str, Key] = {}
        """In the order in which they were added."""
        self._ids: dict[bytes, str] = {}
        """Keyed hash of the secret -> key id."""

    def put(self, account: Account, digest: bytes = b"", key: Key | None = None) -> None:
        """Insert or replace an account, and a key under its secret's hash."""
        self._accounts[account.id] = account
        if key is not None:
            self._keys[key.id] = key
            self._ids[digest] = key.id

    @property
    def accounts(self) -> Sequence[Account]:
        """All accounts."""
        return tuple(self._accounts.values())

    def of_account(self, account_id: int) -> Sequence[Key]:
        """Return all keys of an account, revoked ones included."""
        keys = (key for key in self._keys.values() if key.account_id == account_id)
        return [self._used(key) for key in keys]

    def has(self, key_id: str) -> bool:
        """Whether there is such a key."""
        return key_id in self._keys

    def has_account(self, account_id: int) -> bool:
        """Whether there is such an account."""
        return account_id in self._accounts

    def by_id(self, key_id: str) -> tuple[Key, Account]:
        """Return a key and its account."""
        key = self._used(self._keys[key_id])
        return key, self._accounts[key.account_id]

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key with this digest, and its account."""
        await anyio.lowlevel.checkpoint()
        key_id = self._ids.get(digest)
        return None if key_id is None else self.by_id(key_id)

    async def active(self, account_id: int, now: float) -> Sequence[KeyReport]:
        """Return an account's active keys, oldest first."""
        await anyio.lowlevel.checkpoint()
        return [self._report(key, now) for key in self._live(account_id, now)]

    async def report(self, account_id: int, key_id: str, now: float) -> KeyReport | None:
        """Return one key of an account that is not revoked."""
        await anyio.lowlevel.checkpoint()
        key = self._unrevoked(account_id, key_id)
        return None if key is None else self._report(key, now)

    async def add(self, key: Key, digest: bytes, most_active: int) -> None:
        """Insert a key."""
        await anyio.lowlevel.checkpoint()
        if len(self._live(key.account_id, key.created_at)) >= most_active:
            raise TooManyKeysError
        self.put(self._accounts[key.account_id], digest, key)

    async def change(self, account_id: int, key_id: str, changed: Callable[[Key], Key]) -> bool:
        """Change a key's description, expiry and limit."""
        await anyio.lowlevel.checkpoint()
        key = self._unrevoked(account_id, key_id)
        if key is None:
            return False
        new = changed(key)
        self._keys[key_id] = replace(
            key, description=new.description, expires_at=new.expires_at, limit=new.limit
        )
        return True

    async def revoke(self, account_id: int, key_id: str, at: float) -> bool:
        """Revoke a key."""
        await anyio.lowlevel.checkpoint()
        key = self._unrevoked(account_id, key_id)
        if key is None:
            return False
        self._keys[key_id] = replace(key, revoked=True)
        return True

    def _unrevoked(self, account_id: int, key_id: str) -> Key | None:
        key = self._keys.get(key_id)
        return key if key and key.account_id == account_id and not key.revoked else None

    def _live(self, account_id: int, now: float) -> list[Key]:
        keys = self._keys.values()
        return [key for key in keys if key.account_id == account_id and key.live(now)]

    def _used(self, key: Key) -> Key:
        return replace(key, used_at=self._journal.used.get(key.id))

    def _report(self, key: Key, now: float) -> KeyReport:
        since = epoch_of(now) - REPORTED_EPOCHS
        charges = [
            entry
            for entry in self._journal.entries
            if entry.key_id == key.id and entry.epoch is not None and entry.epoch > since
        ]
        return KeyReport(self._used(key), Funds() - sum(map(_funds, charges), Funds()))


async def _completed(error: StorageFailedError | None = None) -> None:
    await anyio.lowlevel.checkpoint()
    if error is not None:
        raise error


def _name(record: IdempotencyRecord) -> tuple[int, bytes]:
    return record.account_id, record.idempotency_key.key_digest


def _funds(entry: Entry) -> Funds:
    if entry.currency is Currency.DIEM:
        return Funds(diem=entry.amount)
    return Funds(usd=entry.amount)
