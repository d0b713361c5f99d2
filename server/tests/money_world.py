"""What tests of money share: a clock that they own, worlds around a journal, short names."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.account import UNLIMITED, ConsumptionLimit, KeyType
from fondaco.domain.money.call import Call
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.ledger import (
    AccountSnapshot,
    Entry,
    EntryKind,
    IdempotencyRecord,
    OpenCall,
    Unwritable,
)
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.ports import Idempotency, Journal, KeyUses
from fondaco.serving.billing.ledger import Hold, Ledger
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.rows import ENTRIES, entry_of

NOON = 20_000 * SECONDS + SECONDS / 2
"""A moment in epoch 20,000."""

_ids = count(1)


@dataclass(slots=True)
class TestClock:
    """A clock that moves when told to."""

    __test__ = False

    at: float = NOON
    set_back_s: float = 0.0
    """How far the wall clock was set back; the monotonic one never is."""

    def now(self) -> float:
        return self.at - self.set_back_s

    def monotonic(self) -> float:
        return self.at


@dataclass(slots=True)
class Counter:
    """A meter that says what it was told."""

    usage: Usage = field(default_factory=Usage)


def tokens(output: int, prompt: int = 0) -> Usage:
    return Usage(input_tokens=prompt, output_tokens=output)


def charge(*amounts: int) -> Charge:
    """Return a charge of one row for each amount, one unit for each nano-dollar."""
    return Charge(tuple(ChargeRow(f"sku-{n}", a, 1_000_000, a) for n, a in enumerate(amounts)))


def charge_of(model: str, usage: Usage) -> Charge:
    """Return a charge of one nano-dollar for each produced token."""
    return charge(usage.output_tokens) if usage.output_tokens else Charge()


class Store(Journal, Idempotency, KeyUses, Protocol):
    """A store that keeps all of the money, as those under test do."""


class FailingJournal:
    """A journal whose storage can be taken away."""

    def __init__(self, journal: Store) -> None:
        self._journal = journal
        self.broken = False
        self.standings = 0
        self.noted = False
        """Whether progress was recorded, which is durable soon, but not yet perhaps."""

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        self.standings += 1
        return await self._journal.snapshot(account_id, until)

    async def latest_entry_at(self, until: float | None = None) -> float | None:
        return await self._journal.latest_entry_at(until)

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        return _fail() if self.broken else self._journal.write(entries, closes, ends, held=held)

    def record_progress(self, calls: Sequence[OpenCall]) -> None:
        if not self.broken:
            self.noted = True
            self._journal.record_progress(calls)

    async def spent(self, key_id: str, epoch: int) -> Funds:
        if self.broken:
            raise StorageFailedError
        return await self._journal.spent(key_id, epoch)

    def record_uses(self, used: Mapping[str, float]) -> None:
        self._journal.record_uses(used)

    async def acquire(self, record: IdempotencyRecord) -> IdempotencyRecord:
        return await self._journal.acquire(record)

    async def release(self, record: IdempotencyRecord) -> None:
        await self._journal.release(record)

    async def charged(self, record: IdempotencyRecord) -> bool:
        return await self._journal.charged(record)

    async def purge(self, before: float, *, uncharged: bool = False) -> None:
        await self._journal.purge(before, uncharged=uncharged)

    async def open_calls(self) -> Sequence[OpenCall]:
        return await self._journal.open_calls()

    async def quarantine_call(self, call: OpenCall, why: Unwritable) -> None:
        await self._journal.quarantine_call(call, why)

    async def check(self) -> int:
        if self.broken:
            raise StorageFailedError
        return await self._journal.check()

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        self._journal.on_change(changed)

    def on_refusal(self, refused: Callable[[Sequence[Entry]], None]) -> None:
        self._journal.on_refusal(refused)


async def _fail() -> None:
    raise StorageFailedError


class World:
    """A ledger over a journal with one account, and whoever else writes to that journal."""

    def __init__(self, journal: Store, account_id: int, *key_ids: str) -> None:
        self.clock = TestClock()
        self.account_id = account_id
        self.key_ids = key_ids
        self._begin(journal)

    @property
    def key_id(self) -> str:
        return self.key_ids[0]

    def call(self, key: int = 0, limit: ConsumptionLimit = UNLIMITED) -> Call:
        now = self.clock.now()
        return Call(f"{next(_ids):032x}", self.account_id, self.key_ids[key], now, limit)

    async def hold(
        self,
        amount: int,
        meter: Counter | None = None,
        *,
        key: int = 0,
        limit: ConsumptionLimit = UNLIMITED,
    ) -> Hold:
        return await self.ledger.hold(self.call(key, limit), "toy", amount, meter or Counter())

    async def balance(self) -> Funds:
        return await self.ledger.balance(self.account_id)

    async def charges(self) -> list[tuple[str, Currency, int]]:
        """Return sku, currency and amount of every charge."""
        entries = await self.entries()
        return [(e.sku, e.currency, -e.amount) for e in entries if e.kind is EntryKind.CHARGE]

    async def crash(self) -> None:
        """Lose the memory, keep the journal."""
        raise NotImplementedError

    async def grant(self, usd: int) -> None:
        """Grant nano-USD beside the ledger."""
        raise NotImplementedError

    async def allocate(self, diem: int) -> None:
        """Set the DIEM allocation beside the ledger."""
        raise NotImplementedError

    async def entries(self) -> list[Entry]:
        """Return all durable entries in order."""
        raise NotImplementedError

    async def findings(self) -> list[str]:
        """Return what does not add up in what is durable."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close what is open."""

    def _begin(self, journal: Store) -> None:
        self.journal = FailingJournal(journal)
        self.ledger = Ledger(self.journal, self.clock)


