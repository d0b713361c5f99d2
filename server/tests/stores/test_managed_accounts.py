"""All accounts, as the operator of a running server manages them."""

from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from contracts.managed_accounts import GRANT, ManagedAccountsContract, Store
from fondaco.domain.errors import InactiveKeyError, StorageFailedError
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.money import Funds
from fondaco.ports import AccountChange
from fondaco.serving.access.key_ring import KeyRing
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.stores.memory.managed import MemoryManagedAccounts
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.accounts.managed import SqliteManagedAccounts
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, TestClock

PEPPER = b"p" * 32
NEVER_S = 3_600.0
"""How soon the journal looks for changes of other processes by itself: not within a test."""


class TestManagedAccountsInMemory(ManagedAccountsContract):
    @pytest.fixture
    async def store(self) -> Store:
        journal = MemoryJournal()
        return Store(MemoryManagedAccounts(journal, MemoryKeys(journal)), journal)


class TestManagedAccountsOnSqlite(ManagedAccountsContract):
    @pytest.fixture
    async def store(self, path: Path) -> AsyncGenerator[Store]:
        async with SqliteJournal.opened(path, watch_s=NEVER_S) as journal:
            with closing(SqliteManagedAccounts(path, journal)) as accounts:
                yield Store(accounts, journal)
        assert AdminStore(path, PEPPER, TestClock()).verify() == []


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
async def journal(path: Path) -> AsyncGenerator[SqliteJournal]:
    async with SqliteJournal.opened(path, watch_s=NEVER_S) as journal:
        yield journal


@pytest.fixture
async def accounts(path: Path, journal: SqliteJournal) -> AsyncGenerator[SqliteManagedAccounts]:
    accounts = SqliteManagedAccounts(path, journal)
    yield accounts
    accounts.close()


async def test_a_disabled_account_is_refused_from_the_next_request_on(
    path: Path, journal: SqliteJournal, accounts: SqliteManagedAccounts
) -> None:
    admin_store = AdminStore(path, PEPPER, TestClock())
    admin_store.open_account("ada")
    secret = admin_store.make_key("ada", KeyType.INFERENCE).secret
    with closing(SqliteKeys(path)) as keys:
        key_ring = KeyRing(keys, journal, PEPPER, TestClock())
        journal.on_change(lambda _: key_ring.invalidate())
        assert (await key_ring.authenticate(secret))[1].name == "ada"
        await accounts.change("ada", AccountChange(disabled=True), NOON)
        with pytest.raises(InactiveKeyError):
            await key_ring.authenticate(secret)
        await accounts.change("ada", AccountChange(disabled=False, tier="explorer"), NOON)
        assert (await key_ring.authenticate(secret))[1].tier == "explorer"


async def test_keys_are_counted_that_can_be_used(
    path: Path, accounts: SqliteManagedAccounts, journal: SqliteJournal
) -> None:
    admin_store = AdminStore(path, PEPPER, TestClock())
    admin_store.open_account("ada")
    keys = [admin_store.make_key("ada", KeyType.ADMIN).key for _ in range(3)]
    admin_store.make_key("ada", KeyType.ADMIN, expires_at=NOON - 1)
    admin_store.revoke(keys[0].id)
    journal.record_uses({keys[0].id: NOON - 5, keys[1].id: NOON - 9})
    await journal.write(())
    [report] = (await accounts.page(1, 10, NOON)).accounts
    assert (report.keys, report.used_at) == (2, NOON - 5)


async def test_a_repeat_after_a_crash_grants_nothing_again(
    path: Path, empty_database: Path
) -> None:
    """The key lies in the entry itself: there is no moment at which one is written and not the other."""
    for _ in range(2):
        async with SqliteJournal.opened(path) as journal:
            with closing(SqliteManagedAccounts(path, journal)) as accounts:
                if not (await accounts.page(1, 1, NOON)).total:
                    await accounts.open("ada", usd=1, diem_allocation=0, tier="paid", at=NOON)
                report = await accounts.grant("ada", 6, "thanks", NOON, grant_id=GRANT)
    assert report.balance == Funds(usd=7)


async def test_concurrent_grants_of_one_id_are_one(
    accounts: SqliteManagedAccounts, journal: SqliteJournal
) -> None:
    opened = await accounts.open("ada", usd=0, diem_allocation=0, tier="paid", at=NOON)
    ledger = Ledger(journal, TestClock())
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(lambda: accounts.grant("ada", 6, "", NOON, grant_id=GRANT))
    assert await ledger.balance(opened.account.id) == Funds(usd=6)


async def test_a_damaged_database_is_a_failure_of_the_storage(
    path: Path, accounts: SqliteManagedAccounts
) -> None:
    with closing(connect(path)) as other:
        other.execute("ALTER TABLE account RENAME TO gone")
    with pytest.raises(StorageFailedError):
        await accounts.page(1, 10, NOON)
