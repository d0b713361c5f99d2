"""Admission that is cancelled at any point leaves neither an idempotency record nor a count."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from fondaco.domain.errors import RepeatedCallError, StorageFailedError
from fondaco.domain.money.call import Call, IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.ports import Idempotency
from fondaco.serving.admission.admission import Admission
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.tables.migrate import upgrade
from house import ACCOUNT, MANY, TOY
from money_world import MemoryWorld, SqliteWorld, TestClock, World

ONCE = IdempotencyKey(key_digest=b"k" * 32, body_digest=b"b" * 32)
ROUNDS = 16
"""More rounds of the loop than an admission in memory takes."""


class Desk:
    """Admissions over one journal, for an account that may call often."""

    def __init__(self, records: Idempotency, account_id: int = ACCOUNT) -> None:
        self.clock = TestClock()
        tiers = {"paid": Tier("paid", {"small": RateLimits(MANY, MANY, MANY)})}
        self.limits = SlidingWindowLimiter(tiers, self.clock)
        self.idempotency = IdempotencyStore(records, b"pepper", self.clock)
        self.call = Call("ab" * 16, account_id, "cd" * 16, self.clock.now(), idempotency_key=ONCE)

    async def run(self, call: Call, ran: list[str]) -> None:
        async with Admission(self.limits, self.idempotency, call, TOY, 10) as admission:
            ran.append(call.id)
            admission.held = True
            await admission.settle(10, charged=True)

    @property
    def counted(self) -> int:
        return MANY - self.limits.quota(self.call.account_id, "paid", TOY).remaining_requests


@pytest.fixture(params=["memory", "sqlite"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World]:
    if request.param == "memory":
        one: World = MemoryWorld()
    else:
        empty = tmp_path / "empty.sqlite3"
        upgrade(empty)
        one = SqliteWorld(tmp_path / "fondaco.sqlite3", empty)
    yield one
    await one.close()


@pytest.mark.parametrize("rounds", range(ROUNDS))
async def test_wherever_an_admission_is_cancelled_the_same_key_runs_once(
    world: World, rounds: int
) -> None:
    one, ran = Desk(world.journal, world.account_id), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    for _ in range(rounds):
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    again = replace(one.call, id="ef" * 16)
    if ran:
        with pytest.raises(RepeatedCallError):
            await one.run(again, ran)
    else:
        await one.run(again, ran)
    assert len(ran) == 1
    assert one.counted == 1


class SlowRecords(MemoryJournal):
    """Commits a record at once, and is slow to return."""

    def __init__(self) -> None:
        super().__init__()
        self.add_account(ACCOUNT)
        self.committed = asyncio.Event()
        self.broken = False

    async def acquire(self, record: IdempotencyRecord) -> IdempotencyRecord:
        held = await super().acquire(record)
        if not self.committed.is_set():
            self.committed.set()
            await asyncio.sleep(3600)
        return held

    async def release(self, record: IdempotencyRecord) -> None:
        if self.broken:
            raise StorageFailedError
        await super().release(record)


async def test_a_disconnect_while_the_record_commits_releases_the_key() -> None:
    records = SlowRecords()
    one, ran = Desk(records), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    with anyio.fail_after(30):
        await records.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    await one.run(replace(one.call, id="ef" * 16), ran)
    assert ran == ["ef" * 16]


async def test_a_record_that_cannot_be_released_is_released_by_the_next_repeat() -> None:
    records = SlowRecords()
    records.broken = True
    one, ran = Desk(records), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    with anyio.fail_after(30):
        await records.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    records.broken = False
    await one.run(replace(one.call, id="ef" * 16), ran)
    assert ran == ["ef" * 16]


async def test_of_two_repeats_that_release_it_at_a_time_one_runs() -> None:
    records = SlowRecords()
    records.broken = True
    one, ran = Desk(records), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    with anyio.fail_after(30):
        await records.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    records.broken = False
    idempotency = [one.run(replace(one.call, id=name * 16), ran) for name in ("ef", "fe")]
    outcomes = await asyncio.gather(*idempotency, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RepeatedCallError]
    assert len(ran) == 1
