"""A batch: all that the writer commits at once, in as few SQL statements as possible.

Python's sqlite3 releases the GIL at every statement and then competes with a busy event loop for it, so
one INSERT has all rows of a batch, and one UPDATE all balances.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TypeAlias, TypeVar

from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall
from fondaco.domain.money.money import Currency
from fondaco.stores.sqlite.ledger.job_endings import end
from fondaco.stores.sqlite.tables.id_cache import IdCache
from fondaco.stores.sqlite.tables.rows import (
    OPEN_CALL,
    UNITS,
    Column,
    entry_row,
    id_bytes,
    milliseconds,
    open_call_row,
)

KeyT = TypeVar("KeyT")
Rows: TypeAlias = Sequence[Sequence[Column]]

_CHARGE, _DIEM = EntryKind.CHARGE, Currency.DIEM
_ROWS = 128
"""Most rows of one statement; SQLite's prepared statements are cached for each number up to this."""

_RECORD_PROGRESS = f"""
INSERT INTO open_call ({", ".join(OPEN_CALL)}) VALUES ({", ".join("?" * len(OPEN_CALL))})
ON CONFLICT (call_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in ("held_usd", "held_diem", *UNITS))}
"""  # noqa: S608 - the columns are constants

_ENTER = """
INSERT INTO entry (
    id, call_id, key_id, account_id, kind, currency, amount, at_ms, sku_id, units, unit_price,
    execution_ms, notes, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens)
"""

_MOVE = """
UPDATE account SET usd = account.usd + moved.usd, diem = account.diem + moved.diem
FROM moved WHERE account.id = moved.id
"""

_CLOSE = "DELETE FROM open_call WHERE call_id = ?"

_SUM_UP = """
INSERT INTO key_epoch (key_id, epoch, usd, diem) SELECT * FROM spent WHERE true
ON CONFLICT (key_id, epoch) DO UPDATE SET usd = usd + excluded.usd, diem = diem + excluded.diem
"""

_COUNT = """
INSERT INTO character_use (slug, uses) VALUES (?, ?)
ON CONFLICT (slug) DO UPDATE SET uses = uses + excluded.uses
"""

_TOUCH = "UPDATE key SET used_ms = max(ifnull(used_ms, 0), ?) WHERE public_id = ?"


@dataclass(slots=True)
class Batch:
    """Changes that are committed together."""

    entries: list[Entry] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Open calls that have ended."""
    notes: dict[str, OpenCall] = field(default_factory=dict)
    """Progress of open calls, by their ids."""
    used: dict[str, float] = field(default_factory=dict)
    """Key id -> Unix seconds of its last use."""
    counts: Counter[str] = field(default_factory=Counter)
    """Slug of a character -> chats that it answered since the last batch."""
    ends: list[JobEnd] = field(default_factory=list)
    """Jobs that end with these entries."""

    def __bool__(self) -> bool:
        changes = self.entries or self.closed or self.notes or self.used or self.counts
        return bool(changes or self.ends)


def apply(connection: sqlite3.Connection, first_id: int, batch: Batch, id_cache: IdCache) -> None:
    """Commit a batch, its entries under ids from `first_id` on.

    Raises:
        sqlite3.Error, JobNotHeldError: nothing of it was committed.
    """
    # Before the transaction: cached numbers must stay valid if it is rolled back.
    rows = _rows(first_id, batch.entries, id_cache)
    with changing(connection):
        _put(connection, batch, *rows)


def put(connection: sqlite3.Connection, first_id: int, batch: Batch, id_cache: IdCache) -> None:
    """Write a batch as `apply` does, within the caller's transaction; `id_cache` must not outlive it."""
    _put(connection, batch, *_rows(first_id, batch.entries, id_cache))


def _put(
    connection: sqlite3.Connection, batch: Batch, rows: Rows, moved: Rows, spent: Rows
) -> None:
    _note(connection, batch)
    for one in batch.ends:
        end(connection, one)
    _execute(connection, _insert_entries, rows)
    _execute(connection, _move, moved)
    _execute(connection, _sum_up, spent)


@contextmanager
def changing(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction, rolled back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _note(connection: sqlite3.Connection, batch: Batch) -> None:
    if batch.notes:
        connection.executemany(_RECORD_PROGRESS, map(open_call_row, batch.notes.values()))
    if batch.closed:
        connection.executemany(_CLOSE, [(id_bytes(call_id),) for call_id in batch.closed])
    if batch.used:
        uses = [(milliseconds(at), id_bytes(key_id)) for key_id, at in batch.used.items()]
        connection.executemany(_TOUCH, uses)
    if batch.counts:
        connection.executemany(_COUNT, batch.counts.items())


def _rows(first_id: int, entries: Sequence[Entry], id_cache: IdCache) -> tuple[Rows, Rows, Rows]:
    """Return the entries' rows, the changes of balances, and the charges by key and epoch.

    One pass for all three: this is half of the writer's Python time for a call.
    """
    rows: list[Sequence[Column]] = []
    moved: dict[int, list[int]] = {}
    spent: dict[tuple[int, int], list[int]] = {}
    entry_id = first_id
    for entry in entries:
        key, amount, in_diem = id_cache.key(entry.key_id), entry.amount, entry.currency is _DIEM
        rows.append(entry_row(entry_id, entry, id_cache.sku(entry.sku), key))
        entry_id += 1
        _sums(moved, entry.account_id)[in_diem] += amount
        _sums(moved, entry.counterpart_id)[in_diem] -= amount
        if key is not None and entry.kind is _CHARGE:
            epoch = epoch_of(entry.at) if entry.epoch is None else entry.epoch
            _sums(spent, (key, epoch))[in_diem] -= amount
    return (
        rows,
        [(account, *sums) for account, sums in moved.items()],
        [(*key_epoch, *sums) for key_epoch, sums in spent.items()],
    )


def _sums(of: dict[KeyT, list[int]], key: KeyT) -> list[int]:
    """Return the nano-USD and nano-DIEM at a key, starting at zero."""
    sums = of.get(key)
    if sums is None:
        sums = of[key] = [0, 0]
    return sums


def _execute(
    connection: sqlite3.Connection, sql: Callable[[int], str], rows: Sequence[Sequence[Column]]
) -> None:
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        connection.execute(sql(len(some)), list(chain.from_iterable(some)))


@lru_cache(maxsize=_ROWS)
def _insert_entries(count: int) -> str:
    one = "(" + ", ".join("?" * 17) + ")"
    return f"{_ENTER} VALUES {', '.join([one] * count)}"


@lru_cache(maxsize=_ROWS)
def _move(count: int) -> str:
    values = ", ".join(["(?, ?, ?)"] * count)
    return f"WITH moved (id, usd, diem) AS (VALUES {values}) {_MOVE}"


@lru_cache(maxsize=_ROWS)
def _sum_up(count: int) -> str:
    values = ", ".join(["(?, ?, ?, ?)"] * count)
    return f"WITH spent (key_id, epoch, usd, diem) AS (VALUES {values}) {_SUM_UP}"
