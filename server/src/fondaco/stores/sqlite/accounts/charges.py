"""Charges in SQLite, read page by page, in milliseconds at a million rows."""

import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import anyio
import anyio.to_thread

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.ledger import Entry
from fondaco.domain.money.money import Currency
from fondaco.ports import ChargePage, ChargeQuery, UsageSum, UsageSumQuery
from fondaco.stores.sqlite.accounts import usage_sums
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.rows import CURRENCIES, ENTRIES, entry_of

Grouping: TypeAlias = Literal["key", "day", "sku"]

_BY_TIME = "FROM entry INDEXED BY ix_entry_charge"
_BY_ID = "FROM entry NOT INDEXED"
_BOUNDS = {
    "currency": " AND currency = :currency",
    "since": " AND at_ms >= :since",
    "until": " AND at_ms <= :until",
}
"""Only the bounds of the query are added: each slows the count of a million rows by a tenth."""

_BATCH = 500
"""Charges in memory at a time, when all are read."""
_END = 2**63 - 1

_FEW = 10_000
"""With up to this many new entries, only they are counted, not all again."""
_MOST_TOTALS = 1_000

_GROUPS: dict[Grouping | None, str] = {
    None: "''",
    "key": "(SELECT lower(hex(public_id)) FROM key WHERE key.id = key_id)",
    "day": "date(at_ms / 1000, 'unixepoch')",
    "sku": "(SELECT name FROM sku WHERE sku.id = sku_id)",
}


@dataclass(frozen=True, slots=True)
class ChargeSum:
    """Sum of the charges of one group and currency."""

    group: str | None
    """A key's id, a day in UTC, or a sku."""
    currency: Currency
    rows: int
    amount: int
    """Nano-units, negative as each of the charges."""


