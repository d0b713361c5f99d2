import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from contracts.jobs import LIMITS, NOW, Bench, JobsContract
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.stores.memory.jobs import MemoryJobs
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.jobs.jobs import SqliteJobs
from fondaco.stores.sqlite.ledger import writer
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
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
        # A test ends jobs without a charge, or charges without an end.
        assert [one for one in store.verify() if not one.startswith("Job ")] == []


@pytest.mark.parametrize("idle_s", [0.01, 60.0], ids=["idle", "busy"])
async def test_deleted_content_is_overwritten_while_the_store_is_open(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch, idle_s: float
) -> None:
    monkeypatch.setattr(writer, "_EMPTIED_WITHIN_S", 0.01)
    path = tmp_path / "fondaco.sqlite3"
    shutil.copyfile(empty_database, path)
    account = _opened(AdminStore(path, b"p" * 32, TestClock()), "one")
    content = b"kanarie" * 3_000

    async def told() -> bool:
        # A process of its own: closing a file of the database here would drop the journal's locks.
        found = await anyio.run_process(["grep", "-rqa", "kanarie", str(tmp_path)], check=False)
        return found.returncode == 0

    async with SqliteJournal.opened(path, watch_s=idle_s) as journal:
        jobs = SqliteJobs(journal)
        bench = Bench(jobs, journal, (account, account), _none)
        await jobs.add(bench.job(), content, LIMITS)
        assert await told()
        job = (await bench.claimed()).job
        ending = JobEnd(job_id=job.id, lease=1, ended_at=NOW, result=content)
        await journal.write((), None, ending)
        assert await told()
        await jobs.delete(job.id)
        with anyio.fail_after(10):
            while await told():
                await anyio.sleep(0.01)
                assert await jobs.counts() == {}


async def test_the_audit_holds_jobs_to_their_charges(tmp_path: Path, empty_database: Path) -> None:
    path = tmp_path / "fondaco.sqlite3"
    shutil.copyfile(empty_database, path)
    store = AdminStore(path, b"p" * 32, TestClock())
    account = _opened(store, "one")
    async with SqliteJournal.opened(path) as journal:
        bench = Bench(SqliteJobs(journal), journal, (account, account), _none)
        done, unpaid, early = [await bench.added() for _ in range(3)]
        await bench.end((await bench.claimed()).job)
        assert store.verify() == []
        job = (await bench.claimed()).job
        ending = JobEnd(job_id=job.id, lease=1, ended_at=NOW, result=b"r")
        await journal.write((), None, ending)
        await journal.write(bench.charge(early))
    assert job.id == unpaid.id
    assert store.verify() == [
        f"Job {unpaid.id} is done, and not charged.",
        f"Job {early.id} is queued, and charged.",
    ]
    assert done.id != unpaid.id


def _opened(store: AdminStore, name: str) -> tuple[int, str]:
    """Open an account with 1,000 nano-dollars; return its id and that of its key."""
    account = store.open_account(name, usd=1_000).account
    return account.id, store.make_key(name, KeyType.INFERENCE).key.id


async def _none(_: int) -> int:
    return 0
