"""The stores of keys keep the promises of their port."""

from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.keys import FOREIGN, NAMES, OWN, KeysContract, KeysWorld, hash_of, kept, key_of
from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import Account
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, TestClock


class TestMemoryKeys(KeysContract):
    @pytest.fixture
    def world(self) -> KeysWorld:
        journal = MemoryJournal()
        keys = MemoryKeys(journal)
        for account_id, name in NAMES.items():
            journal.add_account(account_id)
            for currency in Currency:
                kind = EntryKind.ADJUSTMENT
                journal.enter_elsewhere(Entry(account_id, kind, currency, NANO, NOON))
            keys.put(Account(account_id, name))
        return KeysWorld(keys, journal, journal)


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
async def in_sqlite(path: Path) -> AsyncGenerator[KeysWorld]:
    admin_store = AdminStore(path, b"p" * 32, TestClock())
    for account_id, name in NAMES.items():
        assert admin_store.open_account(name, usd=NANO).account.id == account_id
    keys = SqliteKeys(path)
    async with SqliteJournal.opened(path) as journal:
        for account_id in NAMES:
            kind = EntryKind.ADJUSTMENT
            await journal.write([Entry(account_id, kind, Currency.DIEM, NANO, NOON)])
        yield KeysWorld(keys, journal, journal)
    keys.close()


class TestSqliteKeys(KeysContract):
    @pytest.fixture
    def world(self, in_sqlite: KeysWorld) -> KeysWorld:
        return in_sqlite


async def test_a_key_is_found_with_the_wallet_of_its_account(
    in_sqlite: KeysWorld, path: Path
) -> None:
    key = key_of()
    await kept(in_sqlite, key)
    with closing(connect(path)) as connection:
        wallet = bytes.fromhex("ab" * 20)
        connection.execute("UPDATE account SET wallet = ? WHERE id = ?", (wallet, OWN))
    found = await in_sqlite.keys.find(hash_of(key))
    assert found is not None
    assert found[1].wallet == "0x" + "ab" * 20


async def test_a_store_that_fails_says_so_and_goes_on_afterwards(
    in_sqlite: KeysWorld, path: Path
) -> None:
    key = key_of()
    with closing(connect(path)) as connection:
        connection.execute("ALTER TABLE key RENAME TO away")
        with pytest.raises(StorageFailedError):
            await in_sqlite.keys.find(hash_of(key))
        with pytest.raises(StorageFailedError):
            await kept(in_sqlite, key)
        connection.execute("ALTER TABLE away RENAME TO key")
    await kept(in_sqlite, key)
    assert await in_sqlite.keys.active(FOREIGN, NOON) == []
    assert len(await in_sqlite.keys.active(OWN, NOON)) == 1
