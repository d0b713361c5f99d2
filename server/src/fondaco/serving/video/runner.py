"""The runner of jobs: leases them one after another, and has engines make their videos.

One task leases, renews and clears away, so that its own jobs are renewed before any is claimed; each job
is made in a task of its own. Whatever becomes of a job is decided by the store: under a lease that was
given again, nothing can be ended.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from fondaco.domain.errors import (
    AlreadyEnteredError,
    ConcurrencyLimitError,
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    FondacoError,
    StorageFailedError,
    WriteQuarantinedError,
)
from fondaco.domain.jobs import JobEnd, JobFailure, PaidJob, Renewal
from fondaco.domain.media.video import VideoTask
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.price import FREE, Charge
from fondaco.domain.money.usage import NO_USAGE
from fondaco.ports import (
    ClaimedJob,
    Clock,
    GeneratedVideo,
    ImageCodec,
    JobStore,
    Sealer,
    UnsealableError,
    VideoEngine,
)
from fondaco.ports.incidents import Incident, report, report_error
from fondaco.serving.billing.ledger import Hold, Ledger
from fondaco.serving.inputs.pictures import PictureReader
from fondaco.serving.metrics import Metrics
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.serving.video.order import VideoOrder
from fondaco.serving.video.outcome import expect_video, failure_of
from fondaco.serving.video.remote import KeptJob, KeptJobs
from fondaco.serving.video.stills import still_of

TRIES = 3
"""Maximum number of tries of a job."""
_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """Options of the job runner."""

    at_once: int = 1
    """Jobs that are worked on at a time."""
    lease_s: float = 30.0
    """Lease time: a job whose worker is silent for longer is another worker's to take."""
    renew_s: float = 5.0
    """Interval at which leases are renewed."""
    timeout_s: float = 1_800.0
    """Time-out of one try."""
    keep_s: float = 86_400.0
    """Retention time of results."""


@dataclass(frozen=True, slots=True)
class VideoWork:
    """Work on jobs by the present configuration."""

    catalogue: Catalogue
    engines: ModelEngines[VideoEngine]
    reader: PictureReader
    codec: ImageCodec


@dataclass(slots=True)
class _Running:
    """A job in progress."""

    job: PaidJob
    scope: anyio.CancelScope
    progress: float = 0.0
    lost: bool = False
    """Whether another worker has it."""


