import shutil
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.jobs import LIMITS, Bench, JobsContract
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.stores.memory.jobs import MemoryJobs
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.jobs.jobs import SqliteJobs
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from money_world import TestClock


class TestJobsInMemory(JobsContract):
    @pytest.fixture
    def bench(self) -> Bench:
        journal = MemoryJournal()
        accounts = (4, "5" * 32), (5, "6" * 32)
        for account, _ in accounts:
            journal.add_account(account)
            journal.enter_elsewhere(Entry(account, EntryKind.GRANT, Currency.USD, 1_000, 0.0))

        async def balance(account: int) -> int:
            return journal.balances()[account].usd

        return Bench(MemoryJobs(journal), journal, accounts, balance)


class TestJobsOnSqlite(JobsContract):
    @pytest.fixture
    async def bench(self, tmp_path: Path, empty_database: Path) -> AsyncGenerator[Bench]:
        path = tmp_path / "fondaco.sqlite3"
        shutil.copyfile(empty_database, path)
        store = AdminStore(path, b"p" * 32, TestClock())
        first, second = (_opened(store, name) for name in ("one", "two"))
        async with SqliteJournal.opened(path) as journal:

            async def balance(account: int) -> int:
                snapshot = await journal.snapshot(account)
                assert snapshot is not None
                return snapshot.balance.usd

            yield Bench(SqliteJobs(journal), journal, (first, second), balance)
        assert store.verify() == []


async def test_deleted_content_is_overwritten(tmp_path: Path, empty_database: Path) -> None:
    path = tmp_path / "fondaco.sqlite3"
    shutil.copyfile(empty_database, path)
    account = _opened(AdminStore(path, b"p" * 32, TestClock()), "one")
    canary = b"kanarie" * 3_000
    async with SqliteJournal.opened(path) as journal:
        jobs = SqliteJobs(journal)
        bench = Bench(jobs, journal, (account, account), _none)
        await jobs.add(bench.job(), canary, LIMITS)
        job = (await bench.claimed()).job
        await bench.end(job)
        await jobs.delete(job.id)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"kanarie" not in path.read_bytes()


def _opened(store: AdminStore, name: str) -> tuple[int, str]:
    """Open an account with 1,000 nano-dollars; return its id and that of its key."""
    account = store.open_account(name, usd=1_000).account
    return account.id, store.make_key(name, KeyType.INFERENCE).key.id


async def _none(_: int) -> int:
    return 0
