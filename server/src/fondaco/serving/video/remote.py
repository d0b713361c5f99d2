"""Jobs of remote engines, stored encrypted with ours, so that a restart neither orders nor pays for them again."""

import json
from dataclasses import dataclass, field

from anyio import CancelScope, to_thread

from fondaco.domain.errors import StorageFailedError
from fondaco.ports import ClaimedJob, JobStore, Sealer
from fondaco.ports.incidents import Incident, report


@dataclass(slots=True)
class KeptJobs:
    """Notes on the job at a remote engine that makes the video of a job here."""

    jobs: JobStore
    sealer: Sealer
    claimed: ClaimedJob
    engine: str = ""
    """The name of the engine that has it."""
    id: str | None = field(default=None, repr=False)
    """Id of the job there."""

    @classmethod
    async def of(cls, claimed: ClaimedJob, jobs: JobStore, sealer: Sealer) -> "KeptJobs":
        """Return the note of an earlier try.

        Raises:
            UnsealableError: it is not what was noted for this job.
        """
        if claimed.remote is None:
            return cls(jobs, sealer, claimed)
        note = await to_thread.run_sync(sealer.open_request, claimed.job.id, claimed.remote)
        engine, job_id = json.loads(note)
        return cls(jobs, sealer, claimed, engine, job_id)

    async def note(self, engine: str, job_id: str) -> None:
        """Store where the video is being made; if that fails, a restart orders it again."""
        self.engine, self.id = engine, job_id
        job, note = self.claimed.job, json.dumps([engine, job_id]).encode()
        try:
            sealed = await to_thread.run_sync(self.sealer.seal_request, job.id, note)
            await self.jobs.note_remote(job.id, job.lease, sealed)
        except StorageFailedError as error:
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=job.id)


@dataclass(frozen=True, slots=True)
class KeptJob:
    """The `RemoteJob` of one engine."""

    kept: KeptJobs
    engine: str
    limit: CancelScope
    """Ends the try that takes too long, after which the video fails."""

    @property
    def id(self) -> str | None:
        """Note of this engine's job."""
        return self.kept.id if self.kept.engine == self.engine else None

    @property
    def lasts(self) -> bool:
        """Whether another try may ask for the video."""
        return not self.limit.cancel_called

    async def note(self, job_id: str) -> None:
        """Store the note that identifies the job."""
        await self.kept.note(self.engine, job_id)
