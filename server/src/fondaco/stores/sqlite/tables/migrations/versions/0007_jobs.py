"""Jobs that outlive their call, with their holds, sealed content, and durations.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("key_id", sa.LargeBinary, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("held_usd", sa.Integer, nullable=False),
        sa.Column("held_diem", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("charge", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("made_ms", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("lease_ms", sa.Integer),
        sa.Column("started_ms", sa.Integer),
        sa.Column("ended_ms", sa.Integer),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("execution_ms", sa.Integer, nullable=False),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "length(id) = 16 AND length(digest) = 32 AND length(public_key) = 32 AND length(key_id) = 16",
            name="lengths",
        ),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state IN ('done', 'failed')) = (ended_ms IS NOT NULL)", name="ended"),
        sa.CheckConstraint("(state = 'running') = (lease_ms IS NOT NULL)", name="leased"),
        sa.CheckConstraint("held_usd >= 0 AND held_diem >= 0", name="held"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1000", name="progress"),
        sa.UniqueConstraint("digest"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_job_state", "job", ["state", "account_id", "made_ms"])
    op.create_table(
        "job_media",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job_id", sa.LargeBinary, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("part IN ('request', 'result')", name="part"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"]),
        sqlite_strict=True,
    )
    op.create_index("uq_job_media_job_id_part", "job_media", ["job_id", "part"], unique=True)
    op.create_table(
        "job_average",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("average_ms", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("model"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
