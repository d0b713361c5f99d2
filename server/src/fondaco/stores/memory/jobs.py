"""The in-memory reference store of jobs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio.lowlevel

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError
from fondaco.domain.jobs import JobEnd, JobState, PaidJob, QueueLimits, Renewal
from fondaco.ports import ClaimedJob, JobReport, QueueResult
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.memory.rules import expect_job

_LAST_JOBS = 20
_PERMILLE = 1_000


class MemoryJobs:
    """Jobs beside a journal in memory, which ends them."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._jobs: dict[str, PaidJob] = {}
        self._leases: dict[str, float] = {}
        """PaidJob id -> when its lease runs out."""
        self.requests: dict[str, bytes] = {}
        """PaidJob id -> the sealed request of a job that has not ended."""
        self.results: dict[str, bytes] = {}
        """PaidJob id -> the sealed result of a job that has succeeded."""
        self.remotes: dict[str, bytes] = {}
        """PaidJob id -> the sealed id of its job at an engine elsewhere."""
        self._averages: dict[str, tuple[int, int]] = {}
        """Model -> number of its jobs, and their average time."""
        journal.jobs = self

    async def add(
        self, job: PaidJob, request: bytes, limits: QueueLimits, closes: str | None = None
    ) -> QueueResult:
        """Insert a job with its hold."""
        await anyio.lowlevel.checkpoint()
        unfinished = [one for one in self._jobs.values() if not one.ended]
        if sum(one.account_id == job.account_id for one in unfinished) >= limits.account:
            return QueueResult.ACCOUNT_FULL
        if len(unfinished) >= limits.total:
            return QueueResult.QUEUE_FULL
        self._expect(job)
        self._jobs[job.id] = _as_stored(job)
        self.requests[job.id] = request
        if closes is not None:
            self._journal.close(closes)
        return QueueResult.ADDED

    async def claim(self, now: float, until: float, after: int = 0) -> ClaimedJob | None:
        """Lease the next job."""
        await anyio.lowlevel.checkpoint()
        waiting = [
            job
            for job in self._jobs.values()
            if job.state is JobState.QUEUED
            or (job.state is JobState.RUNNING and _ms(self._leases[job.id]) < _ms(now))
        ]
        if not waiting:
            return None
        job = min(
            waiting, key=lambda one: (one.account_id <= after, one.account_id, one.made_at, one.id)
        )
        claimed = self._jobs[job.id] = replace(
            job,
            state=JobState.RUNNING,
            attempts=job.attempts + 1,
            lease=job.lease + 1,
            started_at=_ms(now) / 1000,
            progress=0.0,
        )
        self._leases[job.id] = until
        return ClaimedJob(claimed, self.requests[job.id], self.remotes.get(job.id))

    async def renew(self, renewals: Sequence[Renewal], until: float) -> frozenset[str]:
        """Renew leases; return the ids of those lost."""
        await anyio.lowlevel.checkpoint()
        lost = set()
        for one in renewals:
            if (job := self._held(one.job_id, one.lease)) is None:
                lost.add(one.job_id)
                continue
            progress = round(min(max(one.progress, 0.0), 1.0) * _PERMILLE) / _PERMILLE
            self._jobs[job.id] = replace(job, progress=max(job.progress, progress))
            self._leases[job.id] = until
        return frozenset(lost)

    async def give_back(self, job_id: str, lease: int, *, counted: bool) -> None:
        """Return a job to the queue."""
        await anyio.lowlevel.checkpoint()
        if (job := self._held(job_id, lease)) is not None:
            attempts = job.attempts if counted else job.attempts - 1
            self._jobs[job_id] = replace(
                job, state=JobState.QUEUED, attempts=attempts, started_at=None, progress=0.0
            )

    async def note_remote(self, job_id: str, lease: int, remote: bytes) -> None:
        """Note which job of an engine elsewhere a job is."""
        await anyio.lowlevel.checkpoint()
        if self._held(job_id, lease) is not None:
            self.remotes[job_id] = remote

    async def reopen(self) -> None:
        """End all leases."""
        await anyio.lowlevel.checkpoint()
        self._leases = dict.fromkeys(self._leases, 0.0)

    async def find(self, digest: bytes, account_id: int) -> PaidJob | None:
        """Return the job of an account with this digest."""
        await anyio.lowlevel.checkpoint()
        found = (job for job in self._jobs.values() if job.digest == digest)
        return next((job for job in found if job.account_id == account_id), None)

    async def of_account(self, account_id: int, most: int) -> Sequence[JobReport]:
        """Return an account's newest jobs."""
        await anyio.lowlevel.checkpoint()
        jobs = [job for job in self._jobs.values() if job.account_id == account_id]
        jobs.sort(key=lambda job: (job.made_at, job.id), reverse=True)
        return [
            JobReport(job, self._journal.charged_for(job.id) if job.ended else job.held)
            for job in jobs[:most]
        ]

    async def result(self, job_id: str) -> bytes | None:
        """Return the sealed result."""
        await anyio.lowlevel.checkpoint()
        return self.results.get(job_id)

    async def delete(self, job_id: str) -> bool:
        """Delete a job that has ended."""
        await anyio.lowlevel.checkpoint()
        job = self._jobs.get(job_id)
        if job is None or not job.ended:
            return False
        self._drop(job_id)
        return True

    async def delete_ended(self, before: float) -> int:
        """Delete the jobs that ended before a time."""
        await anyio.lowlevel.checkpoint()
        old = [
            job.id
            for job in self._jobs.values()
            if job.ended_at is not None and _ms(job.ended_at) < _ms(before)
        ]
        for job_id in old:
            self._drop(job_id)
        return len(old)

    async def unfinished(self) -> Sequence[PaidJob]:
        """Return the jobs that have not ended."""
        await anyio.lowlevel.checkpoint()
        jobs = [job for job in self._jobs.values() if not job.ended]
        return sorted(jobs, key=lambda job: (job.made_at, job.id))

    async def average_ms(self, model: str) -> int | None:
        """Return the average execution time of a model's last jobs."""
        await anyio.lowlevel.checkpoint()
        return self._averages[model][1] if model in self._averages else None

    async def counts(self) -> Mapping[tuple[str, JobState], int]:
        """Return the number of jobs by model and state."""
        await anyio.lowlevel.checkpoint()
        return Counter((job.model, job.state) for job in self._jobs.values())

    def expect_held(self, ending: JobEnd) -> None:
        """Check that a job may end so.

        Raises:
            AlreadyEnteredError: it has ended, or is leased again.
        """
        if self._held(ending.job_id, ending.lease) is None:
            raise AlreadyEnteredError

    def end(self, ending: JobEnd) -> str | None:
        """End a job that is held; return the id of the call whose idempotency key is free again."""
        job = self._jobs[ending.job_id]
        succeeded = ending.failure is None
        self._jobs[job.id] = replace(
            job,
            state=JobState.DONE if succeeded else JobState.FAILED,
            ended_at=_ms(ending.ended_at) / 1000,
            execution_ms=ending.execution_ms,
            failure=ending.failure,
            progress=1.0 if succeeded else 0.0,
        )
        del self._leases[job.id], self.requests[job.id]
        self.remotes.pop(job.id, None)
        if not succeeded:
            return job.id
        self.results[job.id] = ending.result or b""
        count, average = self._averages.get(job.model, (0, ending.execution_ms))
        more = int((ending.execution_ms - average) / min(count + 1, _LAST_JOBS))
        self._averages[job.model] = count + 1, average + more
        return None

    def has(self, call_id: str) -> bool:
        """Whether a call ordered one of the jobs."""
        return call_id in self._jobs

    def _expect(self, job: PaidJob) -> None:
        taken = any(one.id == job.id or one.digest == job.digest for one in self._jobs.values())
        if taken or not self._journal.has_account(job.account_id):
            raise StorageFailedError
        expect_job(job)

    def _held(self, job_id: str, lease: int) -> PaidJob | None:
        job = self._jobs.get(job_id)
        held = job is not None and job.state is JobState.RUNNING and job.lease == lease
        return job if held else None

    def _drop(self, job_id: str) -> None:
        del self._jobs[job_id]
        self.results.pop(job_id, None)


def _ms(at: float) -> int:
    return round(at * 1000)


def _as_stored(job: PaidJob) -> PaidJob:
    return replace(job, made_at=_ms(job.made_at) / 1000)
