"""Admission while its caller goes away: whatever is cancelled leaves neither a claim nor a count."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from fondaco.domain.errors import RepeatedCallError, StorageFailedError
from fondaco.domain.money.call import Call, IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.ports import Journal
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

    def __init__(self, journal: Journal, account_id: int = ACCOUNT) -> None:
        self.clock = TestClock()
        tiers = {"paid": Tier("paid", {"small": RateLimits(MANY, MANY, MANY)})}
        self.limits = SlidingWindowLimiter(tiers, self.clock)
        self.idempotency = IdempotencyStore(journal, b"pepper", self.clock)
        self.call = Call("ab" * 16, account_id, "cd" * 16, self.clock.now(), idempotency_key=ONCE)

    async def run(self, call: Call, ran: list[str]) -> None:
        async with Admission(self.limits, self.idempotency, call, TOY, 10) as admission:
            ran.append(call.id)
            admission.begun = True
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


class Committing(MemoryJournal):
    """Commits a claim at once, and is slow to say so."""

    def __init__(self) -> None:
        super().__init__()
        self.committed = asyncio.Event()
        self.broken = False

    async def claim(self, claim: IdempotencyRecord) -> IdempotencyRecord:
        snapshot = await super().claim(claim)
        if not self.committed.is_set():
            self.committed.set()
            await asyncio.sleep(3600)
        return snapshot

    async def release(self, claim: IdempotencyRecord) -> None:
        if self.broken:
            raise StorageFailedError
        await super().release(claim)


async def test_a_hang_up_while_its_claim_commits_takes_the_claim_along() -> None:
    journal = Committing()
    one, ran = Desk(journal), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    await journal.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    await one.run(replace(one.call, id="ef" * 16), ran)
    assert ran == ["ef" * 16]


async def test_a_claim_that_cannot_be_released_goes_with_the_next_repeat() -> None:
    journal = Committing()
    journal.broken = True
    one, ran = Desk(journal), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    await journal.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    journal.broken = False
    await one.run(replace(one.call, id="ef" * 16), ran)
    assert ran == ["ef" * 16]


async def test_of_two_repeats_that_release_it_at_a_time_one_runs() -> None:
    journal = Committing()
    journal.broken = True
    one, ran = Desk(journal), list[str]()
    first = asyncio.ensure_future(one.run(one.call, ran))
    await journal.committed.wait()
    first.cancel()
    await asyncio.wait([first])
    journal.broken = False
    idempotency = [one.run(replace(one.call, id=name * 16), ran) for name in ("ef", "fe")]
    outcomes = await asyncio.gather(*idempotency, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RepeatedCallError]
    assert len(ran) == 1
