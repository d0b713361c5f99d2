"""Videos: the use cases that quote, order, return and delete them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import anyio
from anyio import to_thread

from fondaco.domain.errors import (
    ConcurrencyLimitError,
    EngineBusyError,
    MediaNotFoundError,
    ModelNotFoundError,
)
from fondaco.domain.jobs import JobState, PaidJob, QueueLimits
from fondaco.domain.media.video import VideoRequest
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.models.video_model import VideoModel
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import Usage
from fondaco.ports import (
    Clock,
    Files,
    JobReport,
    JobStore,
    QueueResult,
    Sealer,
    UnsealableError,
)
from fondaco.serving.admission.memory_budget import MemoryBudget, MemoryShare
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.ledger import Hold
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.images.meter import random_seed
from fondaco.serving.inputs.pictures import picture_bounds
from fondaco.serving.inputs.references import reference
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.inputs.soundtracks import expect_decodable, soundtrack
from fondaco.serving.uncancelled import uncancelled
from fondaco.serving.video.meter import OrderMeter
from fondaco.serving.video.order import VideoOrder
from fondaco.serving.video.outcome import error_of
from fondaco.serving.video.runner import JobRunner, VideoWork

_BOUNDS = picture_bounds()
_RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedVideo:
    """A video that was ordered; its job is durable."""

    model: VideoModel
    queue_id: str
    """The secret with which its caller retrieves it; the server keeps only its hash."""
    quota: Quota
    notice: DeprecationNotice | None = None
    """The model's deprecation notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStatus:
    """Progress of a video that is not complete."""

    average_ms: int
    """Average time of its model's last videos, of any size and duration; 0 before the first."""
    execution_ms: int
    """Time since work on it began; 0 while it waits."""
    progress: float
    """The share that is done, 0 to 1."""
    waits: bool
    """Whether no worker has started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedVideo:
    """A video, decrypted for its caller."""

    job_id: str
    file: bytes


class Videos:
    """Answers requests about videos."""

    def __init__(
        self,
        work: VideoWork,
        jobs: JobStore,
        sealer: Sealer,
        runner: JobRunner,
        *,
        files: Files | None,
        sounds: Sounds,
        paid_calls: PaidCalls,
        limits: QueueLimits,
        memory: MemoryBudget,
    ) -> None:
        """Prepare; without `files`, nothing is fetched; `memory` is for videos that are being sent."""
        self._catalogue = work.catalogue
        self._work = work
        self._files = files
        self._sounds = sounds
        self._jobs = jobs
        self._sealer = sealer
        self._runner = runner
        self._paid_calls = paid_calls
        self._limits = limits
        self._memory = memory
        self._opening = anyio.Semaphore(1)
        """One video at a time is read from the store, so that one at most is not counted yet."""
        self._clock: Clock = paid_calls.clock

    @property
    def work(self) -> VideoWork:
        """Work of the job runner once this configuration is in force."""
        return self._work

    def quote(self, tier: str, request: VideoRequest) -> int:
        """Return the price of a request in nano-dollars, without a look at its media.

        Raises:
            ModelNotFoundError: no video model has this name.
            InvalidRequestError: the request exceeds a limit of the model.
            UnauthorizedError: the configuration does not define the tier.
        """
        model = self._catalogue.route(request.model, ModelType.VIDEO).model
        model.expect_within(request)
        if not self._paid_calls.limits.charges(tier):
            return 0
        rate = model.price.at(request.resolution, sound=model.sound_of(request))
        return rate.charge(model.id, Usage(seconds=request.seconds)).amount

    async def order(self, call: Call, request: VideoRequest) -> OrderedVideo:
        """Queue a video; once this returns, its job and what it holds are durable.

        A disconnect before that leaves nothing; after it, the video is made.

        Raises:
            ModelNotFoundError: no video model has this name.
            InvalidRequestError: the request exceeds a limit of the model, or a medium is not taken.
            InvalidFileSizeError: a medium is too large.
            ConcurrencyLimitError: the account has as many unfinished videos as it may.
            EngineBusyError: the queue is full.
            FondacoError: as from every paid call. Nothing is held.
        """
        route = self._catalogue.route(request.model, ModelType.VIDEO)
        model = route.model
        model.expect_within(request)
        self._work.engines.of(model)
        self._sealer.expect_installed()
        usage = Usage(seconds=request.seconds)
        rate = model.price.at(request.resolution, sound=model.sound_of(request))
        call, meter = replace(call, kind=CallKind.VIDEO), CallMeter(whole=True)
        async with self._paid_calls.open(
            call, model, meter, estimated_tokens=0, price=rate
        ) as paid:
            meter.current = OrderMeter(usage)
            await paid.hold()
            order = await self._order(call, model, request)
            secret = self._sealer.queue_id()
            request_file = await to_thread.run_sync(
                self._sealer.seal_request, call.id, order.packed()
            )
            job = PaidJob(
                id=call.id,
                digest=secret.digest,
                public_key=secret.public_key,
                account_id=call.account_id,
                key_id=call.key_id,
                model=model.id,
                charge=paid.price.charge(model.id, usage),
                usage=usage,
                made_at=call.opened_at,
            )
            await self._add(paid, job, request_file)
        return OrderedVideo(
            model=model, queue_id=secret.text, quota=paid.quota, notice=route.notice
        )

    async def find(self, account_id: int, name: str, queue_id: str) -> PaidJob:
        """Return the job of a video.

        Args:
            account_id: of the caller.
            name: any name of the model that makes it.
            queue_id: as it was returned by `order`.

        Raises:
            MediaNotFoundError: the account has none under this secret, or no more, or of another model.
        """
        digest = self._sealer.digest(queue_id)
        job = None if digest is None else await self._jobs.find(digest, account_id)
        if job is None or not self._is_of(job, name):
            raise MediaNotFoundError
        return job

    def memory(self, account_id: int) -> MemoryShare:
        """Return the memory that the videos hold that an account is sent; to be released once they are."""
        return self._memory.share(account_id)

    async def retrieve(
        self, account_id: int, name: str, queue_id: str, memory: MemoryShare
    ) -> VideoStatus | FinishedVideo:
        """Return a video, which `memory` then holds, or its progress.

        Raises:
            ConcurrencyLimitError, EngineBusyError: there is no memory for it.
            MediaNotFoundError: as from `find`.
            FondacoError: the video failed; `error_of` tells which error that is.
        """
        job = await self.find(account_id, name, queue_id)
        if job.failure is not None:
            raise error_of(job.failure)
        if job.state is not JobState.DONE:
            return await self._status(job)
        self._sealer.expect_installed()
        async with self._opening:
            sealed = await self._jobs.result(job.id)
            if sealed is None:  # deleted since the status was read
                raise MediaNotFoundError
            memory.hold_more(len(sealed))
            try:
                file = await to_thread.run_sync(self._sealer.open_result, job.id, queue_id, sealed)
            except UnsealableError as error:
                raise MediaNotFoundError from error
        return FinishedVideo(job_id=job.id, file=file)

    async def delete(self, job_id: str) -> bool:
        """Delete a video that is complete or failed; return whether there was one."""
        return await self._jobs.delete(job_id)

    async def jobs(self, account_id: int, most: int) -> Sequence[JobReport]:
        """Return an account's newest jobs, at most `most`, with the progress of those made here.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        return [
            replace(report, job=replace(report.job, progress=self._runner.progress_of(report.job)))
            for report in await self._jobs.of_account(account_id, most)
        ]

    async def counts(self) -> Mapping[tuple[str, JobState], int]:
        """Return how many jobs there are by model and state."""
        return await self._jobs.counts()

    def _is_of(self, job: PaidJob, name: str) -> bool:
        if name == job.model:
            return True
        try:
            return self._catalogue.route(name, ModelType.VIDEO).model.id == job.model
        except ModelNotFoundError:
            return False

    async def _status(self, job: PaidJob) -> VideoStatus:
        started = job.started_at
        execution_s = 0.0 if started is None else max(0.0, self._clock.now() - started)
        return VideoStatus(
            average_ms=await self._jobs.average_ms(job.model) or 0,
            execution_ms=round(execution_s * 1000),
            progress=self._runner.progress_of(job),
            waits=job.state is JobState.QUEUED,
        )

    async def _order(self, call: Call, model: VideoModel, request: VideoRequest) -> VideoOrder:
        """Return the order of a request, whose picture was read once to see that it can be.

        Raises:
            InvalidRequestError, InvalidFileSizeError: a medium is not taken.
        """
        sound, seed = await self._soundtrack(call, request), random_seed(call)
        source = request.reference
        other = None if source is None else await reference(source, self._files)
        if request.picture is None:
            return VideoOrder(model.task(request, None, sound, seed, other))
        work = self._work
        work.codec.expect_installed()
        with work.reader.memory(call.account_id) as memory:
            upload = await work.reader.upload(request.picture, _BOUNDS, urls=True)
            pixels = await work.reader.pixels(upload, _BOUNDS.least_pixels, memory)
        task = model.task(request, pixels, sound, seed, other)
        return VideoOrder(replace(task, picture=None), upload.file)

    async def _soundtrack(self, call: Call, request: VideoRequest) -> bytes | None:
        """Return the file of a request's soundtrack, which was decoded once to see that it can be.

        Raises:
            InvalidRequestError, InvalidFileSizeError: it is not taken.
        """
        source = request.soundtrack
        if source is None:
            return None
        file = await soundtrack(source, self._files)
        self._sounds.expect_readable()
        with self._sounds.memory(call.account_id) as memory:
            await expect_decodable(file, self._sounds, memory, source.field_path)
        return file

    async def _add(self, paid: PaidCall, job: PaidJob, request_file: bytes) -> None:
        """Add the job of an order, which holds the call's money from then on.

        Raises:
            ConcurrencyLimitError, EngineBusyError: there is no room for it.
        """
        result = QueueResult.QUEUE_FULL

        async def insert(hold: Hold) -> bool:
            nonlocal result
            holding = replace(job, held=hold.funds, epoch=hold.epoch)
            self._runner.keep(job.id, hold)  # before the insert: the job may be claimed at once
            try:
                result = await self._jobs.add(holding, request_file, self._limits, hold.noted)
            finally:
                if result is QueueResult.ADDED:
                    self._runner.wake()
                else:
                    self._runner.forget(job.id)
            return result is QueueResult.ADDED

        # The store commits the job even if the request is cancelled, so the hold must stay with the job.
        await uncancelled(paid.entrust(insert))
        match result:
            case QueueResult.ACCOUNT_FULL:
                raise ConcurrencyLimitError(
                    f"The account has {self._limits.account} incomplete videos, which is its "
                    "limit. Try again when some are complete.",
                    retry_after_s=_RETRY_AFTER_S,
                )
            case QueueResult.QUEUE_FULL:
                raise EngineBusyError(
                    "The queue of videos is full. Please try again later.",
                    retry_after_s=_RETRY_AFTER_S,
                )
