"""The stores of sessions keep the promises of their port; commands beside a server use the same tables."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from contracts.keys import NAMES, OWN
from contracts.sessions import SessionsContract, SessionsWorld
from fondaco.domain.errors import TooManyKeysError
from fondaco.domain.money.account import MOST_KEYS, Account, KeyType, digest
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.stores.memory.sessions import MemorySessions
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.sessions.home import HomeSessions
from fondaco.stores.sqlite.sessions.sessions import SqliteSessions
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, TestClock

PEPPER = b"p" * 32
TABLES = ("session", "login", "key")


class TestMemorySessions(SessionsContract):
    @pytest.fixture
    def world(self) -> SessionsWorld:
        keys = MemoryKeys(MemoryJournal())
        for account_id, name in NAMES.items():
            keys.put(Account(account_id, name))
        return SessionsWorld(MemorySessions(keys), keys)


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
def admin_store(path: Path) -> AdminStore:
    admin_store = AdminStore(path, PEPPER, TestClock())
    for account_id, name in NAMES.items():
        assert admin_store.open_account(name).account.id == account_id
    return admin_store


class TestSqliteSessions(SessionsContract):
    @pytest.fixture
    async def world(self, path: Path, admin_store: AdminStore) -> AsyncGenerator[SessionsWorld]:
        async with SqliteJournal.opened(path) as journal:
            with closing(SqliteKeys(path)) as keys:
                yield SessionsWorld(SqliteSessions(journal, keys), keys)


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[SqliteSessions]:
    async with SqliteJournal.opened(path) as journal:
        with closing(SqliteKeys(path)) as keys:
            yield SqliteSessions(journal, keys)


async def test_a_login_that_a_command_made_is_the_servers_to_take(
    path: Path, admin_store: AdminStore
) -> None:
    token = HomeSessions(path, PEPPER, TestClock()).add_login(OWN, 10.0)
    async with opened(path) as sessions:
        assert await sessions.take_login(digest(PEPPER, token), NOON) == OWN
        assert await sessions.take_login(digest(PEPPER, token), NOON) is None


async def test_sessions_of_commands_share_one_admin_key_and_end_with_them(
    path: Path, admin_store: AdminStore
) -> None:
    commands = HomeSessions(path, PEPPER, TestClock())
    tokens = [commands.open_session(OWN, "Command line", idle_timeout_s=60) for _ in range(2)]
    [report] = admin_store.keys("own")
    assert (report.key.type, report.key.description) == (KeyType.ADMIN, "Command line")
    commands.close(tokens[0])
    async with opened(path) as sessions:
        found = [await sessions.find(digest(PEPPER, one)) for one in tokens]
    assert found[0] is None
    assert found[1] is not None
    assert found[1].key == report.key


def test_a_session_takes_no_key_that_is_revoked_or_of_another_kind(
    path: Path, admin_store: AdminStore
) -> None:
    admin_store.make_key("own", KeyType.INFERENCE, "Command line")
    revoked = admin_store.make_key("own", KeyType.ADMIN, "Command line")
    admin_store.revoke(revoked.key.id)
    HomeSessions(path, PEPPER, TestClock()).open_session(OWN, "Command line", idle_timeout_s=60)
    assert len(admin_store.keys("own")) == 3


def test_an_account_with_all_the_keys_that_it_may_have_gets_no_other_for_sessions(
    path: Path, admin_store: AdminStore
) -> None:
    with closing(connect(path)) as connection:
        for number in range(MOST_KEYS):
            row = (number.to_bytes(16), OWN, number.to_bytes(32))
            connection.execute(
                "INSERT INTO key (public_id, account_id, type, description, digest, last6, created_ms) "
                "VALUES (?, ?, 'INFERENCE', '', ?, '', 0)",
                row,
            )
    commands = HomeSessions(path, PEPPER, TestClock())
    with pytest.raises(TooManyKeysError):
        commands.open_session(OWN, "Command line", idle_timeout_s=60)


async def test_revoking_all_keys_ends_sessions_and_links(
    path: Path, admin_store: AdminStore
) -> None:
    commands = HomeSessions(path, PEPPER, TestClock())
    link = commands.add_login(OWN, 10.0)
    session = commands.open_session(OWN, "Command line", idle_timeout_s=60)
    assert admin_store.revoke_all() == 1
    async with opened(path) as sessions:
        assert await sessions.find(digest(PEPPER, session)) is None
        assert await sessions.take_login(digest(PEPPER, link), NOON) is None


def test_the_database_holds_hashes_of_tokens_only(path: Path, admin_store: AdminStore) -> None:
    commands = HomeSessions(path, PEPPER, TestClock())
    tokens = [
        commands.add_login(OWN, 10.0),
        commands.open_session(OWN, "Command line", idle_timeout_s=60),
    ]
    with closing(connect(path)) as connection:
        rows = [
            row
            for table in TABLES
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - constants
        ]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(rows) == 3
    for token in tokens:
        assert token.encode() not in path.read_bytes()
        assert token[-43:] not in str(rows)
