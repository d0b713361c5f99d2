"""The ledger's promises over a journal whose awaited writes are cancelled at any point.

Subclass `CancelledWriteContract` as `Test...` and give it the fixture `world`, whose journal may stop a
write for good when its await is cancelled. The tests cancel natively, so no shield holds.
"""

import asyncio
from collections.abc import Coroutine

import pytest

from fondaco.domain.errors import KeyLimitReachedError
from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.ledger import EntryKind
from fondaco.domain.money.money import Currency, Funds
from money_world import World, charge, tokens

ROUNDS = 10
"""More rounds of the event loop than a write in memory takes."""
USD, DIEM = Currency.USD, Currency.DIEM

at_every_point = pytest.mark.parametrize("rounds", range(ROUNDS))


async def cancelled_after(rounds: int, work: Coroutine[object, object, object]) -> None:
    """Cancel a piece of work after so many rounds of the loop, and wait for its end."""
    task = asyncio.ensure_future(work)
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


class CancelledWriteContract:
    """The suite; a subclass has a fixture `world` whose account has no money."""

    @at_every_point
    async def test_a_cancelled_settlement_is_charged_once(self, world: World, rounds: int) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        await cancelled_after(rounds, hold.settle(charge(30, 4), tokens(4), 1))
        if rounds:  # else it had not begun, and whoever holds settles
            await world.ledger.retry()
        else:
            await hold.settle(charge(30, 4), tokens(4), 1)
        assert await world.charges() == [("sku-0", USD, 30), ("sku-1", USD, 4)]
        assert await world.balance() == Funds(usd=66)
        await world.crash()
        assert await world.balance() == Funds(usd=66)
        assert await world.findings() == []

    @at_every_point
    async def test_a_cancelled_retry_charges_once(self, world: World, rounds: int) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        await cancelled_after(1, hold.settle(charge(30), tokens(4), 1))
        await cancelled_after(rounds, world.ledger.retry())
        await world.ledger.close()
        assert await world.charges() == [("sku-0", USD, 30)]
        assert await world.balance() == Funds(usd=70)

    async def test_two_retries_at_once_charge_once(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        await cancelled_after(1, hold.settle(charge(30), tokens(4), 1))
        await asyncio.gather(*(world.ledger.retry() for _ in range(3)))
        assert await world.charges() == [("sku-0", USD, 30)]
        await world.hold(70)

    @at_every_point
    async def test_a_charge_waits_for_the_refill_that_pays_for_it(
        self, world: World, rounds: int
    ) -> None:
        await world.allocate(50)
        await cancelled_after(rounds, world.balance())
        hold = await world.hold(40)
        await hold.settle(charge(30), tokens(30), 1)
        assert await world.ledger.check() == 0  # nothing is in quarantine
        assert await world.charges() == [("sku-0", DIEM, 30)]
        assert await world.balance() == Funds(diem=20)
        await world.crash()
        assert await world.balance() == Funds(diem=20)
        refills = [e for e in await world.entries() if e.kind is EntryKind.REFILL]
        assert [refill.amount for refill in refills] == [50]
        assert await world.findings() == []

    @at_every_point
    async def test_a_refill_cancelled_at_midnight_counts_once(
        self, world: World, rounds: int
    ) -> None:
        await world.allocate(50)
        await (await world.hold(40)).settle(charge(40), tokens(40), 1)
        world.clock.at += SECONDS
        await cancelled_after(rounds, world.balance())
        assert await world.balance() == Funds(diem=50)
        await (await world.hold(50)).settle(charge(50), tokens(50), 1)
        assert await world.ledger.check() == 0
        await world.crash()
        assert await world.balance() == Funds()
        assert await world.findings() == []

    @at_every_point
    async def test_a_cancelled_charge_counts_against_a_limit_that_is_set_later(
        self, world: World, rounds: int
    ) -> None:
        await world.grant(100)
        hold = await world.hold(8)
        await cancelled_after(1 + rounds, hold.settle(charge(8), tokens(8), 1))
        await world.hold(2, limit=ConsumptionLimit(usd=10))
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=ConsumptionLimit(usd=10))

    @at_every_point
    async def test_a_charge_cancelled_while_a_limit_is_read_counts_against_it(
        self, world: World, rounds: int
    ) -> None:
        await world.grant(100)
        hold, limit = await world.hold(8), ConsumptionLimit(usd=10)
        settling = asyncio.ensure_future(hold.settle(charge(8), tokens(8), 1))
        limited = asyncio.ensure_future(world.hold(2, limit=limit))
        for _ in range(rounds):
            await asyncio.sleep(0)
        settling.cancel()
        await asyncio.wait([settling, limited])
        if hold.call.id in {one.call.id for one in world.ledger.open_holds}:
            await hold.settle(charge(8), tokens(8), 1)
        limited.result()
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=limit)

    async def test_what_cannot_be_written_after_all_stops_admission(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        await cancelled_after(1, hold.settle(charge(30), tokens(4), 1))
        world.journal.broken = True
        await world.ledger.retry()
        world.journal.broken = False
        await world.ledger.retry()
        assert await world.charges() == [("sku-0", USD, 30)]
        await world.hold(70)
