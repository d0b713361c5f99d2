"""The store of jobs: statements that the ledger's writer runs, in order with the ledger's own."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from fondaco.domain.jobs import JobState, PaidJob, QueueLimits, Renewal
from fondaco.domain.money.money import Funds
from fondaco.ports import ClaimedJob, JobReport, QueueResult
from fondaco.stores.sqlite.jobs.rows import COLUMNS, JobRow, job_of, job_row
from fondaco.stores.sqlite.ledger.commands import Begin
from fondaco.stores.sqlite.ledger.job_endings import WHOLE
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.rows import id_bytes, milliseconds

_ALL: Final = ", ".join(COLUMNS)
_UNFINISHED: Final = "state IN ('queued', 'running')"
_COUNT = f"""
SELECT count(*), count(*) FILTER (WHERE account_id = ?) FROM job WHERE {_UNFINISHED}
"""  # noqa: S608 - the columns are constants, here and below
_INSERT = f"INSERT INTO job ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_INSERT_REQUEST = "INSERT INTO job_media (job_id, part, sealed) VALUES (?, 'request', ?)"
_CLOSE = "DELETE FROM open_call WHERE call_id = ?"
_CLAIM = f"""
UPDATE job SET state = 'running', attempts = attempts + 1, lease = lease + 1, lease_ms = ?, started_ms = ?,
    progress = 0
WHERE id = (
    SELECT id FROM job WHERE state = 'queued' OR (state = 'running' AND lease_ms < ?)
    ORDER BY account_id <= ?, account_id, made_ms, id LIMIT 1
)
RETURNING {_ALL}, remote
"""  # noqa: S608
_PART = "SELECT sealed FROM job_media WHERE job_id = ? AND part = ?"
_RENEW = """
UPDATE job SET lease_ms = ?, progress = max(progress, ?)
WHERE id = ? AND state = 'running' AND lease = ?
"""
_GIVE_BACK = """
UPDATE job SET state = 'queued', attempts = attempts - ?, lease_ms = NULL, started_ms = NULL, progress = 0
WHERE id = ? AND state = 'running' AND lease = ?
"""
_NOTE_REMOTE = "UPDATE job SET remote = ? WHERE id = ? AND state = 'running' AND lease = ?"
_REOPEN = "UPDATE job SET lease_ms = 0 WHERE state = 'running'"
_FIND = f"SELECT {_ALL} FROM job WHERE digest = ? AND account_id = ?"  # noqa: S608
_OF_ACCOUNT = f"""
SELECT (SELECT -ifnull(sum(amount), 0) FROM entry WHERE call_id = job.id AND kind = 1 AND currency = 1),
       (SELECT -ifnull(sum(amount), 0) FROM entry WHERE call_id = job.id AND kind = 1 AND currency = 2), {_ALL}
