"""A column of open calls for every unit of usage, and idempotency records under their name.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_UNITS = (
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "characters",
    "images",
    "upscales_2x",
    "upscales_4x",
    "edits",
    "seconds",
)


def upgrade() -> None:
    for unit in _UNITS:
        column = sa.Column(unit, sa.Integer, nullable=False, server_default=sa.text("0"))
        op.add_column("open_call", column)
    _idempotency_records()


def _idempotency_records() -> None:
    op.create_table(
        "idempotency_record",
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
    op.execute("INSERT INTO idempotency_record SELECT * FROM claim")
    op.drop_table("claim")
    op.create_index("ix_idempotency_record_at_ms", "idempotency_record", ["at_ms"])
