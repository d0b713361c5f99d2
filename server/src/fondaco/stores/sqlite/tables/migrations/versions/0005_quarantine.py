"""Writes that can never succeed, and when an operator said that the clock is right.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("call_id", sa.LargeBinary),
        sa.Column("account_id", sa.Integer),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("kind IN ('write', 'open_call')", name="kind"),
        sa.CheckConstraint("outcome IN ('entered', 'reopened', 'discarded')", name="outcome"),
        sqlite_strict=True,
    )
    op.create_index("uq_quarantine_kind_call_id", "quarantine", ["kind", "call_id"], unique=True)
    op.create_table(
        "clock_confirmation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("last_entry", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
