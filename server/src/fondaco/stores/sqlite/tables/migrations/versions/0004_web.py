"""Web retrieval of open calls: pages and searches.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    none = sa.text("0")
    op.add_column(
        "open_call", sa.Column("searches", sa.Integer, nullable=False, server_default=none)
    )
    op.add_column(
        "open_call", sa.Column("scrapes", sa.Integer, nullable=False, server_default=none)
    )
