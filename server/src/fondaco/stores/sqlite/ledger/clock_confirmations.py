"""Clock confirmations by the operator, and the latest times in the ledger."""

import sqlite3
from dataclasses import dataclass

from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.ledger import epoch_reference
from fondaco.stores.sqlite.tables.rows import LAST_EPOCH, id_bytes, milliseconds

_CONFIRMED = "SELECT at_ms, last_entry FROM clock_confirmation ORDER BY id DESC LIMIT 1"
_LAST = """
SELECT max(at_ms) FROM (SELECT at_ms FROM entry WHERE id > ? ORDER BY id DESC LIMIT 1000)
"""
_UNTIL = "SELECT max(at_ms) FROM entry WHERE id > ? AND at_ms <= ?"
_REFILLED = "SELECT 1 FROM entry WHERE call_id BETWEEN ? AND ? LIMIT 1"
_AFTER = "SELECT count(*) FROM entry WHERE at_ms >= ?"
_CONFIRM = (
    "INSERT INTO clock_confirmation (at_ms, last_entry) SELECT ?, ifnull(max(id), 0) FROM entry"
)


def latest(connection: sqlite3.Connection, until: float | None) -> float | None:
    """Return when the latest of the last entries was made, or the latest up to a time."""
    confirmation: tuple[int, int] | None = connection.execute(_CONFIRMED).fetchone()
    confirmed_ms, first = confirmation or (None, 0)
    if until is None:
        (at_ms,) = connection.execute(_LAST, (first,)).fetchone()
    else:
        (at_ms,) = connection.execute(_UNTIL, (first, milliseconds(until))).fetchone()
    times = [ms for ms in (at_ms, confirmed_ms) if ms is not None]
    return max(times) / 1000 if times else None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Entries dated in the future."""

    last_entry: float | None
    """Time of the latest of the last entries, in Unix seconds."""
    accounts: tuple[str, ...]
    """Names of accounts that were refilled for a day after tomorrow."""
    entries: int
    """Number of entries dated after tomorrow."""


def ahead(connection: sqlite3.Connection, now: float) -> Ahead:
    """Return the entries dated after the day that follows `now`."""
    tomorrow = epoch_of(now) + 1
    names = []
    for account_id, name in connection.execute("SELECT id, name FROM account ORDER BY name"):
        first, last = (id_bytes(epoch_reference(account_id, e)) for e in (tomorrow + 1, LAST_EPOCH))
        if connection.execute(_REFILLED, (first, last)).fetchone() is not None:
            names.append(name)
    (entries,) = connection.execute(_AFTER, (milliseconds(begins(tomorrow + 1)),)).fetchone()
    return Ahead(latest(connection, None), tuple(names), entries)


def confirm(connection: sqlite3.Connection, at: float) -> None:
    """Record that the clock is right; entries up to now no longer count against it."""
    connection.execute(_CONFIRM, (milliseconds(at),))
