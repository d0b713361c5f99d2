"""Sessions of people and commands, and the login tokens that begin one.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("opened_ms", sa.Integer, nullable=False),
        sa.Column("used_ms", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.CheckConstraint("length(digest) = 32", name="lengths"),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_session_key_id_used_ms", "session", ["key_id", "used_ms"])
    op.create_table(
        "login",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("expires_ms", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.CheckConstraint("length(digest) = 32", name="lengths"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