class CancellableJournal(MemoryJournal):
    """A journal in memory whose writes take effect while they are awaited, or not at all.

    It stands for a database client without a thread of its own: a write is sent, committed, and its
    commit is heard of, each some rounds of the event loop later.
    """

    ROUNDS = 2

    def __init__(self) -> None:
        super().__init__()
        self._sending = asyncio.Lock()

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        return self._write(tuple(entries), closes, ends)

    async def _write(
        self, entries: Sequence[Entry], closes: str | None, ends: JobEnd | None
    ) -> None:
        async with self._sending:  # one connection: what is begun first is committed first
            await self._pause()
            await super().write(entries, closes, ends)
            await self._pause()

    async def spent(self, key_id: str, epoch: int) -> Funds:
        async with self._sending:
            return await super().spent(key_id, epoch)

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        async with self._sending:
            return await super().snapshot(account_id, until)

    async def _pause(self) -> None:
        for _ in range(self.ROUNDS):
            await asyncio.sleep(0)


class MemoryWorld(World):
    """Everything in memory."""

    def __init__(self, memory: MemoryJournal | None = None) -> None:
        self._memory = memory or MemoryJournal()
        self._memory.add_account(4)
        super().__init__(self._memory, 4, "5" * 32, "6" * 32)

    async def crash(self) -> None:
        self._begin(self._memory)

    async def grant(self, usd: int) -> None:
        at = self.clock.now()
        self._memory.enter_elsewhere(Entry(4, EntryKind.GRANT, Currency.USD, usd, at))

    async def allocate(self, diem: int) -> None:
        self._memory.add_account(4, diem_allocation=diem)

    async def entries(self) -> list[Entry]:
        return list(self._memory.entries)

    async def findings(self) -> list[str]:
        balances = self._memory.balances()
        total = sum(balances.values(), Funds())
        own = balances.get(4, Funds())
        wrong = [f"not zero: {total}"] if total != Funds() else []
        return [*wrong, f"negative: {own}"] if min(own.usd, own.diem) < 0 else wrong


class SqliteWorld(World):
    """A database file, and an operator with the books beside the ledger."""

    def __init__(self, path: Path, empty: Path, account: str | None = None) -> None:
        """Begin with a copy of `empty`, an up-to-date database, and perhaps with an account of it."""
        shutil.copyfile(empty, path)
        self.path = path
        self.admin_store = AdminStore(path, b"p" * 32, TestClock())
        self._name = account or self.admin_store.open_account("somebody").account.name
        owner = self.admin_store.account(self._name).account
        keys = [self.admin_store.make_key(self._name, KeyType.INFERENCE).key for _ in range(2)]
        super().__init__(self._open(), owner.id, *(key.id for key in keys))
        self.admin_store = AdminStore(path, b"p" * 32, self.clock)

    async def crash(self) -> None:
        await self.close()
        self._begin(self._open())

    async def grant(self, usd: int) -> None:
        self.admin_store.grant(self._name, usd)
        await self._sqlite.snapshot(self.account_id)  # tells the ledger before it answers

    async def allocate(self, diem: int) -> None:
        self.admin_store.allocate(self._name, diem)
        await self._sqlite.snapshot(self.account_id)  # tells the ledger before it answers

    async def entries(self) -> list[Entry]:
        assert entered(self.path)
        with closing(connect(self.path)) as connection:
            return [entry_of(row) for row in connection.execute(ENTRIES + "ORDER BY 1")]

    async def findings(self) -> list[str]:
        return [found for found in self.admin_store.verify() if "in the quarantine" not in found]

    async def close(self) -> None:
        self._sqlite.close()

    def _open(self) -> SqliteJournal:
        self._sqlite = SqliteJournal(connect(self.path), watch_s=0.01)
        return self._sqlite


class KilledWorld(SqliteWorld):
    """A database file whose server is killed, rather than closed, at each crash."""

    async def crash(self) -> None:
        if self.journal.noted:
            await self._sqlite.write(())
        killed, self.path = self.path, image_of(self.path)
        before = self._sqlite
        self._begin(self._open())
        before.close()
        self.admin_store = AdminStore(self.path, b"p" * 32, self.clock)
        assert killed != self.path


def image_of(database: Path) -> Path:
    """Copy a database and its charge log as a `kill -9` of their server would leave them now."""
    folder = database.parent / f"killed-{next(_ids)}"
    folder.mkdir()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody commits meanwhile
        # By another process: opening the file in this one would drop SQLite's locks on it.
        files = [
            path
            for path in database.parent.glob(f"{database.name}*")
            if path.suffix != ".sqlite3-shm"
        ]
        subprocess.run(["cp", "-r", *files, str(folder)], check=True)
    return folder / database.name