FROM job WHERE account_id = ? AND state IN ({", ".join(f"'{state}'" for state in JobState)})
ORDER BY made_ms DESC, id DESC LIMIT ?
"""  # noqa: S608
"""Naming all states makes SQLite search the index, which begins with them."""
_DELETE_MEDIA = "DELETE FROM job_media WHERE job_id IN (SELECT id FROM job WHERE {})"
_DELETE = "DELETE FROM job WHERE {}"
_ONE_ENDED: Final = "id = ? AND state IN ('done', 'failed')"
_OLD: Final = "ended_ms < ?"
_LIST = f"SELECT {_ALL} FROM job WHERE {_UNFINISHED} ORDER BY made_ms, id"  # noqa: S608
_AVERAGE = "SELECT average_ms FROM job_average WHERE model = ?"
_COUNTS = "SELECT model, state, count(*) FROM job GROUP BY model, state"
_WRITING: Final[Begin] = "BEGIN IMMEDIATE"


class SqliteJobs:
    """Jobs in the database of a journal."""

    def __init__(self, journal: SqliteJournal) -> None:
        """Work through the journal's connection, which ends jobs itself."""
        self._journal = journal

    async def add(
        self, job: PaidJob, request: bytes, limits: QueueLimits, closes: str | None = None
    ) -> QueueResult:
        """Insert a job with its hold."""
        return await self._journal.query(
            lambda connection: _added(connection, job, request, limits, closes), _WRITING
        )

    async def claim(self, now: float, until: float, after: int = 0) -> ClaimedJob | None:
        """Lease the next job."""
        return await self._journal.query(
            lambda connection: _claimed(connection, now, until, after), _WRITING
        )

    async def renew(self, renewals: Sequence[Renewal], until: float) -> frozenset[str]:
        """Renew leases; return the ids of those lost."""
        return await self._journal.query(
            lambda connection: _renewed(connection, renewals, until), _WRITING
        )

    async def give_back(self, job_id: str, lease: int, *, counted: bool) -> None:
        """Return a job to the queue."""
        parameters = (0 if counted else 1, id_bytes(job_id), lease)
        await self._run(_GIVE_BACK, parameters)

    async def note_remote(self, job_id: str, lease: int, remote: bytes) -> None:
        """Note which job of an engine elsewhere a job is."""
        await self._run(_NOTE_REMOTE, (remote, id_bytes(job_id), lease))

    async def reopen(self) -> None:
        """End all leases."""
        await self._run(_REOPEN)

    async def find(self, digest: bytes, account_id: int) -> PaidJob | None:
        """Return the job of an account with this digest."""
        parameters = (digest, account_id)
        row = await self._journal.query(
            lambda connection: connection.execute(_FIND, parameters).fetchone()
        )
        return None if row is None else job_of(row)

    async def of_account(self, account_id: int, most: int) -> Sequence[JobReport]:
        """Return an account's newest jobs."""
        parameters = (account_id, most)
        rows = await self._journal.query(
            lambda connection: connection.execute(_OF_ACCOUNT, parameters).fetchall()
        )
        return [_report_of(usd, diem, tuple(row)) for usd, diem, *row in rows]

    async def result(self, job_id: str) -> bytes | None:
        """Return the sealed result."""
        parameters = (id_bytes(job_id), "result")
        row = await self._journal.query(
            lambda connection: connection.execute(_PART, parameters).fetchone()
        )
        return None if row is None else bytes(row[0])

    async def delete(self, job_id: str) -> bool:
        """Delete a job that has ended."""
        return bool(await self._delete(_ONE_ENDED, id_bytes(job_id)))

    async def delete_ended(self, before: float) -> int:
        """Delete the jobs that ended before a time."""
        return await self._delete(_OLD, milliseconds(before))

    async def unfinished(self) -> Sequence[PaidJob]:
        """Return the jobs that have not ended."""
        return await self._journal.query(
            lambda connection: [job_of(row) for row in connection.execute(_LIST)]
        )

    async def average_ms(self, model: str) -> int | None:
        """Return the average execution time of a model's last jobs."""
        row = await self._journal.query(
            lambda connection: connection.execute(_AVERAGE, (model,)).fetchone()
        )
        return None if row is None else int(row[0])

    async def counts(self) -> Mapping[tuple[str, JobState], int]:
        """Return the number of jobs by model and state."""
        rows = await self._journal.query(lambda connection: connection.execute(_COUNTS).fetchall())
        return {(model, JobState(state)): count for model, state, count in rows}

    async def _run(self, statement: str, parameters: Sequence[object] = ()) -> None:
        def run(connection: sqlite3.Connection) -> None:
            connection.execute(statement, parameters)

        await self._journal.query(run, _WRITING)

    async def _delete(self, which: str, parameter: object) -> int:
        def run(connection: sqlite3.Connection) -> int:
            connection.execute(_DELETE_MEDIA.format(which), (parameter,))
            return connection.execute(_DELETE.format(which), (parameter,)).rowcount

        deleted = await self._journal.query(run, _WRITING)
        if deleted:
            self._journal.empty_log_soon()
        return deleted


def _report_of(usd: int, diem: int, row: JobRow) -> JobReport:
    job = job_of(row)
    return JobReport(job, Funds(usd=usd, diem=diem) if job.ended else job.held)


def _added(
    connection: sqlite3.Connection,
    job: PaidJob,
    request: bytes,
    limits: QueueLimits,
    closes: str | None,
) -> QueueResult:
    total, own = connection.execute(_COUNT, (job.account_id,)).fetchone()
    if own >= limits.account:
        return QueueResult.ACCOUNT_FULL
    if total >= limits.total:
        return QueueResult.QUEUE_FULL
    connection.execute(_INSERT, job_row(job))
    connection.execute(_INSERT_REQUEST, (id_bytes(job.id), request))
    if closes is not None:
        connection.execute(_CLOSE, (id_bytes(closes),))
    return QueueResult.ADDED


def _claimed(
    connection: sqlite3.Connection, now: float, until: float, after: int
) -> ClaimedJob | None:
    now_ms = milliseconds(now)
    row = connection.execute(_CLAIM, (milliseconds(until), now_ms, now_ms, after)).fetchone()
    if row is None:
        return None
    (request,) = connection.execute(_PART, (row[0], "request")).fetchone()
    *columns, remote = row
    return ClaimedJob(job_of(tuple(columns)), bytes(request), remote)


def _renewed(
    connection: sqlite3.Connection, renewals: Sequence[Renewal], until: float
) -> frozenset[str]:
    lost = set()
    for one in renewals:
        progress = round(min(max(one.progress, 0.0), 1.0) * WHOLE)
        parameters = (milliseconds(until), progress, id_bytes(one.job_id), one.lease)
        if connection.execute(_RENEW, parameters).rowcount != 1:
            lost.add(one.job_id)
    return frozenset(lost)
