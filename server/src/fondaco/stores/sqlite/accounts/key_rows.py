"""Keys as rows: SQL statements that `SqliteKeys` and `AdminStore` share.

Those that change rows expect a transaction started with BEGIN IMMEDIATE.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeAlias

from fondaco.domain.errors import TooManyKeysError
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.money import Funds
from fondaco.ports import REPORTED_EPOCHS, KeyReport
from fondaco.stores.sqlite.tables.rows import (
    KEY,
    Column,
    address_of,
    id_bytes,
    key_of,
    milliseconds,
)

_FIND = f"""
SELECT {KEY}, account.name, diem_allocation, tier, disabled_ms, wallet
FROM key JOIN account ON account.id = account_id WHERE digest = ?
"""  # noqa: S608 - the columns are a constant

_REPORTS = f"""
SELECT {KEY}, ifnull(sum(key_epoch.usd), 0), ifnull(sum(key_epoch.diem), 0)
FROM key LEFT JOIN key_epoch ON key_epoch.key_id = key.id AND epoch > ?
WHERE {{which}} GROUP BY key.id ORDER BY key.id
"""  # noqa: S608 - the columns are a constant, and so is each condition

_LIVE = "account_id = ? AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)"
_UNREVOKED = "account_id = ? AND public_id = ? AND revoked_ms IS NULL"

_ADD = """
INSERT INTO key (public_id, account_id, type, description, digest, last6, created_ms, expires_ms,
                 limit_usd, limit_diem, limit_vcu)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CHANGE = f"""
UPDATE key SET description = ?, expires_ms = ?, limit_usd = ?, limit_diem = ?, limit_vcu = ?
WHERE {_UNREVOKED}
"""  # noqa: S608 - the condition is a constant

KeyTerms: TypeAlias = tuple[str, int | None, int | None, int | None, int | None]
"""The mutable columns of a key."""


def find(connection: sqlite3.Connection, digest: bytes) -> tuple[Key, Account] | None:
    """Return the key with this keyed hash, and its account."""
    row = connection.execute(_FIND, (digest,)).fetchone()
    if row is None:
        return None
    key = key_of(row[:-5])
    name, diem_allocation, tier, disabled_ms, wallet = row[-5:]
    disabled, owner = disabled_ms is not None, address_of(wallet)
    return key, Account(key.account_id, name, diem_allocation, tier, disabled, owner)


def active(connection: sqlite3.Connection, account_id: int, now: float) -> list[KeyReport]:
    """Return an account's active keys."""
    return _reports(connection, now, _LIVE, account_id, milliseconds(now))


def report(
    connection: sqlite3.Connection, account_id: int, key_id: str, now: float
) -> KeyReport | None:
    """Return one key of an account that is not revoked."""
    reports = _reports(connection, now, _UNREVOKED, account_id, id_bytes(key_id))
    return reports[0] if reports else None


def all_keys(
    connection: sqlite3.Connection, now: float, account_id: int | None = None
) -> list[KeyReport]:
    """Return all keys of an account or of all accounts, revoked ones included: for the operator."""
    if account_id is None:
        return _reports(connection, now, "TRUE")
    return _reports(connection, now, "account_id = ?", account_id)


def any_account(connection: sqlite3.Connection, key_id: str, now: float) -> KeyReport | None:
    """Return one key of any account, even if it is revoked: for the operator."""
    reports = _reports(connection, now, "public_id = ?", id_bytes(key_id))
    return reports[0] if reports else None


def add(connection: sqlite3.Connection, key: Key, digest: bytes, most_active: int) -> None:
    """Insert a key.

    Raises:
        TooManyKeysError: its account has `most_active` active keys.
    """
    created_ms = milliseconds(key.created_at)
    live = f"SELECT count(*) FROM key WHERE {_LIVE}"  # noqa: S608 - a constant
    (count,) = connection.execute(live, (key.account_id, created_ms)).fetchone()
    if count >= most_active:
        raise TooManyKeysError
    description, *terms = _terms(key)
    fixed = (id_bytes(key.id), key.account_id, key.type.value)
    connection.execute(_ADD, (*fixed, description, digest, key.last6, created_ms, *terms))


def change(
    connection: sqlite3.Connection, account_id: int, key_id: str, changed: Callable[[Key], Key]
) -> bool:
    """Change a key's mutable columns; return whether there is such a key that is not revoked."""
    which = (account_id, id_bytes(key_id))
    sql = f"SELECT {KEY} FROM key WHERE {_UNREVOKED}"  # noqa: S608 - both are constants
    row = connection.execute(sql, which).fetchone()
    if row is None:
        return False
    connection.execute(_CHANGE, (*_terms(changed(key_of(row))), *which))
    return True


def revoke(connection: sqlite3.Connection, account_id: int, key_id: str, at: float) -> bool:
    """Revoke a key; return whether there was such a key that was not revoked."""
    sql = f"UPDATE key SET revoked_ms = ? WHERE {_UNREVOKED}"  # noqa: S608 - the condition is a constant
    result = connection.execute(sql, (milliseconds(at), account_id, id_bytes(key_id)))
    return result.rowcount == 1


def _reports(
    connection: sqlite3.Connection, now: float, which: str, *parameters: Column
) -> list[KeyReport]:
    since = epoch_of(now) - REPORTED_EPOCHS
    rows = connection.execute(_REPORTS.format(which=which), (since, *parameters))
    return [KeyReport(key_of(row[:-2]), Funds(usd=row[-2], diem=row[-1])) for row in rows]


def _terms(key: Key) -> KeyTerms:
    expires_ms = None if key.expires_at is None else milliseconds(key.expires_at)
    return key.description, expires_ms, key.limit.usd, key.limit.diem, key.limit.vcu
