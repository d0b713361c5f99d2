"""The journal in SQLite: group commits by one writer thread, which wakes waiters once per batch."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.ledger import (
    AccountSnapshot,
    Entry,
    IdempotencyRecord,
    OpenCall,
    Unwritable,
)
from fondaco.domain.money.money import Funds
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.ledger import (
    clock_confirmations,
    faults,
    idempotency_records,
    quarantine,
)
from fondaco.stores.sqlite.ledger.charge_logger import ChargeLogger
from fondaco.stores.sqlite.ledger.commands import (
    Begin,
    CountCharacterUses,
    LogCharges,
    RecordKeyUses,
    RecordProgress,
    RunQuery,
    WriteEntries,
)
from fondaco.stores.sqlite.ledger.writer import Listener, Writer
from fondaco.stores.sqlite.tables.connection import Durability, connect
from fondaco.stores.sqlite.tables.migrate import TABLES
from fondaco.stores.sqlite.tables.rows import OPEN_CALLS, epoch_in, id_bytes, open_call_of, refills

T = TypeVar("T")

_SNAPSHOT = """
SELECT usd, diem, diem_allocation,
       (SELECT call_id FROM (SELECT call_id, id FROM entry WHERE call_id BETWEEN ? AND ?
                             ORDER BY call_id DESC LIMIT 60)
        ORDER BY id DESC LIMIT 1)
