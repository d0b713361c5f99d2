"""A batch: everything that the writer commits at once, in as few SQL statements as can be.

Python's sqlite3 gives the interpreter lock away on every statement and has to win it back from a busy
event loop, so all rows of a batch travel in one INSERT and all balances in one UPDATE.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain

from fondaco.domain.ledger import Entry, OpenCall
from fondaco.stores.sqlite.numbers import Numbers
from fondaco.stores.sqlite.rows import Column, entry_row, id_bytes, movements, open_call_row

_ROWS = 128
"""Most rows of one statement: its text is kept prepared for each number up to this."""

_NOTE = """
INSERT INTO open_call (
    call_id, account_id, key_id, model, opened_ms, held_usd, held_diem, epoch,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (call_id) DO UPDATE SET
    input_tokens = excluded.input_tokens,
    cached_input_tokens = excluded.cached_input_tokens,
    output_tokens = excluded.output_tokens,
    reasoning_tokens = excluded.reasoning_tokens
"""

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


def apply(  # noqa: PLR0917 - three kinds of content, all of them always there
    connection: sqlite3.Connection,
    first_id: int,
    entries: Sequence[Entry],
    closed: Sequence[str],
    notes: Sequence[OpenCall],
    numbers: Numbers,
) -> None:
    """Commit entries under ids from `first_id` on, notes of open calls, and then their ends.

    Raises:
        sqlite3.Error: nothing of it was committed.
    """
    rows = [
        entry_row(entry_id, entry, numbers.sku(entry.sku), numbers.key(entry.key_id))
        for entry_id, entry in enumerate(entries, first_id)
    ]
    moved = movements(entries)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if notes:
            connection.executemany(_NOTE, map(open_call_row, notes))
        if closed:
            connection.executemany(_CLOSE, [(id_bytes(call_id),) for call_id in closed])
        for start in range(0, len(rows), _ROWS):
            _execute(connection, _insert_entries, rows[start : start + _ROWS])
        for start in range(0, len(moved), _ROWS):
            _execute(connection, _move, moved[start : start + _ROWS])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _execute(
    connection: sqlite3.Connection, sql: Callable[[int], str], rows: Sequence[Sequence[Column]]
) -> None:
    connection.execute(sql(len(rows)), list(chain.from_iterable(rows)))


@lru_cache(maxsize=_ROWS)
def _insert_entries(count: int) -> str:
    one = "(" + ", ".join("?" * 17) + ")"
    return f"{_ENTER} VALUES {', '.join([one] * count)}"


@lru_cache(maxsize=_ROWS)
def _move(count: int) -> str:
    values = ", ".join(["(?, ?, ?)"] * count)
    return f"WITH moved (id, usd, diem) AS (VALUES {values}) {_MOVE}"
