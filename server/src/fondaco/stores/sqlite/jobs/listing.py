"""The list of jobs, for operators."""

import sqlite3

from fondaco.domain.jobs import PaidJob
from fondaco.stores.sqlite.jobs.rows import COLUMNS, job_of

_LIST = f"""
SELECT (SELECT name FROM account WHERE account.id = account_id), {", ".join(COLUMNS)}
FROM job ORDER BY made_ms, id
"""  # noqa: S608 - the columns are constants


def listed(connection: sqlite3.Connection) -> list[tuple[str, PaidJob]]:
    """Return all jobs with the names of their accounts, oldest first."""
    return [(str(row[0]), job_of(row[1:])) for row in connection.execute(_LIST)]
