"""The tables: money and times are whole numbers, ids are small integers, call ids 16 bytes.

Times are Unix milliseconds, money nano-units. `entry` is append-only, and `account` carries the sums
of its entries, the ledger's own accounts included, so all balances add up to zero.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_ZERO = text("0")

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("tier", Text, nullable=False),
    Column("usd", Integer, nullable=False, server_default=_ZERO),
    Column("diem", Integer, nullable=False, server_default=_ZERO),
    Column("diem_allocation", Integer, nullable=False, server_default=_ZERO),
    Column("created_ms", Integer, nullable=False),
    Column("disabled_ms", Integer),
    Column("wallet", LargeBinary),
    CheckConstraint("id <= 3 OR (usd >= 0 AND diem >= 0)", name="solvent"),
    CheckConstraint("diem_allocation >= 0", name="allocation"),
    Index("uq_account_wallet", "wallet", unique=True),
    sqlite_strict=True,
)

key = Table(
    "key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("public_id", LargeBinary, nullable=False, unique=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("last6", Text, nullable=False),
    Column("created_ms", Integer, nullable=False),
    Column("expires_ms", Integer),
    Column("revoked_ms", Integer),
    Column("used_ms", Integer),
    Column("limit_usd", Integer),
    Column("limit_diem", Integer),
    Column("limit_vcu", Integer),
    CheckConstraint("length(public_id) = 16 AND length(digest) = 32", name="lengths"),
    CheckConstraint("type IN ('ADMIN', 'INFERENCE')", name="type"),
    CheckConstraint("limit_usd >= 0 AND limit_diem >= 0 AND limit_vcu >= 0", name="limits"),
    sqlite_strict=True,
)

sku = Table(
    "sku",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    sqlite_strict=True,
)

entry = Table(
    "entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("call_id", LargeBinary),
    Column("key_id", Integer, ForeignKey("key.id")),
    Column("sku_id", Integer, ForeignKey("sku.id"), nullable=False),
    Column("units", Integer, nullable=False),
    Column("unit_price", Integer, nullable=False),
    Column("input_tokens", Integer),
    Column("cached_input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("reasoning_tokens", Integer),
    Column("execution_ms", Integer, nullable=False),
    Column("notes", Text, nullable=False),
    CheckConstraint("length(call_id) = 16", name="call_id"),
    CheckConstraint(
        "CASE kind WHEN 1 THEN amount <= 0 WHEN 2 THEN amount > 0 WHEN 3 THEN amount >= 0 "
        "WHEN 4 THEN amount < 0 ELSE kind = 5 END",
        name="sign",
    ),
    CheckConstraint("currency IN (1, 2)", name="currency"),
    CheckConstraint("units >= 0 AND unit_price >= 0", name="units"),
    Index("uq_entry_call_id_sku_id_currency", "call_id", "sku_id", "currency", unique=True),
    Index(
        "ix_entry_charge",
        "account_id",
        "at_ms",
        "currency",
        "kind",  # makes the index covering: SQLite checks `kind` although the index is partial
        sqlite_where=text("kind = 1"),
    ),
    sqlite_strict=True,
)

key_epoch = Table(
    "key_epoch",
    metadata,
    Column("key_id", Integer, ForeignKey("key.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("usd", Integer, nullable=False),
    Column("diem", Integer, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Charges of a key by the epoch in which the calls were admitted: sums of entries."""

