"""Keys in SQLite: found by the keyed hash of their secret."""

import sqlite3
import threading
from pathlib import Path

import anyio.to_thread

from fondaco.domain.account import Account, Key
from fondaco.domain.errors import StorageFailedError
from fondaco.stores.sqlite.connection import connect
from fondaco.stores.sqlite.rows import key_of

_FIND = """
SELECT public_id, account_id, type, description, last6, key.created_ms, expires_ms, revoked_ms,
       account.name, diem_allocation, tier, disabled_ms
FROM key JOIN account ON account.id = account_id WHERE digest = ?
"""


class SqliteKeys:
    """Keys over a connection of their own, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the database.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
        """
        self._connection = connect(path)
        self._in_use = threading.Lock()

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key with this keyed hash; the event loop goes on meanwhile.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        return await anyio.to_thread.run_sync(self._find, digest)

    def close(self) -> None:
        """Close the connection."""
        with self._in_use:
            self._connection.close()

    def _find(self, digest: bytes) -> tuple[Key, Account] | None:
        try:
            with self._in_use:
                row = self._connection.execute(_FIND, (digest,)).fetchone()
        except sqlite3.Error as error:
            raise StorageFailedError from error
        if row is None:
            return None
        name, diem_allocation, tier, disabled_ms = row[8:]
        key = key_of(row[:8])
        return key, Account(key.account_id, name, diem_allocation, tier, disabled_ms is not None)
