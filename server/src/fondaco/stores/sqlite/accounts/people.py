"""Checks at each start whether there are accounts and keys, without heavy imports."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fondaco.domain.money.account import SYSTEM_ACCOUNTS
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.tables.connection import connect

_ANY = "SELECT EXISTS (SELECT 1 FROM account WHERE id > ?)"

_KEY_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'key'"
_USABLE = "SELECT count(*) FROM key WHERE revoked_ms IS NULL"


def has_accounts(path: Path) -> bool:
    """Whether an up-to-date database has an account besides the ledger's own.

    Raises:
        DatabaseUnusableError: it cannot be read.
    """
    try:
        with closing(connect(path)) as connection:
            row = connection.execute(_ANY, (max(SYSTEM_ACCOUNTS.values()),)).fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnusableError(
            f"The database {str(path)!r} cannot be read: {error}."
        ) from error
    return bool(row[0])


def usable_keys(path: Path) -> int:
    """Return how many keys are not revoked; 0 if there is no database or no table of keys yet.

    Raises:
        DatabaseUnusableError: it cannot be read.
    """
    if not path.exists():
        return 0
    try:
        with closing(connect(path)) as connection:
            if connection.execute(_KEY_TABLE).fetchone() is None:
                return 0
            row = connection.execute(_USABLE).fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnusableError(
            f"The database {str(path)!r} cannot be read: {error}."
        ) from error
    return int(row[0])
