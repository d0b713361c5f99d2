"""Classifies database errors: transient ones, which are retried, and permanent ones."""

import sqlite3
from typing import Final

from fondaco.domain.money.ledger import Unwritable

_TRANSIENT: Final = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "io_error",
    sqlite3.SQLITE_CANTOPEN: "io_error",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_AUTH: "read_only",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_SCHEMA: "damaged",
    sqlite3.SQLITE_ERROR: "damaged",
    sqlite3.SQLITE_NOMEM: "out_of_memory",
    sqlite3.SQLITE_INTERRUPT: "interrupted",
    sqlite3.SQLITE_ABORT: "interrupted",
}
"""By SQLite's primary result code. SQLITE_ERROR of our own statements means a table or column is missing."""

_PERMANENT: Final = {
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
}


def transient_reason(error: Exception) -> str | None:
    """Return a transient error's reason, one of a closed set of words; None if it is permanent."""
    if isinstance(error, MemoryError):
        return "out_of_memory"
    if not isinstance(error, sqlite3.DatabaseError):
        return None
    extended: int | None = getattr(error, "sqlite_errorcode", None)
    if extended is None:  # raised by Python itself, such as for a value of an unsupported type
        return None
    primary = extended & 0xFF
    return None if primary in _PERMANENT else _TRANSIENT.get(primary, "unknown")


def unwritable(error: Exception) -> Unwritable:
    """Return why a write can never succeed."""
    if isinstance(error, sqlite3.IntegrityError):
        return Unwritable.CONSTRAINT
    if isinstance(error, (OverflowError, ValueError, sqlite3.DataError)):
        return Unwritable.OUT_OF_RANGE
    return Unwritable.WRONG_TYPE


def is_duplicate_entry(error: Exception) -> bool:
    """Whether an entry violates the unique index over call, sku and currency."""
    return isinstance(error, sqlite3.IntegrityError) and (
        "UNIQUE constraint failed: entry.call_id" in str(error)
    )
