"""The contract of stores of jobs, as a suite to be run against each of them.

Subclass `JobsContract` as `Test...` and give it the fixture `bench`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError
from fondaco.domain.jobs import JobEnd, JobFailure, JobState, PaidJob, QueueLimits, Renewal
from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import Entry, EntryKind, IdempotencyRecord, OpenCall
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.ports import ClaimedJob, JobStore, QueueResult
from money_world import Store

NOW = 1_800_000_000.0
LIMITS = QueueLimits(total=6, account=4)
CHARGE = Charge((ChargeRow("toy-video-second", 5, 7_000_000, 35),))
FREE_AGAIN = JobFailure.ENGINE


@dataclass
class Bench:
    """A store under test, with two accounts that have 1,000 nano-dollars each, and a key each."""

    jobs: JobStore
    journal: Store
    accounts: tuple[tuple[int, str], tuple[int, str]]
    """Ids of accounts and of their keys."""
    balance: Callable[[int], Awaitable[int]]
    """Returns the nano-dollars of an account."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def job(self, account: int = 0, made_at: float = NOW, model: str = "toy-camera") -> PaidJob:
        number = next(self._numbers)
        account_id, key_id = self.accounts[account]
        return PaidJob(
            id=f"{number:032x}",
            digest=number.to_bytes(32, "big"),
            public_key=bytes(31) + b"\1",
            account_id=account_id,
            key_id=key_id,
            model=model,
            held=Funds(usd=30, diem=5),
            epoch=20_833,
            charge=CHARGE,
            usage=Usage(seconds=5),
            made_at=made_at,
        )

    async def added(
        self, account: int = 0, made_at: float = NOW, model: str = "toy-camera"
    ) -> PaidJob:
        job = self.job(account, made_at, model)
        assert await self.jobs.add(job, b"sealed " + job.id.encode(), LIMITS) is QueueResult.ADDED
        return job

    async def claimed(self, now: float = NOW, after: int = 0) -> ClaimedJob:
        claimed = await self.jobs.claim(now, now + 10, after)
        assert claimed is not None
        return claimed

    def charge(self, job: PaidJob) -> tuple[Entry, ...]:
        row = job.charge.rows[0]
        entry = Entry(
            job.account_id, EntryKind.CHARGE, Currency.USD, -row.amount, NOW, job.id, job.key_id
        )
        return (replace(entry, sku=row.sku, units=row.units, unit_price=row.unit_price),)

    async def end(
        self, job: PaidJob, failure: JobFailure | None = None, *, at: float = NOW
    ) -> None:
        result = b"result " + job.id.encode() if failure is None else None
        entries = self.charge(job) if failure is None else ()
        ending = JobEnd(
            job_id=job.id,
            lease=job.lease,
            ended_at=at,
            execution_ms=1_000,
            result=result,
            failure=failure,
        )
        await self.journal.write(entries, None, ending)