FROM account WHERE id = ?
"""

_SPENT = """
SELECT usd, diem FROM key_epoch
WHERE key_id = (SELECT id FROM key WHERE public_id = ?) AND epoch = ?
"""

_TOUCH_NOTHING = "UPDATE alembic_version SET version_num = version_num"

_USES = "SELECT slug, uses FROM character_use"

_WRITING: Final[Begin] = "BEGIN IMMEDIATE"


class SqliteJournal:
    """A Journal over an up-to-date database file; see `opened`."""

    def __init__(self, connection: sqlite3.Connection, *, watch_s: float = 1.0) -> None:
        """Take over a connection.

        Args:
            connection: from `connection.connect`.
            watch_s: how soon changes by other processes are seen.

        Raises:
            DatabaseUnusableError: charges that a crash left in the charge log cannot be entered.
        """
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener] = []
        self._refusal_listeners: list[Listener] = []
        self._closed = False
        try:
            self._logger = ChargeLogger.opened(connection)
        except (sqlite3.Error, OSError) as error:
            connection.close()
            raise DatabaseUnusableError(
                f"Charges that a crash left in the charge log cannot be entered: {error}. They are kept. Make "
                "room on the disk and check the permissions of the home folder, then start again."
            ) from error
        self._writer = Writer(
            connection,
            self._loop,
            notify=self._tell,
            refuse=self._refuse,
            watch_s=watch_s,
            logger=self._logger,
        )

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

    async def snapshot(self, account_id: int, until: int | None = None) -> AccountSnapshot | None:
        """Return an account's balance, allocation and last refilled epoch."""
        return await self.query(lambda connection: snapshot_of(connection, account_id, until))

    async def latest_entry_at(self, until: float | None = None) -> float | None:
        """Return when the latest of the last entries was made, or the latest up to a time."""
        return await self.query(lambda connection: clock_confirmations.latest(connection, until))

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        """Append entries, delete an open call and end a job in the next batch; log what settles a hold."""
        done = self._loop.create_future()
        if self._closed:
            done.set_exception(StorageFailedError())
        elif held and ends is None and self._logger is not None:
            self._writer.put(LogCharges(entries, closes, done))
        else:
            self._writer.put(WriteEntries(entries, closes, done, ends))
        return done

    def record_progress(self, calls: Sequence[OpenCall]) -> None:
        """Write the calls' progress with the next batch."""
        if not self._closed:
            self._writer.put(RecordProgress(calls))

    async def spent(self, key_id: str, epoch: int) -> Funds:
        """Return the charges of a key in an epoch."""
        parameters = (id_bytes(key_id), epoch)
        row = await self.query(lambda connection: connection.execute(_SPENT, parameters).fetchone())
        return Funds(*row) if row else Funds()

    def record_uses(self, used: Mapping[str, float]) -> None:
        """Write when keys were used with the next batch."""
        if not self._closed:
            self._writer.put(RecordKeyUses(used))

    def add(self, uses: Mapping[str, int]) -> None:
        """Add to the characters' chat counts with the next batch."""
        if not self._closed:
            self._writer.put(CountCharacterUses(uses))

    async def counts(self) -> Mapping[str, int]:
        """Return how many chats each character answered, pending additions included."""
        return await self.query(lambda connection: dict(connection.execute(_USES).fetchall()))

    async def acquire(self, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record under this account and key, inserting `record` if there is none."""
        return await self.query(
            lambda connection: idempotency_records.acquire(connection, record), _WRITING
        )

    async def release(self, record: IdempotencyRecord) -> None:
        """Delete the record of a call that was not charged."""
        await self.query(
            lambda connection: idempotency_records.release(connection, record), _WRITING
        )

    async def charged(self, record: IdempotencyRecord) -> bool:
        """Whether the record's call has a charge."""
        return await self.query(lambda connection: idempotency_records.charged(connection, record))

    async def purge(self, before: float, *, uncharged: bool = False) -> None:
        """Delete old records, or also those without a charge."""
        await self.query(
            lambda connection: idempotency_records.purge(connection, before, uncharged=uncharged),
            _WRITING,
        )

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the recorded calls that are not closed, oldest first."""
        return await self.query(
            lambda connection: [open_call_of(row) for row in connection.execute(OPEN_CALLS)]
        )

    async def quarantine_call(self, call: OpenCall, why: Unwritable) -> None:
        """Move an open call to the quarantine."""
        await self.query(lambda connection: quarantine.put_call(connection, call, why), _WRITING)

    async def check(self) -> int:
        """Return how many writes wait in the quarantine, after a test write."""
        try:
            return await self.query(_probe, _WRITING)
        except StorageFailedError as error:
            cause = error.__cause__
            reason = faults.transient_reason(cause) if isinstance(cause, Exception) else None
            raise StorageFailedError(
                f"The ledger cannot be written: {reason or 'writer_ended'}. Nothing is sold meanwhile."
            ) from error

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of commits by other connections, within a second."""
        self._listeners.append(changed)

    def on_refusal(self, refused: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `refused` of logged charges that the database refused for good."""
        self._refusal_listeners.append(refused)

    def close(self) -> None:
        """Commit all queued commands and close the file; blocks for that one commit."""
        if not self._closed:
            self._closed = True
            self._writer.stop()

    async def query(self, query: Callable[[sqlite3.Connection], T], begin: Begin = "BEGIN") -> T:
        """Run a query in a transaction of its own, in order with the writes.

        Raises:
            StorageFailedError: it failed; nothing was changed.
        """
        if self._closed:
            raise StorageFailedError
        results: list[T] = []
        done = self._loop.create_future()
        self._writer.put(
            RunQuery(lambda connection: results.append(query(connection)), done, begin)
        )
        await done
        return results[0]

    def empty_log_soon(self) -> None:
        """Empty the -wal file when idle next: what was deleted is overwritten in the database alone."""
        self._writer.empties_log = True

    def _tell(self, entries: Sequence[Entry]) -> None:
        for changed in self._listeners:
            changed(entries)

    def _refuse(self, entries: Sequence[Entry]) -> None:
        for refused in self._refusal_listeners:
            refused(entries)


def _probe(connection: sqlite3.Connection) -> int:
    """Return how many writes wait in the quarantine; fail if a table is missing or the disk is full."""
    for table in TABLES:
        connection.execute(f"SELECT 1 FROM {table} LIMIT 0")  # noqa: S608 - a constant
    connection.execute(_TOUCH_NOTHING)
    return quarantine.waiting(connection)


def snapshot_of(
    connection: sqlite3.Connection, account_id: int, until: int | None = None
) -> AccountSnapshot | None:
    """Return an account's snapshot, as `connection` sees it."""
    row = connection.execute(_SNAPSHOT, (*refills(account_id, until), account_id)).fetchone()
    if row is None:
        return None
    usd, diem, allocation, refill = row
    return AccountSnapshot(
        balance=Funds(usd=usd, diem=diem),
        diem_allocation=allocation,
        diem_epoch=epoch_in(refill),
    )
