"""The end of a job, within the transaction that enters its charge."""

import sqlite3

from fondaco.domain.jobs import JobEnd, JobState
from fondaco.stores.sqlite.tables.rows import id_bytes, milliseconds

_END = """
UPDATE job SET state = ?, lease_ms = NULL, remote = NULL, ended_ms = ?, execution_ms = ?, failure = ?, progress = ?
WHERE id = ? AND state = 'running' AND lease = ? RETURNING model
"""
_DELETE_REQUEST = "DELETE FROM job_media WHERE job_id = ? AND part = 'request'"
_INSERT_RESULT = "INSERT INTO job_media (job_id, part, sealed) VALUES (?, 'result', ?)"
_RELEASE_IDEMPOTENCY_KEY = "DELETE FROM idempotency_record WHERE call_id = ?"
_LAST_JOBS = 20
_AVERAGE = f"""
INSERT INTO job_average (model, jobs, average_ms) VALUES (?, 1, ?)
ON CONFLICT (model) DO UPDATE SET
    jobs = jobs + 1,
    average_ms = average_ms + (excluded.average_ms - average_ms) / min(jobs + 1, {_LAST_JOBS})
"""  # noqa: S608 - a constant
"""A running average in which the last jobs count most: no row of a job has to be kept for it."""
WHOLE = 1_000
"""The progress of a job that is done, as it is stored."""


class JobNotHeldError(Exception):
    """The job has ended already, or is leased anew."""


def end(connection: sqlite3.Connection, ending: JobEnd) -> None:
    """End a job, within the caller's transaction: its request goes, its result comes.

    Raises:
        JobNotHeldError: another lease has taken its place, or it has ended.
    """
    job_id, succeeded = id_bytes(ending.job_id), ending.failure is None
    state = JobState.DONE if succeeded else JobState.FAILED
    row = connection.execute(
        _END,
        (
            state.value,
            milliseconds(ending.ended_at),
            ending.execution_ms,
            None if ending.failure is None else ending.failure.value,
            WHOLE if succeeded else 0,
            job_id,
            ending.lease,
        ),
    ).fetchone()
    if row is None:
        raise JobNotHeldError
    connection.execute(_DELETE_REQUEST, (job_id,))
    if succeeded:
        connection.execute(_INSERT_RESULT, (job_id, ending.result))
        connection.execute(_AVERAGE, (row[0], ending.execution_ms))
    else:
        connection.execute(_RELEASE_IDEMPOTENCY_KEY, (job_id,))
