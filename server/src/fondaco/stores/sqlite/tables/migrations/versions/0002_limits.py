"""Wallets, spending by key and epoch, claims of idempotency keys, an index of charges alone.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("account", sa.Column("wallet", sa.LargeBinary))
    op.create_index("uq_account_wallet", "account", ["wallet"], unique=True)
    op.drop_index("ix_entry_account_id_at_ms_currency", "entry")
    op.create_index(
        "ix_entry_charge",
        "entry",
        ["account_id", "at_ms", "currency", "kind"],
        sqlite_where=sa.text("kind = 1"),
    )
    _key_epochs()
    _claims()


def _key_epochs() -> None:
    op.create_table(
        "key_epoch",
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("usd", sa.Integer, nullable=False),
        sa.Column("diem", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key_id", "epoch"),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO key_epoch (key_id, epoch, usd, diem) "
        "SELECT key_id, at_ms / 86400000, "
        "sum(CASE currency WHEN 1 THEN -amount ELSE 0 END), "
        "sum(CASE currency WHEN 2 THEN -amount ELSE 0 END) "
        "FROM entry WHERE kind = 1 AND key_id IS NOT NULL GROUP BY 1, 2"
    )


def _claims() -> None:
    op.create_table(
        "claim",
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("key_digest", sa.LargeBinary, nullable=False),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("call_id", sa.LargeBinary, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key_digest"),
        sa.CheckConstraint(
            "length(key_digest) = 32 AND length(body_digest) = 32 AND length(call_id) = 16",
            name="lengths",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claim_at_ms", "claim", ["at_ms"])
