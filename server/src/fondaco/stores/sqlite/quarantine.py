"""The quarantine: writes that can never succeed, kept for the operator with why and since when."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fondaco.domain.ledger import Entry, OpenCall, Unwritable
from fondaco.stores import particulars
from fondaco.stores.sqlite.rows import id_bytes

_PUT = """
INSERT INTO quarantine (kind, reason, at_ms, call_id, account_id, particulars)
VALUES (?, ?, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), ?, ?, ?)
ON CONFLICT (kind, call_id) DO UPDATE SET
    reason = excluded.reason, at_ms = excluded.at_ms, particulars = excluded.particulars,
    tries = tries + 1, outcome = NULL
"""
_CLOSE = "DELETE FROM open_call WHERE call_id = ?"
_WAITING = "SELECT count(*) FROM quarantine WHERE outcome IS NULL"
_LIST = """
SELECT id, kind, reason, at_ms, tries, lower(hex(call_id)),
       (SELECT name FROM account WHERE account.id = account_id), particulars
FROM quarantine WHERE outcome IS NULL ORDER BY id
"""
_END = "UPDATE quarantine SET outcome = ? WHERE id = ? AND outcome IS NULL"

_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class PutAside:
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
    particulars: str
    """What was to be written, as JSON."""


def put_write(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    closes: str | None,
    why: Unwritable,
) -> None:
    """Keep a write and forget the open call that it closes, within the caller's transaction."""
    call_id = closes
    account_id: object = None
    for entry in entries:
        call_id = call_id or entry.call_id
        account_id = entry.account_id
    kept = particulars.of_write(entries, closes)
    _put(connection, "write", why, call_id=call_id, account_id=account_id, kept=kept)
    if (known := _known_id(closes)) is not None:
        connection.execute(_CLOSE, (known,))


def put_call(connection: sqlite3.Connection, call: OpenCall, why: Unwritable) -> None:
    """Move an open call here, within the caller's transaction."""
    kept = particulars.of_call(call)
    _put(connection, "open_call", why, call_id=call.call_id, account_id=call.account_id, kept=kept)
    if (known := _known_id(call.call_id)) is not None:
        connection.execute(_CLOSE, (known,))


def waiting(connection: sqlite3.Connection) -> int:
    """Return how many writes wait for the operator."""
    (count,) = connection.execute(_WAITING).fetchone()
    return int(count)


def listed(connection: sqlite3.Connection) -> list[PutAside]:
    """Return what waits for the operator, oldest first."""
    return [
        PutAside(id_, kind, Unwritable(reason), at_ms / 1000, tries, call_id or None, account, told)
        for id_, kind, reason, at_ms, tries, call_id, account, told in connection.execute(_LIST)
    ]


def end(connection: sqlite3.Connection, id_: int, outcome: str) -> bool:
    """Note what became of a write (`entered`, `reopened`, `discarded`); return whether it waited."""
    return connection.execute(_END, (outcome, id_)).rowcount == 1


def _put(
    connection: sqlite3.Connection,
    kind: str,
    why: Unwritable,
    *,
    call_id: object,
    account_id: object,
    kept: str,
) -> None:
    known_account = account_id if type(account_id) is int and abs(account_id) < _INT64 else None
    row = (kind, why.value, _known_id(call_id), known_account, kept)
    connection.execute(_PUT, row)


def _known_id(id_: object) -> bytes | None:
    if isinstance(id_, str):
        with suppress(ValueError):
            known = id_bytes(id_)
            return known if len(known) == 16 else None  # noqa: PLR2004 - 128 bits
    return None
