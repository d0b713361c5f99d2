"""Keys in SQLite: looked up by the keyed hash of their secret, managed by account."""

import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import Account, Key
from fondaco.ports import KeyReport
from fondaco.stores.sqlite.accounts import key_rows
from fondaco.stores.sqlite.tables.connection import connect

T = TypeVar("T")


class SqliteKeys:
    """Keys over a connection of their own, used by one thread at a time.

    Queries run in a thread. Every method raises StorageFailedError if the database cannot be read or
    written.
    """

    def __init__(self, path: Path, flush: Callable[[], Awaitable[None]] | None = None) -> None:
        """Open the database; `flush` is awaited before what keys have spent is read.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
        """
        self._connection = connect(path)
        self._in_use = threading.Lock()
        self._flush = flush

    def close(self) -> None:
        """Close the connection."""
        with self._in_use:
            self._connection.close()

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key with this keyed hash, and its account."""
        return await self.query(lambda connection: key_rows.find(connection, digest))

    async def active(self, account_id: int, now: float) -> Sequence[KeyReport]:
        """Return an account's active keys, oldest first."""
        await self._flushed()
        return await self.query(lambda connection: key_rows.active(connection, account_id, now))

    async def report(self, account_id: int, key_id: str, now: float) -> KeyReport | None:
        """Return one key of an account that is not revoked."""
        await self._flushed()
        return await self.query(
            lambda connection: key_rows.report(connection, account_id, key_id, now)
        )

    async def add(self, key: Key, digest: bytes, most_active: int) -> None:
        """Insert a key."""
        await self._write(lambda connection: key_rows.add(connection, key, digest, most_active))

    async def change(self, account_id: int, key_id: str, changed: Callable[[Key], Key]) -> bool:
        """Change a key's description, expiry and limit."""
        return await self._write(
            lambda connection: key_rows.change(connection, account_id, key_id, changed)
        )

    async def revoke(self, account_id: int, key_id: str, at: float) -> bool:
        """Revoke a key."""
        return await self._write(
            lambda connection: key_rows.revoke(connection, account_id, key_id, at)
        )

    async def query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query that changes nothing.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        return await anyio.to_thread.run_sync(self._run, query)

    async def _flushed(self) -> None:
        if self._flush is not None:
            await self._flush()

    async def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        return await anyio.to_thread.run_sync(
            self._run, lambda connection: _in_transaction(connection, change)
        )

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._in_use:
                return work(self._connection)
        except sqlite3.Error as error:
            raise StorageFailedError from error


def _in_transaction(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], T]) -> T:
    """Run a change in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
