"""Number of uses of each character.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "character_use",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("slug"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
