from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from contracts.accounts import ADA, AccountsContract, Store
from fondaco.domain.errors import StorageFailedError
from fondaco.stores.memory.accounts import MemoryAccounts
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.stores.sqlite.accounts.accounts import SqliteAccounts
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, TestClock


class TestAccountsInMemory(AccountsContract):
    @pytest.fixture
    async def store(self) -> Store:
        journal = MemoryJournal()
        return Store(MemoryAccounts(journal, MemoryKeys(journal)), journal)


class TestAccountsOnSqlite(AccountsContract):
    @pytest.fixture
    async def store(self, path: Path) -> AsyncGenerator[Store]:
        accounts = SqliteAccounts(path)
        async with SqliteJournal.opened(path) as journal:
            yield Store(accounts, journal)
        accounts.close()


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
async def accounts(path: Path) -> AsyncGenerator[SqliteAccounts]:
    accounts = SqliteAccounts(path, tier="explorer")
    yield accounts
    accounts.close()


@pytest.fixture
def admin_store(path: Path) -> AdminStore:
    return AdminStore(path, b"p" * 32, TestClock())


async def test_the_operator_sees_accounts_of_wallets(
    accounts: SqliteAccounts, admin_store: AdminStore
) -> None:
    opened = await accounts.of_wallet(ADA, 5, NOON)
    statement = admin_store.account(f"wallet:{ADA}")
    assert statement.account == opened
    assert (statement.account.tier, statement.created_at) == ("explorer", NOON)
    assert admin_store.verify() == []


async def test_an_account_that_the_operator_prepared_is_the_wallets(
    accounts: SqliteAccounts, admin_store: AdminStore
) -> None:
    prepared = admin_store.open_account(f"wallet:{ADA}", usd=9).account
    opened = await accounts.of_wallet(ADA, 5, NOON)
    assert (opened.id, opened.wallet, opened.tier) == (prepared.id, ADA, "paid")
    assert admin_store.account(f"wallet:{ADA}").balance.usd == 9


async def test_a_disabled_account_is_known_as_such(accounts: SqliteAccounts, path: Path) -> None:
    await accounts.of_wallet(ADA, 5, NOON)
    connection = connect(path)
    connection.execute("UPDATE account SET disabled_ms = 1 WHERE id > 3")
    connection.close()
    assert (await accounts.of_wallet(ADA, 5, NOON)).disabled


async def test_of_many_at_once_one_opens_the_account(path: Path) -> None:
    stores = [SqliteAccounts(path) for _ in range(3)]
    found = set()

    async def one(store: SqliteAccounts) -> None:
        found.add((await store.of_wallet(ADA, 5, NOON)).id)

    async with anyio.create_task_group() as tasks:
        for store in stores * 3:
            tasks.start_soon(one, store)
    assert len(found) == 1
    for store in stores:
        store.close()


async def test_a_change_that_fails_leaves_nothing(
    accounts: SqliteAccounts, admin_store: AdminStore
) -> None:
    with pytest.raises(StorageFailedError):
        await accounts.of_wallet(ADA, -1, NOON)
    assert admin_store.accounts() == []
    await accounts.of_wallet(ADA, 1, NOON)
