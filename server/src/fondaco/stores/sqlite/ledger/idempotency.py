"""Claims: which call runs under an `Idempotency-Key`. All that is kept of key and body is a keyed hash."""

import sqlite3

from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.stores.sqlite.tables.rows import id_bytes, milliseconds

_ENTER = """
INSERT INTO claim (account_id, key_digest, body_digest, call_id, at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

_STANDING = "SELECT body_digest, call_id, at_ms FROM claim WHERE account_id = ? AND key_digest = ?"

_RELEASE = "DELETE FROM claim WHERE account_id = ? AND key_digest = ? AND call_id = ?"

_UNCHARGED = """
DELETE FROM claim
WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.call_id = claim.call_id AND kind = 1)
"""


def claim(connection: sqlite3.Connection, wanted: IdempotencyRecord) -> IdempotencyRecord:
    """Enter a claim unless there is one; return the one that stands."""
    idempotency_key = wanted.idempotency_key
    row = (
        wanted.account_id,
        idempotency_key.key_digest,
        idempotency_key.body_digest,
        id_bytes(wanted.call_id),
        milliseconds(wanted.at),
    )
    connection.execute(_ENTER, row)
    body_digest, call_id, at_ms = connection.execute(_STANDING, row[:2]).fetchone()
    return IdempotencyRecord(
        wanted.account_id,
        IdempotencyKey(idempotency_key.key_digest, body_digest),
        call_id.hex(),
        at_ms / 1000,
    )


def release(connection: sqlite3.Connection, held: IdempotencyRecord) -> None:
    """Forget a claim, unless another call holds it by now."""
    connection.execute(
        _RELEASE, (held.account_id, held.idempotency_key.key_digest, id_bytes(held.call_id))
    )


def forget(connection: sqlite3.Connection, before: float, *, uncharged: bool) -> None:
    """Forget claims from before a time, and all without a charge where that is wanted."""
    connection.execute("DELETE FROM claim WHERE at_ms < ?", (milliseconds(before),))
    if uncharged:
        connection.execute(_UNCHARGED)