class JobsContract:
    """What each store of jobs owes the ledger and its callers."""

    async def test_a_job_is_found_as_it_was_added(self, bench: Bench) -> None:
        job = await bench.added()
        assert await bench.jobs.find(job.digest, job.account_id) == job
        assert list(await bench.jobs.unfinished()) == [job]
        assert job.hold.held == Funds(usd=30, diem=5)

    async def test_a_job_is_nobody_elses(self, bench: Bench) -> None:
        job = await bench.added()
        assert await bench.jobs.find(job.digest, bench.accounts[1][0]) is None
        assert await bench.jobs.find(b"x" * 32, job.account_id) is None

    async def test_a_job_takes_the_place_of_its_open_call(self, bench: Bench) -> None:
        job = bench.job()
        open_call = OpenCall(
            job.id, job.account_id, job.key_id, job.model, NOW, job.held, job.epoch
        )
        bench.journal.record_progress([open_call])
        assert list(await bench.journal.open_calls()) == [open_call]
        await bench.jobs.add(job, b"sealed", LIMITS, job.id)
        assert list(await bench.journal.open_calls()) == []

    async def test_the_queue_is_bounded_and_each_accounts_share_of_it(self, bench: Bench) -> None:
        limits = QueueLimits(total=3, account=2)

        async def add(account: int) -> QueueResult:
            return await bench.jobs.add(bench.job(account), b"sealed", limits)

        assert [await add(account) for account in (0, 0, 0, 1, 1)] == [
            *(
                QueueResult.ADDED,
                QueueResult.ADDED,
                QueueResult.ACCOUNT_FULL,
                QueueResult.ADDED,
                QueueResult.QUEUE_FULL,
            )
        ]
        claimed = await bench.claimed()  # one that runs counts as well
        assert await add(1) is QueueResult.QUEUE_FULL
        await bench.end(claimed.job)
        assert await add(1) is QueueResult.ADDED

    async def test_a_claim_leases_the_oldest_job_with_its_request(self, bench: Bench) -> None:
        later, first = await bench.added(made_at=NOW + 1), await bench.added(made_at=NOW)
        claimed = await bench.claimed(NOW + 2)
        assert claimed.request == b"sealed " + first.id.encode()
        assert claimed.job == replace(
            first, state=JobState.RUNNING, attempts=1, lease=1, started_at=NOW + 2
        )
        assert await bench.jobs.find(first.digest, first.account_id) == claimed.job
        assert (await bench.claimed(NOW + 2)).job.id == later.id
        assert await bench.jobs.claim(NOW + 2, NOW + 3) is None

    async def test_accounts_take_turns(self, bench: Bench) -> None:
        for at in range(3):
            await bench.added(0, NOW + at)
        await bench.added(1, NOW + 9)
        order, after = [], 0
        while (claimed := await bench.jobs.claim(NOW, NOW + 10, after)) is not None:
            after = claimed.job.account_id
            order.append(after)
        first, second = (account for account, _ in bench.accounts)
        assert order == [first, second, first, first]

    async def test_a_lease_that_ran_out_is_claimed_again(self, bench: Bench) -> None:
        await bench.added()
        first = await bench.claimed(NOW)
        assert await bench.jobs.claim(NOW + 9, NOW + 19) is None
        second = await bench.claimed(NOW + 11)
        assert second.job.id == first.job.id
        assert (second.job.attempts, second.job.lease) == (2, 2)
        assert second.request == first.request

    async def test_a_renewed_lease_lasts_and_tells_its_progress(self, bench: Bench) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        assert await bench.jobs.renew([Renewal(job.id, 1, 0.5)], NOW + 20) == frozenset()
        assert await bench.jobs.renew([Renewal(job.id, 1, 0.25)], NOW + 20) == frozenset()
        assert await bench.jobs.claim(NOW + 11, NOW + 30) is None
        found = await bench.jobs.find(job.digest, job.account_id)
        assert found is not None
        assert found.progress == 0.5

    @pytest.mark.parametrize(("told", "seen"), [(-1.0, 0.0), (7.0, 1.0)])
    async def test_progress_stays_within_its_bounds(
        self, bench: Bench, told: float, seen: float
    ) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        await bench.jobs.renew([Renewal(job.id, 1, told)], NOW + 20)
        found = await bench.jobs.find(job.digest, job.account_id)
        assert found is not None
        assert found.progress == seen

    async def test_whoever_lost_a_lease_is_told(self, bench: Bench) -> None:
        await bench.added()
        first = (await bench.claimed(NOW)).job
        await bench.claimed(NOW + 11)
        lost = await bench.jobs.renew([Renewal(first.id, 1, 0.1)], NOW + 30)
        assert lost == {first.id}
        assert await bench.jobs.renew([Renewal("f" * 32, 1, 0.1)], NOW + 30) == {"f" * 32}

    @pytest.mark.parametrize("counted", [True, False])
    async def test_a_job_that_was_given_back_waits_again(
        self, bench: Bench, *, counted: bool
    ) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        await bench.jobs.give_back(job.id, 1, counted=counted)
        found = await bench.jobs.find(job.digest, job.account_id)
        assert found is not None
        assert (found.state, found.started_at) == (JobState.QUEUED, None)
        again = (await bench.claimed(NOW)).job
        assert (again.attempts, again.lease) == (2 if counted else 1, 2)
        await bench.jobs.give_back(job.id, 1, counted=counted)  # by a worker that lost it
        assert await bench.jobs.claim(NOW + 1, NOW + 20) is None

    async def test_the_job_at_an_engine_elsewhere_is_known_until_the_job_ends(
        self, bench: Bench
    ) -> None:
        await bench.added()
        first = await bench.claimed(NOW)
        assert first.remote is None
        await bench.jobs.note_remote(first.job.id, 1, b"sealed id")
        await bench.jobs.give_back(first.job.id, 1, counted=False)
        await bench.jobs.note_remote(first.job.id, 1, b"of a worker that gave it back")
        second = await bench.claimed(NOW)
        assert second.remote == b"sealed id"
        await bench.jobs.note_remote(first.job.id, 1, b"of a worker that lost it")
        await bench.jobs.note_remote(first.job.id, 2, b"another sealed id")
        await bench.jobs.reopen()
        assert (await bench.claimed(NOW)).remote == b"another sealed id"

    async def test_after_a_restart_no_lease_is_left(self, bench: Bench) -> None:
        await bench.added()
        await bench.claimed(NOW)
        await bench.jobs.reopen()
        assert (await bench.claimed(NOW)).job.lease == 2

    async def test_a_success_is_charged_and_takes_the_place_of_the_request(
        self, bench: Bench
    ) -> None:
        await bench.added()
        claimed = await bench.claimed(NOW)
        await bench.end(claimed.job, at=NOW + 3)
        found = await bench.jobs.find(claimed.job.digest, claimed.job.account_id)
        assert found == replace(
            claimed.job,
            state=JobState.DONE,
            ended_at=NOW + 3,
            execution_ms=1_000,
            progress=1.0,
        )
        assert await bench.jobs.result(claimed.job.id) == b"result " + claimed.job.id.encode()
        assert await bench.balance(claimed.job.account_id) == 965
        assert list(await bench.jobs.unfinished()) == []
        assert await bench.jobs.claim(NOW + 99, NOW + 100) is None

    async def test_a_failure_costs_nothing_and_says_why(self, bench: Bench) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        await bench.end(job, JobFailure.TIMEOUT)
        found = await bench.jobs.find(job.digest, job.account_id)
        assert found is not None
        assert (found.state, found.failure) == (JobState.FAILED, JobFailure.TIMEOUT)
        assert await bench.jobs.result(job.id) is None
        assert await bench.balance(job.account_id) == 1_000

    @pytest.mark.parametrize("failure", [None, JobFailure.ENGINE])
    async def test_a_job_ends_once(self, bench: Bench, failure: JobFailure | None) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        await bench.end(job, failure)
        for again in (None, JobFailure.TIMEOUT):
            with pytest.raises(AlreadyEnteredError):
                await bench.end(job, again)
        assert await bench.balance(job.account_id) == (965 if failure is None else 1_000)
        found = await bench.jobs.find(job.digest, job.account_id)
        assert found is not None
        assert found.failure is failure

    @pytest.mark.parametrize("failure", [None, JobFailure.ENGINE])
    async def test_a_worker_that_lost_its_lease_ends_nothing(
        self, bench: Bench, failure: JobFailure | None
    ) -> None:
        await bench.added()
        lost = (await bench.claimed(NOW)).job
        held = (await bench.claimed(NOW + 11)).job
        with pytest.raises(AlreadyEnteredError):
            await bench.end(lost, failure)
        assert await bench.balance(lost.account_id) == 1_000
        await bench.end(held)
        assert await bench.balance(lost.account_id) == 965

    async def test_a_charge_that_is_refused_leaves_the_job_as_it_was(self, bench: Bench) -> None:
        await bench.added()
        job = (await bench.claimed(NOW)).job
        await bench.journal.write(bench.charge(job))
        with pytest.raises(AlreadyEnteredError):
            await bench.end(job)
        assert await bench.jobs.find(job.digest, job.account_id) == job
        assert await bench.jobs.result(job.id) is None

    async def test_jobs_that_end_at_once_do_not_disturb_each_other(self, bench: Bench) -> None:
        jobs = []
        for _ in range(3):
            await bench.added()
            jobs.append((await bench.claimed(NOW)).job)
        stale = replace(jobs[1], lease=9)
        writes = [
            bench.journal.write(
                bench.charge(job),
                None,
                JobEnd(job_id=job.id, lease=job.lease, ended_at=NOW, result=b"r"),
            )
            for job in (jobs[0], stale, jobs[2])
        ]
        await writes[0]
        with pytest.raises(AlreadyEnteredError):
            await writes[1]
        await writes[2]
        assert await bench.balance(jobs[0].account_id) == 930

    async def test_only_what_has_ended_is_deleted(self, bench: Bench) -> None:
        await bench.added()
        assert not await bench.jobs.delete((await bench.jobs.unfinished())[0].id)
        job = (await bench.claimed(NOW)).job
        assert not await bench.jobs.delete(job.id)
        await bench.end(job)
        assert await bench.jobs.delete(job.id)
        assert not await bench.jobs.delete(job.id)
        assert await bench.jobs.find(job.digest, job.account_id) is None
        assert await bench.jobs.result(job.id) is None
        assert await bench.balance(job.account_id) == 965

    async def test_what_ended_long_ago_is_deleted(self, bench: Bench) -> None:
        for failure in (None, JobFailure.ENGINE, None):
            await bench.added()
            job = (await bench.claimed(NOW)).job
            await bench.end(job, failure, at=NOW if failure else NOW + 5)
        await bench.added()
        assert await bench.jobs.delete_ended(NOW + 5) == 1
        assert await bench.jobs.delete_ended(NOW + 6) == 2
        assert await bench.jobs.delete_ended(NOW + 6) == 0
        assert len(await bench.jobs.unfinished()) == 1

    async def test_the_time_of_the_last_jobs_is_averaged_by_model(self, bench: Bench) -> None:
        assert await bench.jobs.average_ms("toy-camera") is None
        for took_ms in (1_000, 2_000, 3_000):
            await bench.added()
            job = (await bench.claimed(NOW)).job
            ending = JobEnd(job_id=job.id, lease=1, ended_at=NOW, execution_ms=took_ms, result=b"r")
            await bench.journal.write((), None, ending)
            await bench.jobs.delete(job.id)
        assert await bench.jobs.average_ms("toy-camera") == 2_000
        assert await bench.jobs.average_ms("another") is None

    async def test_an_account_sees_its_jobs_with_what_they_cost_the_newest_first(
        self, bench: Bench
    ) -> None:
        oldest = await bench.added(made_at=NOW - 3)
        failed = await bench.added(made_at=NOW - 2)
        queued = await bench.added(made_at=NOW - 1)
        foreign = await bench.added(account=1)
        for job, failure in ((oldest, None), (failed, FREE_AGAIN)):
            claimed = await bench.claimed(after=bench.accounts[1][0])
            assert claimed.job.id == job.id
            await bench.end(claimed.job, failure)
        ours, theirs = (account_id for account_id, _ in bench.accounts)
        reports = await bench.jobs.of_account(ours, 10)
        assert [(one.job.id, one.job.state) for one in reports] == [
            (queued.id, JobState.QUEUED),
            (failed.id, JobState.FAILED),
            (oldest.id, JobState.DONE),
        ]
        assert [one.funds for one in reports] == [Funds(usd=30, diem=5), Funds(), Funds(usd=35)]
        assert [one.job.id for one in await bench.jobs.of_account(theirs, 10)] == [foreign.id]
        assert [one.job.id for one in await bench.jobs.of_account(ours, 2)] == [
            queued.id,
            failed.id,
        ]
        assert not await bench.jobs.of_account(999, 10)

    async def test_jobs_are_counted_by_model_and_state(self, bench: Bench) -> None:
        await bench.added(made_at=NOW - 1)
        await bench.added(1, model="other")
        await bench.claimed(NOW)
        assert dict(await bench.jobs.counts()) == {
            ("toy-camera", JobState.RUNNING): 1,
            ("other", JobState.QUEUED): 1,
        }

    async def test_an_idempotency_key_is_kept_until_its_job_fails(self, bench: Bench) -> None:
        job = await bench.added()
        key = IdempotencyKey(b"k" * 32, b"b" * 32)
        record = IdempotencyRecord(job.account_id, key, job.id, NOW)
        await bench.journal.acquire(record)
        await bench.journal.purge(NOW - 1, uncharged=True)
        again = replace(record, call_id="e" * 32)
        assert (await bench.journal.acquire(again)).call_id == job.id
        await bench.end((await bench.claimed(NOW)).job, FREE_AGAIN)
        assert (await bench.journal.acquire(again)).call_id == again.call_id

    async def test_what_the_store_cannot_hold_is_refused(self, bench: Bench) -> None:
        job = await bench.added()
        fresh = bench.job()
        for odd in (
            replace(fresh, id=job.id),
            replace(fresh, digest=job.digest),
            replace(fresh, digest=b"short"),
            replace(fresh, public_key=b""),
            replace(fresh, id="ab"),
            replace(fresh, account_id=987),
            replace(fresh, held=Funds(usd=2**63)),
            replace(fresh, held=Funds(usd=-1)),
        ):
            with pytest.raises(StorageFailedError):
                await bench.jobs.add(odd, b"sealed", LIMITS)
        assert list(await bench.jobs.unfinished()) == [job]
