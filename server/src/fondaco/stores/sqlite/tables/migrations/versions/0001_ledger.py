"""Accounts, keys, entries and open calls.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("usd", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("diem", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("diem_allocation", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("disabled_ms", sa.Integer),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id <= 3 OR (usd >= 0 AND diem >= 0)", name="solvent"),
        sa.CheckConstraint("diem_allocation >= 0", name="allocation"),
        sa.UniqueConstraint("name", name="uq_account_name"),
        sqlite_strict=True,
    )
    op.create_table(
        "sku",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name="uq_sku_name"),
        sqlite_strict=True,
    )
    _keys()
    _entries()
    _open_calls()
    op.execute(
        "INSERT INTO account (id, name, tier, created_ms) VALUES "
        "(1, 'system:revenue', 'system', 0), (2, 'system:grants', 'system', 0), "
        "(3, 'system:epochs', 'system', 0)"
    )


def _keys() -> None:
    op.create_table(
        "key",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("public_id", sa.LargeBinary, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("last6", sa.Text, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("expires_ms", sa.Integer),
        sa.Column("revoked_ms", sa.Integer),
        sa.Column("used_ms", sa.Integer),
        sa.Column("limit_usd", sa.Integer),
        sa.Column("limit_diem", sa.Integer),
        sa.Column("limit_vcu", sa.Integer),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("length(public_id) = 16 AND length(digest) = 32", name="lengths"),
        sa.CheckConstraint("type IN ('ADMIN', 'INFERENCE')", name="type"),
        sa.CheckConstraint("limit_usd >= 0 AND limit_diem >= 0 AND limit_vcu >= 0", name="limits"),
        sa.UniqueConstraint("public_id", name="uq_key_public_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.UniqueConstraint("digest", name="uq_key_digest"),
        sqlite_strict=True,
    )
    op.create_index("ix_key_account_id", "key", ["account_id"])


def _entries() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("currency", sa.Integer, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("call_id", sa.LargeBinary),
        sa.Column("key_id", sa.Integer),
        sa.Column("sku_id", sa.Integer, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("unit_price", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("cached_input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("reasoning_tokens", sa.Integer),
        sa.Column("execution_ms", sa.Integer, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("length(call_id) = 16", name="call_id"),
        sa.CheckConstraint(
            "CASE kind WHEN 1 THEN amount <= 0 WHEN 2 THEN amount > 0 WHEN 3 THEN amount >= 0 "
            "WHEN 4 THEN amount < 0 ELSE kind = 5 END",
            name="sign",
        ),
        sa.CheckConstraint("currency IN (1, 2)", name="currency"),
        sa.CheckConstraint("units >= 0 AND unit_price >= 0", name="units"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"]),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"]),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_entry_account_id_at_ms_currency", "entry", ["account_id", "at_ms", "currency"]
    )
    op.create_index(
        "uq_entry_call_id_sku_id_currency", "entry", ["call_id", "sku_id", "currency"], unique=True
    )
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER entry_{act} BEFORE {act} ON entry "
            "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END"
        )


def _open_calls() -> None:
    op.create_table(
        "open_call",
        sa.Column("call_id", sa.LargeBinary, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("key_id", sa.LargeBinary, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("opened_ms", sa.Integer, nullable=False),
        sa.Column("held_usd", sa.Integer, nullable=False),
        sa.Column("held_diem", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.Integer, nullable=False),
        sa.Column("cached_input_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("reasoning_tokens", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
        sa.CheckConstraint("length(call_id) = 16", name="call_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
