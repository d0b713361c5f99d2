"""Any order of orders, successes, failures, silence, rivals, lost storage and kills: each video is sold once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias, TypeVar

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fondaco.domain.errors import (
    EngineError,
    FondacoError,
    InsufficientBalanceError,
    StorageFailedError,
)
from fondaco.domain.jobs import JobState, PaidJob, QueueLimits
from fondaco.domain.media.video import VideoRequest, VideoTask
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import NO_USAGE
from fondaco.imaging.codec import PillowCodec
from fondaco.ports import ClaimedJob, GeneratedVideo, Progress, RemoteJob
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.memory_budget import MemoryBudget
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.inputs.pictures import PictureReader
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.metrics import Metrics
from fondaco.serving.routing.failover import ModelEngines
from fondaco.serving.video.runner import JobRunner, RunnerOptions, VideoWork
from fondaco.serving.video.videos import Videos
from fondaco.sound.reader import PyAVReader
from fondaco.stores.memory.jobs import MemoryJobs
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sealing import HomeSealer
from money_world import FailingJournal, TestClock
from toy_camera import TOY_VIDEOS, filmed

T = TypeVar("T")
Outcome: TypeAlias = "asyncio.Future[GeneratedVideo]"
ACCOUNT, KEY = 4, "5" * 32
LEASE_S = 30.0
PRICE = 101_016_665
"""Of a video of five seconds at 720p with sound."""
FUNDS = 5 * PRICE + 7
OPTIONS = RunnerOptions(at_once=2, lease_s=LEASE_S, renew_s=0.0, keep_s=600.0)
LIMITS = {"paid": Tier("paid", {"image": RateLimits(10**9, 10**9, 10**9)})}
_ids = count(1)


class Puppet:
    """A camera whose every video waits for what a rule makes of it."""

    name = "toy-lens"

    def __init__(self) -> None:
        self.waiting: list[tuple[VideoTask, Outcome]] = []

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob | None = None, /
    ) -> GeneratedVideo:
        progress(0.5)
        outcome: Outcome = asyncio.get_running_loop().create_future()
        self.waiting.append((task, outcome))
        return await outcome

    async def probe(self) -> None:
        return


class Mortal(MemoryJobs):
    """The store, as one process sees it until it is killed."""

    def __init__(self, store: MemoryJobs, journal: FailingJournal) -> None:
        self.__dict__.update(store.__dict__)
        self._store = store
        self._failing = journal

    def __getattribute__(self, name: str) -> object:
        found = object.__getattribute__(self, name)
        if name.startswith("_") or name in ("requests", "results"):
            return found
        through = getattr(object.__getattribute__(self, "_store"), name)
        failing = object.__getattribute__(self, "_failing")

        async def guarded(*args: object, **named: object) -> object:
            if failing.broken:
                raise StorageFailedError
            return await through(*args, **named)

        return guarded


@dataclass
class Process:
    """A server: its memory goes with it."""

    journal: FailingJournal
    ledger: Ledger
    runner: JobRunner
    videos: Videos
    puppet: Puppet
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start_soon(self, run: Callable[..., Awaitable[None]], *args: object) -> None:
        """Stand in for a task group, whose tasks are cancelled when the process is killed."""

        async def running() -> None:
            await run(*args)

        self.tasks.append(asyncio.get_running_loop().create_task(running()))


class JobMachine(RuleBasedStateMachine):
    """Jobs over a journal in memory, with a clock that rules move."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.clock = TestClock()
        self.memory = MemoryJournal()
        self.store = MemoryJobs(self.memory)
        self.memory.add_account(ACCOUNT)
        self.memory.enter_elsewhere(
            Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, FUNDS, self.clock.now())
        )
        self.ordered: dict[str, str] = {}
        """Queue id -> call id."""
        self.rival: list[ClaimedJob] = []
        self.seen: dict[str, JobState] = {}
        self.process = self.run(self.started())

    def run(self, what: Coroutine[object, object, T]) -> T:
        return self.loop.run(what)

    async def started(self) -> Process:
        journal = FailingJournal(self.memory)
        ledger = Ledger(journal, self.clock)
        jobs = Mortal(self.store, journal)
        sealer, metrics, puppet = HomeSealer(b"p" * 32), Metrics(), Puppet()
        runner = JobRunner(jobs, sealer, ledger, clock=self.clock, metrics=metrics, options=OPTIONS)
        limiter = SlidingWindowLimiter(LIMITS, self.clock)
        idempotency = IdempotencyStore(self.memory, b"p", self.clock)
        paid = PaidCalls(ledger, limiter, idempotency, clock=self.clock, metrics=metrics)
        catalogue = Catalogue((TOY_VIDEOS,), {})
        codec = PillowCodec()
        reader = PictureReader(codec, None, MemoryBudget(10**6, 10**6, "pictures", "busy"))
        sounds = Sounds(PyAVReader(), MemoryBudget(10**6, 10**6, "sounds", "busy"))
        work = VideoWork(catalogue, ModelEngines(catalogue, {"toy-lens": puppet}), reader, codec)
        limits = QueueLimits(total=4, account=4)
        videos = Videos(
            work,
            jobs,
            sealer,
            runner,
            files=None,
            sounds=sounds,
            paid_calls=paid,
            limits=limits,
            memory=MemoryBudget(10**6, 10**6, "videos", "busy"),
        )
        runner.work = work
        await ledger.recover(lambda _, __: TOY_VIDEOS.price.charge("", __))
        await runner.recover()
        return Process(journal, ledger, runner, videos, puppet)

    async def settled(self, *first: Coroutine[object, object, object]) -> None:
        """Let everything happen that can."""
        for one in first:
            await one
        async with asyncio.timeout(60):
            while self._busy():  # noqa: ASYNC110 - it owes nobody an event
                await asyncio.sleep(0.0005)  # threads seal

    def _busy(self) -> bool:
        """Whether a task does more than to wait for its engine, or for the storage."""
        if self.broken:
            return False
        under_way = [task for task in self.process.tasks if not task.done()]
        films = [outcome for _, outcome in self.process.puppet.waiting if not outcome.done()]
        return len(under_way) > len(films)

    async def step(self) -> None:
        await self.settled(self.process.runner.step(self.process))  # type: ignore[arg-type]

    async def jobs(self) -> dict[str, PaidJob]:
        """Return every job that is stored, by its queue id."""
        sealer = HomeSealer(b"p" * 32)
        found = {}
        for queue_id in self.ordered:
            digest = sealer.digest(queue_id)
            assert digest is not None
            if (job := await self.store.find(digest, ACCOUNT)) is not None:
                found[queue_id] = job
        return found

    @property
    def broken(self) -> bool:
        return self.process.journal.broken

    @initialize(orders=st.integers(1, 4))
    def begin(self, orders: int) -> None:
        for _ in range(orders):
            self.order()

    @rule()
    def order(self) -> None:
        call = Call(f"{next(_ids):032x}", ACCOUNT, KEY, self.clock.now())
        request = VideoRequest(model="toy-camera", prompt="Pan", seconds=5)
        try:
            made = self.run(self.process.videos.order(call, request))
        except (FondacoError, StorageFailedError):
            assert call.id not in {job.id for job in self.run(self.jobs()).values()}
        else:
            self.ordered[made.queue_id] = call.id

    @rule()
    def work(self) -> None:
        self.run(self.step())

    @precondition(lambda self: self.process.puppet.waiting)
    @rule(which=st.integers(0), good=st.booleans())
    def finish(self, which: int, good: bool) -> None:  # noqa: FBT001 - drawn
        async def finish() -> None:
            waiting = self.process.puppet.waiting
            task, outcome = waiting.pop(which % len(waiting))
            if outcome.done():
                return  # it was cancelled
            if good:
                outcome.set_result(filmed(task))
            else:
                outcome.set_exception(EngineError())
            await self.settled()

        self.run(finish())

    @rule(seconds=st.sampled_from([1.0, LEASE_S + 1, 700.0]))
    def tick(self, seconds: float) -> None:
        self.clock.at += seconds
        self.process.ledger.note_progress()

    @rule(late=st.booleans())
    def a_rival_claims(self, late: bool) -> None:  # noqa: FBT001 - drawn
        """Take what another worker's silence left, and perhaps its job under its hands."""
        self.clock.at += (LEASE_S + 1) * late
        now = self.clock.now()
        claimed = self.run(self.store.claim(now, now + LEASE_S))
        if claimed is not None:
            self.rival.append(claimed)

    @precondition(lambda self: self.rival)
    @rule()
    def a_rival_gives_back(self) -> None:
        job = self.rival.pop().job
        self.run(self.store.give_back(job.id, job.lease, counted=False))

    @precondition(lambda self: not self.broken)
    @rule()
    def lose_the_storage(self) -> None:
        self.process.journal.broken = True

    @precondition(lambda self: self.broken)
    @rule()
    def get_the_storage_back(self) -> None:
        self.process.journal.broken = False
        self.run(self.settled(self.process.ledger.retry()))

    @precondition(lambda self: not self.broken)
    @rule()
    def stop(self) -> None:
        """End the process in good order: the tries that it cuts off do not count."""

        async def stop() -> Process:
            before = await self.jobs()
            leases = {one.job.id: one.job.lease for one in self.process.runner._running.values()}
            await _cancelled(self.process.tasks)
            after = await self.jobs()
            for queue_id, job in before.items():
                if job.state is JobState.RUNNING and job.lease == leases.get(job.id):
                    now = after[queue_id]
                    waits = (now.state, now.attempts) == (JobState.QUEUED, job.attempts - 1)
                    assert now.ended or waits
            self.rival.clear()
            return await self.started()

        self.process = self.run(stop())

    @rule()
    def kill(self) -> None:
        async def kill() -> Process:
            self.process.journal.broken = True  # what it still does reaches nothing
            for task in self.process.tasks:
                task.cancel()
            await asyncio.gather(*self.process.tasks, return_exceptions=True)
            self.rival.clear()
            return await self.started()

        self.process = self.run(kill())

    @invariant()
    def nothing_is_charged_but_videos_that_are_there(self) -> None:
        jobs = self.run(self.jobs())
        charged: dict[str, int] = {}
        for entry in self.memory.entries:
            if entry.kind is EntryKind.CHARGE:
                call_id = str(entry.call_id)
                charged[call_id] = charged.get(call_id, 0) - entry.amount
        assert set(charged.values()) <= {PRICE}
        for queue_id, job in jobs.items():
            assert (job.state is JobState.DONE) == (job.id in charged)
            assert (job.state is JobState.DONE) == (job.id in self.store.results)
            assert job.ended == (job.id not in self.store.requests)
            before = self.seen.get(queue_id)
            assert before not in (JobState.DONE, JobState.FAILED) or before is job.state
            self.seen[queue_id] = job.state
        assert min(self.memory.balances()[ACCOUNT].usd, 0) == 0

    @invariant()
    def what_a_video_holds_is_noted_in_one_place(self) -> None:
        assert self.run(self.memory.open_calls()) == ()

    @invariant()
    def what_is_free_is_what_no_unfinished_video_holds(self) -> None:
        if self.broken or self.rival:
            return
        held = sum(job.held.total for job in self.run(self.jobs()).values() if not job.ended)
        free = self.memory.balances()[ACCOUNT].usd - held
        call = Call(f"{next(_ids):032x}", ACCOUNT, KEY, self.clock.now())

        async def probe() -> None:
            try:
                await self.process.ledger.hold(call, "toy-camera", free + 1, _Nothing())
            except (InsufficientBalanceError, StorageFailedError):
                pass
            else:
                raise AssertionError("more is free than there is")
            hold = await self.process.ledger.hold(call, "toy-camera", free, _Nothing())
            hold.drop()
            await self.process.ledger.retry()

        self.run(probe())

    def teardown(self) -> None:
        if self.broken:
            self.get_the_storage_back()
        for _ in range(30):
            self.clock.at += LEASE_S + 1
            self.run(self.step())
            while self.process.puppet.waiting:
                self.finish(0, True)  # noqa: FBT003
            if all(job.ended for job in self.run(self.jobs()).values()):
                break
        jobs = self.run(self.jobs())
        assert all(job.ended for job in jobs.values())
        self.nothing_is_charged_but_videos_that_are_there()
        assert not self.process.ledger.open_holds
        assert self.memory.balances()[ACCOUNT] + self._spent() == Funds(usd=FUNDS)
        assert self.run(self.memory.open_calls()) == ()
        self.run(_cancelled(self.process.tasks))
        self.loop.close()

    def _spent(self) -> Funds:
        charges = [e.amount for e in self.memory.entries if e.kind is EntryKind.CHARGE]
        return Funds(usd=-sum(charges))