class SqliteCharges:
    """Reads charges over connections of its own: one for pages, one for sums, which take longer."""

    def __init__(self, path: Path, flush: Callable[[], Awaitable[None]] | None = None) -> None:
        """Open the database, which a server beside this process keeps up to date.

        Args:
            path: of the database.
            flush: awaited before each page and sum, so that they have all charges of this process.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
            StorageFailedError: charges that a crash left in the charge log cannot be entered.
        """
        entered(path)
        self._flush = flush
        self._connection = connect(path)
        self._connection.execute("PRAGMA query_only = ON")
        self._in_use = threading.Lock()
        self._summing = connect(path)
        self._summing.execute("PRAGMA query_only = ON")
        self._sums_in_use = threading.Lock()
        self._one_by_one = anyio.Lock()
        """Sums wait for it, so that they occupy one thread at most."""
        self._totals: dict[ChargeQuery, tuple[int, int]] = {}
        """Query without its page -> the last entry's id when it was counted, and the total."""

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page, read in a thread.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        await self._flushed()
        return await anyio.to_thread.run_sync(self.read, query)

    async def _flushed(self) -> None:
        if self._flush is not None:
            await self._flush()

    def read(self, query: ChargeQuery) -> ChargePage:
        """Return a page, blocking.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        with self._snapshot() as connection:
            total = self._total(connection, query)
            ids = _walk(connection, query, total)
            return ChargePage(_entries(connection, ids), total)

    def all(self, query: ChargeQuery) -> Iterator[Entry]:
        """Yield every charge of a query, ignoring its page, newest first, in bounded memory.

        Charges that are made meanwhile are left out, and no transaction stays open between two reads.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        where, parameters = _filter(query)
        with self._snapshot() as connection:
            (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
        parameters |= {"last": last, "at": _END, "money": _END, "id": _END, "count": _BATCH}
        while True:
            with self._snapshot() as connection:
                rows = connection.execute(
                    f"SELECT at_ms, currency, id {_BY_TIME} {where} AND id <= :last "
                    "AND (at_ms, currency, id) < (:at, :money, :id) "
                    "ORDER BY at_ms DESC, currency DESC, id DESC LIMIT :count",
                    parameters,
                ).fetchall()
                entries = _entries(connection, [row[2] for row in rows])
            yield from entries
            if len(rows) < _BATCH:
                return
            parameters["at"], parameters["money"], parameters["id"] = rows[-1]

    def sums(self, query: ChargeQuery, by: Grouping | None = None) -> list[ChargeSum]:
        """Return the sums of a query's charges, ignoring its page, by group and currency.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        where, parameters = _filter(query)
        sums = f"SELECT {_GROUPS[by]}, currency, count(*), sum(amount)"
        currencies = {number: currency for currency, number in CURRENCIES.items()}
        with self._snapshot() as connection:
            return [
                ChargeSum(group, currencies[number], rows, amount)
                for group, number, rows, amount in connection.execute(
                    f"{sums} {_BY_TIME} {where} GROUP BY 1, 2", parameters
                )
            ]

    async def usage(self, query: UsageSumQuery) -> Sequence[UsageSum]:
        """Return the sums of charges, read in a thread, one query at a time.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        await self._flushed()
        async with self._one_by_one:
            return await anyio.to_thread.run_sync(self.read_usage, query)

    def read_usage(self, query: UsageSumQuery) -> Sequence[UsageSum]:
        """Return the sums of charges, blocking.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        with _reading(self._summing, self._sums_in_use) as connection:
            return usage_sums.summed(connection, query)

    def close(self) -> None:
        """Close the connections."""
        with self._in_use:
            self._connection.close()
        with self._sums_in_use:
            self._summing.close()

    def _snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        return _reading(self._connection, self._in_use)

    def _total(self, connection: sqlite3.Connection, query: ChargeQuery) -> int:
        """Return how many charges there are, counting only those since the query's last run.

        That is exact: entries are never changed, and each has a larger id than all before it.
        """
        total: int
        last: int
        which = replace(query, newest_first=True, page=1, limit=1)
        where, parameters = _filter(query)
        (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
        before = self._totals.get(which)
        if before is not None and last - before[0] <= _FEW:
            since = f"SELECT count(*) {_BY_ID} {where} AND id > :before"
            (new,) = connection.execute(since, {**parameters, "before": before[0]}).fetchone()
            total = before[1] + new
        else:
            (total,) = connection.execute(
                f"SELECT count(*) {_BY_TIME} {where}", parameters
            ).fetchone()
        if len(self._totals) >= _MOST_TOTALS:
            self._totals.clear()
        self._totals[which] = last, total
        return total


@contextmanager
def _reading(
    connection: sqlite3.Connection, in_use: threading.Lock
) -> Iterator[sqlite3.Connection]:
    """Hold a connection within one read transaction: a consistent snapshot."""
    try:
        with in_use:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StorageFailedError from error


def _filter(query: ChargeQuery) -> tuple[str, dict[str, int]]:
    """Return the query's condition, and the values in it."""
    optional = {
        "currency": None if query.currency is None else CURRENCIES[query.currency],
        "since": query.since_ms,
        "until": query.until_ms,
    }
    bounds = {name: bound for name, bound in optional.items() if bound is not None}
    where = "WHERE account_id = :account AND kind = 1" + "".join(_BOUNDS[name] for name in bounds)
    return where, {"account": query.account_id, **bounds}


def _walk(connection: sqlite3.Connection, query: ChargeQuery, total: int) -> list[int]:
    """Return the ids of a page's entries: on the index alone, from the nearer end.

    The index ends with the id, which so orders charges of the same time. An explicit ORDER BY id would
    make SQLite sort all rows before the page instead of walking the index.
    """
    count = min(query.limit, total - query.offset)
    if count <= 0:
        return []
    after = total - query.offset - count
    from_end = after < query.offset
    order = "DESC" if query.newest_first is not from_end else "ASC"
    where, parameters = _filter(query)
    rows = connection.execute(
        f"SELECT id {_BY_TIME} {where} ORDER BY at_ms {order}, currency {order} "
        "LIMIT :count OFFSET :skipped",
        {**parameters, "count": count, "skipped": after if from_end else query.offset},
    )
    ids = [entry_id for (entry_id,) in rows]
    return ids[::-1] if from_end else ids


def _entries(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Entry, ...]:
    places = ", ".join("?" * len(ids))
    rows = connection.execute(f"{ENTRIES} WHERE entry.id IN ({places})", ids)
    found = {row[0]: entry_of(row) for row in rows}
    return tuple(found[entry_id] for entry_id in ids)
