from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import KeyType, digest
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import Funds
from fondaco.stores.errors import NameTakenError, UnknownNameError
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.accounts.people import has_accounts
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, SqliteWorld, TestClock, charge, tokens

PEPPER = b"p" * 32


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
def admin_store(path: Path) -> AdminStore:
    return AdminStore(path, PEPPER, TestClock())


@pytest.fixture
async def keys(path: Path) -> AsyncGenerator[SqliteKeys]:
    keys = SqliteKeys(path)
    yield keys
    keys.close()


def test_an_account_begins_with_what_it_is_given(admin_store: AdminStore) -> None:
    opened = admin_store.open_account("ada", usd=5, diem_allocation=7, tier="explorer")
    assert opened.balance == Funds(usd=5, diem=7)
    assert (opened.account.name, opened.account.tier) == ("ada", "explorer")
    assert opened.account.diem_allocation == 7
    assert opened.created_at == NOON
    assert admin_store.account("ada") == opened
    assert admin_store.verify() == []


def test_a_name_belongs_to_one_account(admin_store: AdminStore) -> None:
    admin_store.open_account("ada")
    with pytest.raises(NameTakenError, match="'ada'"):
        admin_store.open_account("ada", usd=5)
    assert admin_store.account("ada").balance == Funds()


def test_accounts_are_listed_by_name_without_the_ledgers_own(admin_store: AdminStore) -> None:
    for name in ("bob", "ada"):
        admin_store.open_account(name)
    assert [statement.account.name for statement in admin_store.accounts()] == ["ada", "bob"]


@pytest.mark.parametrize("name", ["nobody", "system:revenue"])
def test_an_unknown_account_is_named(admin_store: AdminStore, name: str) -> None:
    for ask in (
        lambda: admin_store.account(name),
        lambda: admin_store.grant(name, 5),
        lambda: admin_store.allocate(name, 5),
        lambda: admin_store.make_key(name, KeyType.ADMIN),
        lambda: admin_store.keys(name),
    ):
        with pytest.raises(UnknownNameError, match=repr(name)):
            ask()


def test_a_grant_adds_up(admin_store: AdminStore) -> None:
    admin_store.open_account("ada", usd=5)
    assert admin_store.grant("ada", 6, "thanks").balance == Funds(usd=11)
    assert admin_store.verify() == []


def test_a_negative_grant_is_refused(admin_store: AdminStore) -> None:
    admin_store.open_account("ada", usd=5)
    with pytest.raises(StorageFailedError):
        admin_store.grant("ada", -1)
    assert admin_store.account("ada").balance == Funds(usd=5)


async def test_a_raised_allocation_counts_at_once(tmp_path: Path, empty_database: Path) -> None:
    world = SqliteWorld(tmp_path / "world", empty_database)
    await world.allocate(50)
    await (await world.hold(20)).settle(charge(20), tokens(20), 1)
    await world.allocate(60)
    assert await world.balance() == Funds(diem=40)
    assert world.admin_store.account("somebody").balance == Funds(diem=40)
    world.clock.at += SECONDS
    assert world.admin_store.account("somebody").balance == Funds(diem=60)
    assert await world.balance() == Funds(diem=60)
    assert world.admin_store.verify() == []
    await world.close()


async def test_a_key_is_found_by_its_secret_alone(
    admin_store: AdminStore, keys: SqliteKeys
) -> None:
    account = admin_store.open_account("ada").account
    made = admin_store.make_key("ada", KeyType.INFERENCE, "mine", expires_at=NOON + 5)
    assert made.secret.startswith("fondaco_i_")
    assert made.secret.endswith(made.key.last6)
    assert await keys.find(digest(PEPPER, made.secret)) == (made.key, account)
    assert await keys.find(digest(PEPPER, made.secret + "x")) is None
    assert await keys.find(digest(b"another", made.secret)) is None
    assert made.key.expires_at == NOON + 5


def test_a_secret_is_not_in_the_database(admin_store: AdminStore, path: Path) -> None:
    admin_store.open_account("ada")
    secret = admin_store.make_key("ada", KeyType.ADMIN).secret
    stored = path.read_bytes()  # the last connection to close leaves no other file
    assert secret[:20].encode() not in stored
    assert digest(PEPPER, secret) in stored


def test_secrets_differ(admin_store: AdminStore) -> None:
    admin_store.open_account("ada")
    secrets = {admin_store.make_key("ada", KeyType.ADMIN).secret for _ in range(5)}
    assert len(secrets) == 5
    assert {len(secret) for secret in secrets} == {len("fondaco_a_") + 43}


async def test_a_revoked_key_stays_revoked(admin_store: AdminStore, keys: SqliteKeys) -> None:
    admin_store.open_account("ada")
    made = admin_store.make_key("ada", KeyType.ADMIN)
    assert admin_store.revoke(made.key.id).revoked
    assert admin_store.revoke(made.key.id).revoked
    found = await keys.find(digest(PEPPER, made.secret))
    assert found is not None
    assert not found[0].live(NOON)


@pytest.mark.parametrize("key_id", ["00" * 16, "zz", ""])
def test_an_unknown_key_is_named(admin_store: AdminStore, key_id: str) -> None:
    with pytest.raises(UnknownNameError, match=repr(key_id)):
        admin_store.revoke(key_id)


def test_keys_are_listed_by_account(admin_store: AdminStore) -> None:
    for name in ("ada", "bob"):
        admin_store.open_account(name)
    made = [admin_store.make_key(name, KeyType.ADMIN).key for name in ("ada", "bob", "ada")]
    everybodys = admin_store.keys()
    assert [report.key for report in everybodys] == made
    assert [report.key for report in admin_store.keys("ada")] == [made[0], made[2]]


def test_a_store_has_accounts_once_one_is_opened(admin_store: AdminStore, path: Path) -> None:
    assert not has_accounts(path)
    admin_store.open_account("ada")
    assert has_accounts(path)


COPY = """
    INSERT INTO entry SELECT NULL, account_id, kind, currency, amount, at_ms, zeroblob(16), key_id,
        sku_id, units, unit_price, NULL, NULL, NULL, NULL, 0, '' FROM entry WHERE id = 1;
"""
STRAY_KEY = """
    INSERT INTO key SELECT 9, zeroblob(16), 77, 'ADMIN', '', zeroblob(32), '', 0, NULL, NULL, NULL,
        NULL, NULL, NULL;
"""


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE account SET usd = usd + 1 WHERE name = 'ada'", "USD balance of account 'ada'"),
        ("UPDATE account SET diem = 1 WHERE id = 3", "All DIEM balances add up to 1E-9"),
        (f"DROP INDEX uq_entry_call_id_sku_id_currency; {COPY * 2}", f"{'0' * 32} has 2 entries"),
        ("PRAGMA ignore_check_constraints = ON; UPDATE account SET usd = -1", "is negative"),
        (f"PRAGMA foreign_keys = OFF; {STRAY_KEY}", "Row 9 of 'key' points to a row of 'account'"),
    ],
)
def test_the_audit_finds(admin_store: AdminStore, path: Path, damage: str, finding: str) -> None:
    admin_store.open_account("ada", usd=5)
    assert admin_store.verify() == []
    with closing(connect(path)) as connection:
        connection.executescript(damage)
    assert any(finding in found for found in admin_store.verify())
