"""Keys in SQLite: found by the keyed hash of their secret."""

import sqlite3
import threading
from pathlib import Path

import anyio.to_thread

from fondaco.domain.account import Account, Key, KeyType
from fondaco.domain.errors import StorageFailedError
from fondaco.stores.sqlite.connection import connect

_FIND = """
SELECT hex(public_id), account_id, type, description, last6, key.created_ms, expires_ms, revoked_ms,
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
        key_id, account_id, kind, description, last6, created, expires, revoked, *of_account = row
        name, diem_allocation, tier, disabled = of_account
        key = Key(
            id=key_id.lower(),
            account_id=account_id,
            type=KeyType(kind),
            description=description,
            last6=last6,
            created_at=created / 1000,
            expires_at=None if expires is None else expires / 1000,
            revoked=revoked is not None,
        )
        return key, Account(account_id, name, diem_allocation, tier, disabled is not None)