class JobRunner:
    """Runs the jobs of one store, and charges its ledger."""

    def __init__(
        self,
        jobs: JobStore,
        sealer: Sealer,
        ledger: Ledger,
        *,
        clock: Clock,
        metrics: Metrics,
        options: RunnerOptions,
    ) -> None:
        """Prepare; `work` must be set before it runs."""
        self._jobs = jobs
        self._sealer = sealer
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._options = options
        self._holds: dict[str, Hold] = {}
        """Job id -> what it holds, of all jobs that have not ended."""
        self._readopting = anyio.Lock()
        """One at a time: two tries of a job may end at once, and it holds its money once."""
        self._running: dict[str, _Running] = {}
        self._last_account = 0
        """The account whose job was claimed last."""
        self._woken = anyio.Event()
        self._cleared_at = float("-inf")
        self.work: VideoWork | None = None
        """Work on jobs from now on."""

    # Called by the use case.

    def keep(self, job_id: str, hold: Hold) -> None:
        """Keep a job's hold until it ends."""
        self._holds[job_id] = hold

    def forget(self, job_id: str) -> None:
        """Forget a job that was not added after all."""
        self._holds.pop(job_id, None)

    def wake(self) -> None:
        """Look for jobs at once."""
        self._woken.set()

    def progress_of(self, job: PaidJob) -> float:
        """Return the share of a job that is done, 0 to 1."""
        running = self._running.get(job.id)
        return job.progress if running is None else max(job.progress, running.progress)

    @property
    def progress(self) -> Mapping[str, float]:
        """Model id -> the average progress of its jobs that are worked on."""
        shares = defaultdict[str, list[float]](list)
        for running in self._running.values():
            shares[running.job.model].append(running.progress)
        return {model: sum(told) / len(told) for model, told in shares.items()}

    # Called by the composition root.

    async def recover(self) -> int:
        """Hold again what unfinished jobs held before the process ended; return how many there are.

        To be awaited after the ledger's own recovery, and before the first hold.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        await self._jobs.reopen()
        unfinished = await self._jobs.unfinished()
        for job in unfinished:
            await self._hold_of(job)
        return len(unfinished)

    async def run(self) -> None:
        """Work on jobs until cancelled; those under way then wait for the next start."""
        async with anyio.create_task_group() as tasks:
            while True:
                self._woken = anyio.Event()
                await self.step(tasks)
                with anyio.move_on_after(self._options.renew_s):
                    await self._woken.wait()

    async def step(self, tasks: TaskGroup) -> None:
        """Renew leases, claim what there is room for, and clear away what is old."""
        try:
            await self._renew()
            await self._claim(tasks)
            await self._clear_away()
        except StorageFailedError as error:
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code)

    async def _renew(self) -> None:
        renewals = [
            Renewal(one.job.id, one.job.lease, one.progress) for one in self._running.values()
        ]
        if not renewals:
            return
        lost = await self._jobs.renew(renewals, self._clock.now() + self._options.lease_s)
        for job_id in lost:
            if (running := self._running.get(job_id)) is not None and not running.lost:
                running.lost = True
                running.scope.cancel()

    async def _claim(self, tasks: TaskGroup) -> None:
        while self.work is not None and len(self._running) < self._options.at_once:
            now = self._clock.now()
            claimed = await self._jobs.claim(now, now + self._options.lease_s, self._last_account)
            if claimed is None:
                return
            job = claimed.job
            self._last_account = job.account_id
            running = _Running(job, anyio.CancelScope())
            # A job can only arrive twice if its lease expired unnoticed; the first try is cancelled by now.
            self._running[job.id] = running
            tasks.start_soon(self._try, claimed, running, self.work)

    async def _clear_away(self) -> None:
        """Delete expired jobs, once a minute."""
        now = self._clock.now()
        if abs(now - self._cleared_at) >= min(60.0, self._options.keep_s):
            self._cleared_at = now
            await self._jobs.delete_ended(now - self._options.keep_s)

    async def _try(self, claimed: ClaimedJob, running: _Running, work: VideoWork) -> None:
        """Work on a job; whatever happens, it ends, waits again, or is another worker's."""
        job = claimed.job
        try:
            with running.scope:
                await self._attempt(claimed, running, work)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._give_back(job, counted=False)
            raise
        except StorageFailedError as error:
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=job.id)
        except Exception as error:  # noqa: BLE001 - a defect of ours ends its own job alone
            report_error(Incident.DEFECT, error, call_id=job.id)
            await self._give_back(job, counted=True)
        finally:
            if self._running.get(job.id) is running:
                del self._running[job.id]
            self.wake()

    async def _attempt(self, claimed: ClaimedJob, running: _Running, work: VideoWork) -> None:
        job, began = claimed.job, self._clock.monotonic()
        if job.attempts > TRIES:
            await self._fail(job, JobFailure.INTERRUPTED, began)
            return
        try:
            made = await self._made(claimed, running, work)
        except EngineError as error:
            if job.attempts < TRIES and not isinstance(error, EngineTimeoutError):
                await anyio.sleep(self._options.renew_s)  # the cause may be temporary
                await self._give_back(job, counted=True)
            else:
                await self._fail(job, failure_of(error), began)
        except FondacoError as error:
            await self._fail(job, failure_of(error), began)
        except (UnsealableError, ValueError) as error:
            report_error(Incident.DEFECT, error, call_id=job.id)
            await self._fail(job, JobFailure.INPUT, began)
        else:
            sealed = await to_thread.run_sync(
                self._sealer.seal_result, job.id, job.public_key, made.file
            )
            await self._end(job, began, result=sealed)

    async def _made(
        self, claimed: ClaimedJob, running: _Running, work: VideoWork
    ) -> GeneratedVideo:
        """Return the video of the first engine of a job's model that makes it.

        Raises:
            EngineError: none does.
            InvalidRequestError: the request cannot be used after all.
            UnsealableError, ValueError: its request cannot be read.
        """
        job = claimed.job
        packed = await to_thread.run_sync(self._sealer.open_request, job.id, claimed.request)
        order = VideoOrder.unpacked(packed)
        model = work.catalogue.entry(job.model)
        if model is None:
            raise EngineUnavailableError

        def progress(share: float) -> None:
            running.progress = max(running.progress, min(share, 1.0))

        try:
            with work.reader.memory(job.account_id) as memory:
                picture = await still_of(order, work.codec, work.reader, memory)
                task = replace(order.task, picture=picture)
                kept = await KeptJobs.of(claimed, self._jobs, self._sealer)
                engines = sorted(work.engines.of(model), key=lambda one: one.name != kept.engine)
                failover = Failover(tuple(engines), model.id)
                with anyio.fail_after(self._options.timeout_s) as limit:
                    made = partial(_made, task=task, progress=progress, kept=kept, limit=limit)
                    return await failover.first(made)
        except TimeoutError as error:
            raise EngineTimeoutError from error
        except FieldNotTakenError as error:
            raise EngineError from error
        except ConcurrencyLimitError as error:  # the account's image requests use this memory
            raise EngineBusyError from error

    async def _fail(self, job: PaidJob, failure: JobFailure, began: float) -> None:
        report(Incident.JOB_FAILED, reason=failure.value, model=job.model, call_id=job.id)
        await self._end(job, began, failure=failure)

    async def _end(
        self,
        job: PaidJob,
        began: float,
        *,
        result: bytes | None = None,
        failure: JobFailure | None = None,
    ) -> None:
        """End a job and settle what it holds, in one transaction."""
        elapsed_ms = int((self._clock.monotonic() - began) * 1000)
        ending = JobEnd(
            job_id=job.id,
            lease=job.lease,
            ended_at=self._clock.now(),
            execution_ms=elapsed_ms,
            result=result,
            failure=failure,
        )
        succeeded = failure is None
        charge: Charge = job.charge if succeeded else FREE
        hold = await self._hold_of(job)
        if hold is None:
            return
        usage = job.usage if succeeded else NO_USAGE
        try:
            with anyio.CancelScope(shield=True):
                await hold.settle(charge, usage, elapsed_ms, ends=ending)
        except (AlreadyEnteredError, WriteQuarantinedError):
            await self._rehold(job)
            return
        except StorageFailedError:
            await self._written()
            if await self._rehold(job):
                return  # the journal refused the end of the job
        self._holds.pop(job.id, None)
        self._metrics.ended(job.model, "done" if failure is None else failure.value)

    async def _written(self) -> None:
        """Wait until the ledger has written the end of a job, which it keeps and tries again."""
        while not await self._ledger.has_written():  # noqa: ASYNC110 - the ledger owes nobody an event
            await anyio.sleep(_RETRY_S)

    async def _give_back(self, job: PaidJob, *, counted: bool) -> None:
        try:
            await self._jobs.give_back(job.id, job.lease, counted=counted)
        except StorageFailedError as error:  # the lease expires instead
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=job.id)

    async def _hold_of(self, job: PaidJob) -> Hold | None:
        """Return the hold of a job; None where its account is gone."""
        async with self._readopting:
            hold = self._holds.get(job.id)
            if hold is None:
                hold = await self._ledger.readopt(job.hold)
                if hold is not None:
                    self._holds[job.id] = hold
            return hold

    async def _rehold(self, job: PaidJob) -> bool:
        """Hold again what a job holds whose end may have been refused; return whether it was.

        Then it is another worker's by now, or is tried again.
        """
        self._holds.pop(job.id, None)
        current = await self._jobs.find(job.digest, job.account_id)
        if current is None or current.ended:
            return False
        await self._hold_of(current)
        return True


async def _made(
    engine: VideoEngine,
    *,
    task: VideoTask,
    progress: Callable[[float], None],
    kept: KeptJobs,
    limit: anyio.CancelScope,
) -> GeneratedVideo:
    made = await engine.generate(task, progress, KeptJob(kept, engine.name, limit))
    expect_video(made, task)
    return made