class _Nothing:
    usage = NO_USAGE


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_video_that_a_rival_took_is_held_for_and_sold_once() -> None:
    machine = JobMachine()
    machine.begin(1)
    machine.work()
    machine.a_rival_claims(late=True)
    machine.finish(0, good=True)  # too late: the rival has the lease
    machine.nothing_is_charged_but_videos_that_are_there()
    assert machine._spent() == Funds()
    machine.a_rival_gives_back()
    machine.what_is_free_is_what_no_unfinished_video_holds()
    machine.teardown()
    assert machine._spent() == Funds(usd=PRICE)


def test_a_video_that_a_rival_took_while_its_end_could_not_be_written_is_held_for() -> None:
    machine = JobMachine()

    async def is_refused() -> None:
        async with asyncio.timeout(20):
            while not machine.process.ledger._shared.writes.failed:  # noqa: ASYNC110 - a list
                await asyncio.sleep(0.0005)

    machine.begin(1)
    machine.work()
    machine.lose_the_storage()
    machine.finish(0, good=True)
    machine.run(is_refused())
    machine.a_rival_claims(late=True)
    machine.get_the_storage_back()
    machine.a_rival_gives_back()
    machine.what_is_free_is_what_no_unfinished_video_holds()
    machine.teardown()
    assert machine._spent() == Funds(usd=PRICE)


def test_what_a_video_holds_is_held_once_whoever_asks_for_it() -> None:
    machine = JobMachine()
    machine.begin(1)
    runner = machine.process.runner

    async def two_tries_of_one_video_end() -> None:
        [job] = (await machine.jobs()).values()
        runner._holds.pop(job.id).drop()
        first, second = await asyncio.gather(runner._hold_of(job), runner._hold_of(job))
        assert first is second

    machine.run(two_tries_of_one_video_end())
    machine.what_is_free_is_what_no_unfinished_video_holds()
    machine.teardown()


TestJobs = JobMachine.TestCase
TestJobs.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
