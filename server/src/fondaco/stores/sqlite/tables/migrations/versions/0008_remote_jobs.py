"""A column of jobs for where an engine elsewhere makes them.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("job", sa.Column("remote", sa.LargeBinary))
