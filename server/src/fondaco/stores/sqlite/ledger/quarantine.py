"""The quarantine: writes that can never succeed, stored for the operator with reason and time."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fondaco.domain.money.ledger import Entry, OpenCall, Unwritable
from fondaco.stores import write_details
from fondaco.stores.errors import StillUnwritableError, UnknownNameError
from fondaco.stores.sqlite.ledger import faults
from fondaco.stores.sqlite.ledger.batch import Batch, put
from fondaco.stores.sqlite.tables.id_cache import IdCache
from fondaco.stores.sqlite.tables.rows import id_bytes

_PUT = """
INSERT INTO quarantine (kind, reason, at_ms, call_id, account_id, details)
VALUES (?, ?, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), ?, ?, ?)
ON CONFLICT (kind, call_id) DO UPDATE SET
    reason = excluded.reason, at_ms = excluded.at_ms, details = excluded.details,
    tries = tries + 1, outcome = NULL
"""
_CLOSE = "DELETE FROM open_call WHERE call_id = ?"
WAITING = "SELECT count(*) FROM quarantine WHERE outcome IS NULL"
"""Count of the writes that wait for the operator."""
_LIST = """
SELECT id, kind, reason, at_ms, tries, lower(hex(call_id)),
       (SELECT name FROM account WHERE account.id = account_id), details
FROM quarantine WHERE outcome IS NULL ORDER BY id
"""
_END = "UPDATE quarantine SET outcome = ? WHERE id = ? AND outcome IS NULL"

_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class QuarantinedWrite:
    """One write in the quarantine."""

    id: int
    kind: str
    """`write`: entries. `open_call`: a call that a crash left open."""
    reason: Unwritable
    at: float
    """Unix seconds of the last try."""
    tries: int
    call_id: str | None
    account: str | None
    """Its name."""
    details: str
    """The write, as JSON."""


def put_write(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    closes: str | None,
    why: Unwritable,
) -> None:
    """Store a write and delete the open call that it closes, within the caller's transaction."""
    call_id = closes
    account_id: object = None
    for entry in entries:
        call_id = call_id or entry.call_id
        account_id = entry.account_id
    details = write_details.of_write(entries, closes)
    _put(connection, "write", why, call_id=call_id, account_id=account_id, details=details)
    if (closed := _valid_id(closes)) is not None:
        connection.execute(_CLOSE, (closed,))


def put_call(connection: sqlite3.Connection, call: OpenCall, why: Unwritable) -> None:
    """Move an open call to the quarantine, within the caller's transaction."""
    details = write_details.of_call(call)
    _put(
        connection,
        "open_call",
        why,
        call_id=call.call_id,
        account_id=call.account_id,
        details=details,
    )
    if (closed := _valid_id(call.call_id)) is not None:
        connection.execute(_CLOSE, (closed,))


def waiting(connection: sqlite3.Connection) -> int:
    """Return how many writes wait for the operator."""
    (count,) = connection.execute(WAITING).fetchone()
    return int(count)


def waiting_writes(connection: sqlite3.Connection) -> list[QuarantinedWrite]:
    """Return the writes that wait for the operator, oldest first."""
    return [
        QuarantinedWrite(
            id_, kind, Unwritable(reason), at_ms / 1000, tries, call_id or None, account, details
        )
        for id_, kind, reason, at_ms, tries, call_id, account, details in connection.execute(_LIST)
    ]


def discard(connection: sqlite3.Connection, id_: int) -> None:
    """Mark a write as discarded, within the caller's transaction; its row stays.

    Raises:
        UnknownNameError: no waiting write has this id.
    """
    _end(connection, id_, "discarded")


def retry(connection: sqlite3.Connection, id_: int) -> None:
    """Retry a write, within the caller's transaction.

    An open call is put back, for the next start to settle.

    Raises:
        UnknownNameError: no waiting write has this id.
        StillUnwritableError: it still cannot be written; nothing was changed.
    """
    for write in waiting_writes(connection):
        if write.id == id_:
            break
    else:
        raise _unknown(id_)
    try:
        _write_again(connection, write)
    except Exception as error:
        if faults.transient_reason(error) is not None:
            raise
        if faults.is_duplicate_entry(error):
            raise StillUnwritableError(
                "The ledger has entries of this call already. Discard this write."
            ) from error
        incomplete = isinstance(error, write_details.IncompleteDetailsError)
        why = (
            str(error) if incomplete else f"It still cannot be written: {faults.unwritable(error)}."
        )
        raise StillUnwritableError(why) from error
    _end(connection, id_, "entered" if write.kind == "write" else "reopened")


def _write_again(connection: sqlite3.Connection, write: QuarantinedWrite) -> None:
    (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
    if write.kind == "write":
        entries, _ = write_details.write_of(write.details)
        batch = Batch(entries=entries)
    else:
        call = write_details.call_of(write.details)
        batch = Batch(notes={call.call_id: call})
    put(connection, last + 1, batch, IdCache(connection))


def _end(connection: sqlite3.Connection, id_: int, outcome: str) -> None:
    if connection.execute(_END, (outcome, id_)).rowcount != 1:
        raise _unknown(id_)


def _unknown(id_: int) -> UnknownNameError:
    return UnknownNameError(
        f"There is no write {id_} in the quarantine. List them with: fondaco ledger quarantine list"
    )


def _put(
    connection: sqlite3.Connection,
    kind: str,
    why: Unwritable,
    *,
    call_id: object,
    account_id: object,
    details: str,
) -> None:
    known_account = account_id if type(account_id) is int and abs(account_id) < _INT64 else None
    row = (kind, why.value, _valid_id(call_id), known_account, details)
    connection.execute(_PUT, row)


def _valid_id(id_: object) -> bytes | None:
    if isinstance(id_, str):
        with suppress(ValueError):
            raw = id_bytes(id_)
            return raw if len(raw) == 16 else None  # noqa: PLR2004 - 128 bits
    return None
