"""Whether there is an account of people yet: asked at each start, so without heavy imports."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fondaco.domain.account import SYSTEM_ACCOUNTS
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.connection import connect

_ANY = "SELECT EXISTS (SELECT 1 FROM account WHERE id > ?)"


def somebody(path: Path) -> bool:
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
