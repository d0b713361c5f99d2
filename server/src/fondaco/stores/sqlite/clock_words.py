"""Words of an operator that the clock is right, and what the ledger's own entries say of the time."""

import sqlite3

from fondaco.stores.sqlite.rows import milliseconds

_WORD = "SELECT at_ms, last_entry FROM clock_word ORDER BY id DESC LIMIT 1"
_LAST = """
SELECT max(at_ms) FROM (SELECT at_ms FROM entry WHERE id > ? ORDER BY id DESC LIMIT 1000)
"""
_UNTIL = "SELECT max(at_ms) FROM entry WHERE id > ? AND at_ms <= ?"
_SAY = "INSERT INTO clock_word (at_ms, last_entry) SELECT ?, ifnull(max(id), 0) FROM entry"


def latest(connection: sqlite3.Connection, until: float | None) -> float | None:
    """Return when the latest of the last entries was made, or the latest up to a time."""
    word: tuple[int, int] | None = connection.execute(_WORD).fetchone()
    said_ms, first = word or (None, 0)
    if until is None:
        (at_ms,) = connection.execute(_LAST, (first,)).fetchone()
    else:
        (at_ms,) = connection.execute(_UNTIL, (first, milliseconds(until))).fetchone()
    known = [ms for ms in (at_ms, said_ms) if ms is not None]
    return max(known) / 1000 if known else None


def say(connection: sqlite3.Connection, at: float) -> None:
    """Keep that the clock is right at a time, whatever entries up to now say."""
    connection.execute(_SAY, (milliseconds(at),))