idempotency_record = Table(
    "idempotency_record",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True),
    Column("key_digest", LargeBinary, primary_key=True),
    Column("body_digest", LargeBinary, nullable=False),
    Column("call_id", LargeBinary, nullable=False),
    Column("at_ms", Integer, nullable=False),
    CheckConstraint(
        "length(key_digest) = 32 AND length(body_digest) = 32 AND length(call_id) = 16",
        name="lengths",
    ),
    Index("ix_idempotency_record_at_ms", "at_ms"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""The call that runs under each `Idempotency-Key`; key and body are stored as keyed hashes only."""

open_call = Table(
    "open_call",
    metadata,
    Column("call_id", LargeBinary, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("model", Text, nullable=False),
    Column("opened_ms", Integer, nullable=False),
    Column("held_usd", Integer, nullable=False),
    Column("held_diem", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("cached_input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("searches", Integer, nullable=False, server_default=_ZERO),
    Column("scrapes", Integer, nullable=False, server_default=_ZERO),
    Column("accepted_prediction_tokens", Integer, nullable=False, server_default=_ZERO),
    Column("rejected_prediction_tokens", Integer, nullable=False, server_default=_ZERO),
    Column("characters", Integer, nullable=False, server_default=_ZERO),
    Column("images", Integer, nullable=False, server_default=_ZERO),
    Column("upscales_2x", Integer, nullable=False, server_default=_ZERO),
    Column("upscales_4x", Integer, nullable=False, server_default=_ZERO),
    Column("edits", Integer, nullable=False, server_default=_ZERO),
    Column("seconds", Integer, nullable=False, server_default=_ZERO),
    CheckConstraint("length(call_id) = 16", name="call_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Calls under way: hold and usage as last recorded, with a column for every unit of `Usage`."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("1")),
    Column("call_id", LargeBinary),
    Column("account_id", Integer),
    Column("details", Text, nullable=False),
    Column("outcome", Text),
    CheckConstraint("kind IN ('write', 'open_call')", name="kind"),
    CheckConstraint("outcome IN ('entered', 'reopened', 'discarded')", name="outcome"),
    Index("uq_quarantine_kind_call_id", "kind", "call_id", unique=True),
    sqlite_strict=True,
)
"""Writes that can never succeed, for the operator; it refers to nothing, so that it takes anything."""

clock_confirmation = Table(
    "clock_confirmation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at_ms", Integer, nullable=False),
    Column("last_entry", Integer, nullable=False),
    sqlite_strict=True,
)
"""Operator's confirmations of the clock: entries up to `last_entry` no longer count against it."""

character_use = Table(
    "character_use",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("uses", Integer, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Number of chats that each character answered, without accounts."""

job = Table(
    "job",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("model", Text, nullable=False),
    Column("held_usd", Integer, nullable=False),
    Column("held_diem", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("charge", Text, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("made_ms", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("lease_ms", Integer),
    Column("started_ms", Integer),
    Column("ended_ms", Integer),
    Column("progress", Integer, nullable=False),
    Column("execution_ms", Integer, nullable=False),
    Column("failure", Text),
    Column("remote", LargeBinary),
    CheckConstraint(
        "length(id) = 16 AND length(digest) = 32 AND length(public_key) = 32 AND length(key_id) = 16",
        name="lengths",
    ),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
    CheckConstraint("(state IN ('done', 'failed')) = (ended_ms IS NOT NULL)", name="ended"),
    CheckConstraint("(state = 'running') = (lease_ms IS NOT NULL)", name="leased"),
    CheckConstraint("held_usd >= 0 AND held_diem >= 0", name="held"),
    CheckConstraint("progress BETWEEN 0 AND 1000", name="progress"),
    Index("ix_job_state", "state", "account_id", "made_ms"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Jobs with what they hold; the secret by which a caller asks for one is stored as a keyed hash only, and what
engines elsewhere call theirs encrypted."""

job_media = Table(
    "job_media",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", LargeBinary, ForeignKey("job.id"), nullable=False),
    Column("part", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    CheckConstraint("part IN ('request', 'result')", name="part"),
    Index("uq_job_media_job_id_part", "job_id", "part", unique=True),
    sqlite_strict=True,
)
"""Request of a job until it is done, then its result; both encrypted. A table of its own, as
SQLite writes whole rows, and those of jobs change with every heartbeat."""

job_average = Table(
    "job_average",
    metadata,
    Column("model", Text, primary_key=True),
    Column("jobs", Integer, nullable=False),
    Column("average_ms", Integer, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Average time of the last jobs of each model, without accounts."""

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("key_id", Integer, ForeignKey("key.id"), nullable=False),
    Column("opened_ms", Integer, nullable=False),
    Column("used_ms", Integer, nullable=False),
    CheckConstraint("length(digest) = 32", name="lengths"),
    Index("ix_session_key_id_used_ms", "key_id", "used_ms"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Sessions of people and commands, by the keyed hash of their token, so that any server on the database knows
them."""

login = Table(
    "login",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("expires_ms", Integer, nullable=False),
    CheckConstraint("length(digest) = 32", name="lengths"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Login tokens that nobody has used yet, likewise."""

APPEND_ONLY = tuple(
    f"CREATE TRIGGER entry_{act} BEFORE {act} ON entry "
    "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END"
    for act in ("UPDATE", "DELETE")
)
"""A wrong entry is corrected by another entry."""


@event.listens_for(entry, "after_create")
def _forbid_changes(_: Table, connection: Connection, **__: object) -> None:
    for trigger in APPEND_ONLY:
        connection.exec_driver_sql(trigger)
