"""Sessions and login tokens as rows: SQL statements of the server and of commands beside it.

Those that change rows expect a transaction started with BEGIN IMMEDIATE.
"""

import sqlite3

from fondaco.domain.money.account import Account
from fondaco.domain.sessions import Session
from fondaco.stores.sqlite.tables.rows import KEY, address_of, id_bytes, key_of, milliseconds

_FIND = f"""
SELECT {KEY}, account.name, diem_allocation, tier, disabled_ms, wallet, session.used_ms
FROM session JOIN key ON key.id = session.key_id JOIN account ON account.id = account_id
WHERE session.digest = ?
"""  # noqa: S608 - the columns are a constant
_DELETE_IDLE = "DELETE FROM session WHERE used_ms <= ?"
_DELETE_MOST = """
DELETE FROM session WHERE digest IN (
    SELECT digest FROM session WHERE key_id = (SELECT id FROM key WHERE public_id = ?)
    ORDER BY used_ms DESC, opened_ms DESC LIMIT -1 OFFSET ?
)
"""
_OPEN = """
INSERT INTO session (digest, key_id, opened_ms, used_ms)
VALUES (?, (SELECT id FROM key WHERE public_id = ?), ?, ?)
"""
_USE = "UPDATE session SET used_ms = max(used_ms, ?) WHERE digest = ?"
_CLOSE = "DELETE FROM session WHERE digest = ?"
_CLOSE_ACCOUNT = "DELETE FROM session WHERE key_id IN (SELECT id FROM key WHERE account_id = ?)"
_CLOSE_KEY = "DELETE FROM session WHERE key_id IN (SELECT id FROM key WHERE account_id = ? AND public_id = ?)"
_DELETE_LOGINS = "DELETE FROM login WHERE account_id = ?"
_DELETE_EXPIRED = "DELETE FROM login WHERE expires_ms <= ?"
_DELETE_FIRST = """
DELETE FROM login WHERE digest IN (
    SELECT digest FROM login WHERE account_id = ? ORDER BY expires_ms DESC LIMIT -1 OFFSET ?
)
"""
_ADD = "INSERT INTO login (digest, account_id, expires_ms) VALUES (?, ?, ?)"
_HAS = "SELECT EXISTS (SELECT 1 FROM login WHERE digest = ?)"
_TAKE = "DELETE FROM login WHERE digest = ? RETURNING account_id, expires_ms"


def find(connection: sqlite3.Connection, digest: bytes) -> Session | None:
    """Return a session with its key and account."""
    row = connection.execute(_FIND, (digest,)).fetchone()
    if row is None:
        return None
    key = key_of(row[:-6])
    name, diem_allocation, tier, disabled_ms, wallet, used_ms = row[-6:]
    disabled, owner = disabled_ms is not None, address_of(wallet)
    account = Account(key.account_id, name, diem_allocation, tier, disabled, owner)
    return Session(key, account, used_ms / 1000)


def open_session(
    connection: sqlite3.Connection,
    digest: bytes,
    key_id: str,
    at: float,
    *,
    idle_since: float,
    most: int,
) -> None:
    """Insert a session, and delete those that are idle or too many."""
    at_ms = milliseconds(at)
    connection.execute(_DELETE_IDLE, (milliseconds(idle_since),))
    connection.execute(_DELETE_MOST, (id_bytes(key_id), most - 1))
    connection.execute(_OPEN, (digest, id_bytes(key_id), at_ms, at_ms))


def record_use(connection: sqlite3.Connection, digest: bytes, at: float) -> None:
    """Set when a session was used, unless it was used later."""
    connection.execute(_USE, (milliseconds(at), digest))


def close(connection: sqlite3.Connection, digest: bytes) -> None:
    """Delete a session."""
    connection.execute(_CLOSE, (digest,))


def close_all(connection: sqlite3.Connection, account_id: int, key_id: str | None) -> None:
    """Delete all sessions and login tokens of an account; of one of its keys the sessions alone."""
    if key_id is not None:
        connection.execute(_CLOSE_KEY, (account_id, id_bytes(key_id)))
        return
    connection.execute(_CLOSE_ACCOUNT, (account_id,))
    connection.execute(_DELETE_LOGINS, (account_id,))


def add_login(
    connection: sqlite3.Connection,
    digest: bytes,
    account_id: int,
    at: float,
    *,
    expires_at: float,
    most: int,
) -> None:
    """Insert a login token, and delete those that have expired or are too many."""
    connection.execute(_DELETE_EXPIRED, (milliseconds(at),))
    connection.execute(_DELETE_FIRST, (account_id, most - 1))
    connection.execute(_ADD, (digest, account_id, milliseconds(expires_at)))


def delete_all(connection: sqlite3.Connection) -> None:
    """Delete all sessions and login tokens."""
    connection.execute("DELETE FROM session")
    connection.execute("DELETE FROM login")


def has_login(connection: sqlite3.Connection, digest: bytes) -> bool:
    """Whether there is such a login token, expired or not."""
    (exists,) = connection.execute(_HAS, (digest,)).fetchone()
    return bool(exists)


def take_login(connection: sqlite3.Connection, digest: bytes, at: float) -> int | None:
    """Delete a login token; return its account's id unless it has expired."""
    row = connection.execute(_TAKE, (digest,)).fetchone()
    if row is None:
        return None
    account_id, expires_ms = row
    return int(account_id) if milliseconds(at) < expires_ms else None
