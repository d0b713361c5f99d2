"""Statements on idempotency records; key and body are stored as keyed hashes only."""

import sqlite3

from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.stores.sqlite.tables.rows import id_bytes, milliseconds

_INSERT = """
INSERT INTO idempotency_record (account_id, key_digest, body_digest, call_id, at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

_FIND = "SELECT body_digest, call_id, at_ms FROM idempotency_record WHERE account_id = ? AND key_digest = ?"

_DELETE = "DELETE FROM idempotency_record WHERE account_id = ? AND key_digest = ? AND call_id = ?"

_DELETE_UNCHARGED = """
DELETE FROM idempotency_record
WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.call_id = idempotency_record.call_id AND kind = 1)
    AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = idempotency_record.call_id)
"""


_DELETE_EXPIRED = "DELETE FROM idempotency_record WHERE at_ms < ?"

_CHARGED = "SELECT EXISTS (SELECT 1 FROM entry WHERE call_id = ? AND kind = 1)"


def acquire(connection: sqlite3.Connection, record: IdempotencyRecord) -> IdempotencyRecord:
    """Insert a record unless its key has one; return the key's record."""
    key = record.idempotency_key
    row = (
        record.account_id,
        key.key_digest,
        key.body_digest,
        id_bytes(record.call_id),
        milliseconds(record.at),
    )
    connection.execute(_INSERT, row)
    body_digest, call_id, at_ms = connection.execute(_FIND, row[:2]).fetchone()
    return IdempotencyRecord(
        record.account_id,
        IdempotencyKey(key.key_digest, body_digest),
        call_id.hex(),
        at_ms / 1000,
    )


def release(connection: sqlite3.Connection, record: IdempotencyRecord) -> None:
    """Delete a record, unless its key belongs to another call."""
    key_digest = record.idempotency_key.key_digest
    connection.execute(_DELETE, (record.account_id, key_digest, id_bytes(record.call_id)))


def charged(connection: sqlite3.Connection, record: IdempotencyRecord) -> bool:
    """Whether the record's call has a charge."""
    (exists,) = connection.execute(_CHARGED, (id_bytes(record.call_id),)).fetchone()
    return bool(exists)


def purge(connection: sqlite3.Connection, before: float, *, uncharged: bool) -> None:
    """Delete records from before a time (Unix seconds), and if `uncharged` those without a charge."""
    connection.execute(_DELETE_EXPIRED, (milliseconds(before),))
    if uncharged:
        connection.execute(_DELETE_UNCHARGED)
