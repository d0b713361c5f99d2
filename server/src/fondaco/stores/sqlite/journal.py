"""The journal in SQLite: group commits by one writer thread, waiters woken once a batch."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.ledger import Entry, OpenCall, Standing
from fondaco.domain.money import Funds
from fondaco.stores.sqlite.connection import Durability, connect
from fondaco.stores.sqlite.rows import OPEN_CALLS, epoch_in, open_call_of, refills
from fondaco.stores.sqlite.writer import Listener, Note, Read, Write, Writer

T = TypeVar("T")

_STANDING = """
SELECT usd, diem, diem_allocation,
       (SELECT max(call_id) FROM entry WHERE call_id BETWEEN ? AND ?)
FROM account WHERE id = ?
"""


class SqliteJournal:
    """A Journal over an up-to-date database file; see `opened`."""

    def __init__(self, connection: sqlite3.Connection, *, watch_s: float = 1.0) -> None:
        """Take over a connection.

        Args:
            connection: from `connection.connect`.
            watch_s: how soon changes by other processes are seen.
        """
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener] = []
        self._closed = False
        self._writer = Writer(connection, self._loop, self._tell, watch_s)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, durability: Durability = "process", *, watch_s: float = 1.0
    ) -> AsyncGenerator["SqliteJournal"]:
        """Open the journal in a database that `migrate.upgrade` has seen; close it at the end.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
        """
        journal = cls(connect(path, durability), watch_s=watch_s)
        try:
            yield journal
        finally:
            journal.close()

    async def standing(self, account_id: int) -> Standing | None:
        """Return what an account has and is due."""
        return await self._ask(lambda connection: _standing(connection, account_id))

    def write(self, entries: Sequence[Entry], closes: str | None = None) -> Awaitable[None]:
        """Append entries and forget an open call in the next batch."""
        done = self._loop.create_future()
        if self._closed:
            done.set_exception(StorageFailedError())
        else:
            self._writer.put(Write(entries, closes, done))
        return done

    def note(self, calls: Sequence[OpenCall]) -> None:
        """Write the calls' progress with the next batch."""
        if not self._closed:
            self._writer.put(Note(calls))

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that were noted and not closed, oldest first."""
        return await self._ask(
            lambda connection: [open_call_of(row) for row in connection.execute(OPEN_CALLS)]
        )

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of commits by other connections, within a second."""
        self._listeners.append(changed)

    def close(self) -> None:
        """Write what was ordered before, and close the file; this blocks for that one commit."""
        if not self._closed:
            self._closed = True
            self._writer.stop()

    async def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StorageFailedError
        answers: list[T] = []
        done = self._loop.create_future()
        self._writer.put(Read(lambda connection: answers.append(question(connection)), done))
        await done
        return answers[0]

    def _tell(self, entries: Sequence[Entry]) -> None:
        for changed in self._listeners:
            changed(entries)


def _standing(connection: sqlite3.Connection, account_id: int) -> Standing | None:
    row = connection.execute(_STANDING, (*refills(account_id), account_id)).fetchone()
    if row is None:
        return None
    usd, diem, allocation, refill = row
    return Standing(
        balance=Funds(usd=usd, diem=diem),
        diem_allocation=allocation,
        diem_epoch=epoch_in(refill),
    )
