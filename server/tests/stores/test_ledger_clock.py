"""Money goes by days, and no clock that jumps gives or takes one."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from fondaco.domain.errors import FondacoError, InsufficientBalanceError, KeyLimitReachedError
from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.epoch import SECONDS, epoch_of
from fondaco.domain.money.ledger import EntryKind, refilled_epoch
from fondaco.domain.money.money import Funds
from fondaco.serving.billing.ledger_clock import STEADY_S
from money_world import NOON, MemoryWorld, SqliteWorld, World, charge, charge_of, tokens

DAY = float(SECONDS)
HOUR = 3_600.0
YEARS = 73 * 365 * DAY
"""From the clocks of these tests to about 2097."""
LIMIT = ConsumptionLimit(usd=30)


def set_clock(world: World, ahead_s: float) -> None:
    """Set the machine's clock; the monotonic one knows nothing of it."""
    world.clock.set_back_s = -ahead_s


async def restart(world: World) -> None:
    await world.crash()
    await world.ledger.recover(charge_of)


async def spend(world: World, amount: int, *, limit: bool = False) -> None:
    hold = await (world.hold(amount, limit=LIMIT) if limit else world.hold(amount))
    await hold.settle(charge(amount), tokens(amount), 1)


async def expect_days_as_usual(world: World, days: int = 3, *, limited: bool = True) -> None:
    """Spend all DIEM, and all that the key may where it is `limited`, on each of some days."""
    for _ in range(days):
        world.clock.at += DAY
        balance = await world.balance()
        assert balance.diem == 50, "no refill"
        await world.grant(30)
        await spend(world, 50)
        with pytest.raises(InsufficientBalanceError):
            await world.hold((await world.balance()).usd + 1)
        await spend(world, 30, limit=limited)
        if limited:
            with pytest.raises(KeyLimitReachedError):
                await world.hold(1, limit=LIMIT)
    assert await world.findings() == []


@pytest.fixture(params=["memory", "sqlite"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path
) -> AsyncGenerator[World]:
    if request.param == "memory":
        world: World = MemoryWorld()
    else:
        world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
    await world.allocate(50)
    await world.grant(100)
    await spend(world, 10)
    yield world
    await world.close()


async def test_a_clock_briefly_in_2099_harms_no_account(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(world, YEARS)
    await spend(world, 10)
    assert await world.balance() == Funds(usd=100, diem=30)  # today's, as if nothing had been
    assert "clock_jumped reason=ahead" in caplog.text
    set_clock(world, 0)
    assert await world.balance() == Funds(usd=100, diem=30)
    assert {epoch_of(entry.at) for entry in await world.entries()} == {epoch_of(NOON)}
    await expect_days_as_usual(world)


async def test_one_jump_is_reported_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    set_clock(world, YEARS)
    for _ in range(20):
        world.clock.at += 1
        await spend(world, 1)
    assert caplog.text.count("clock_jumped") == 1


async def test_a_clock_briefly_in_1970_harms_no_account(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(world, -NOON)
    assert await world.balance() == Funds(usd=100, diem=40)
    assert "clock_jumped reason=behind" in caplog.text
    await restart(world)
    assert await world.balance() == Funds(usd=100, diem=40)
    assert "clock_jumped reason=behind_ledger" in caplog.text
    set_clock(world, 0)
    await expect_days_as_usual(world)


async def test_days_go_on_under_a_clock_that_is_wrong(world: World) -> None:
    set_clock(world, -400 * DAY)
    await expect_days_as_usual(world)
    set_clock(world, 0)
    await expect_days_as_usual(world)


@pytest.mark.parametrize("off_s", [2 * DAY, 30 * DAY, 400 * DAY])
async def test_a_server_that_was_off_goes_on_at_once(world: World, off_s: float) -> None:
    world.clock.at += off_s
    await restart(world)
    assert await world.balance() == Funds(usd=100, diem=50)
    assert epoch_of(world.ledger.clock.now()) == epoch_of(world.clock.at)
    await expect_days_as_usual(world)


async def test_a_start_in_2099_is_forgotten_once_the_clock_is_right(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(world, YEARS)
    await restart(world)
    assert "clock_jumped reason=ahead_of_ledger" in caplog.text
    await spend(world, 10)
    await spend(world, 30, limit=True)
    set_clock(world, 0)
    await expect_days_as_usual(world)


async def test_a_start_in_2099_is_forgotten_by_the_next_start(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(world, YEARS)
    await restart(world)
    await spend(world, 10)
    world.clock.at += 2 * DAY
    set_clock(world, 0)
    await restart(world)
    assert "clock_jumped reason=ledger_ahead" in caplog.text
    assert epoch_of(world.ledger.clock.now()) == epoch_of(world.clock.at)
    await expect_days_as_usual(world)


async def test_a_machine_that_slept_is_believed_after_an_hour(world: World) -> None:
    """Where the monotonic clock stands still meanwhile; until then, the day is as before."""
    set_clock(world, 10 * DAY)
    assert await world.balance() == Funds(usd=100, diem=40)
    world.clock.at += STEADY_S / 2
    assert await world.balance() == Funds(usd=100, diem=40)
    world.clock.at += STEADY_S / 2 + 1
    assert await world.balance() == Funds(usd=100, diem=50)
    assert epoch_of(world.ledger.clock.now()) == epoch_of(world.clock.now())
    await expect_days_as_usual(world)


async def test_a_clock_that_was_believed_wrongly_can_be_set_right(world: World) -> None:
    set_clock(world, YEARS)
    await world.balance()
    world.clock.at += STEADY_S + 1
    await spend(world, 20)
    assert epoch_of(world.ledger.clock.now()) > 40_000
    held = await world.hold(10)
    set_clock(world, 0)
    assert epoch_of(world.ledger.clock.now()) == epoch_of(world.clock.at)
    await held.settle(charge(5), tokens(5), 1)
    await expect_days_as_usual(world)


@pytest.mark.parametrize("hours", [-23, -2, 2, 23])
async def test_a_clock_set_by_hours_is_believed_at_once(
    world: World, caplog: pytest.LogCaptureFixture, hours: int
) -> None:
    set_clock(world, hours * HOUR)
    await spend(world, 1)
    assert world.ledger.clock.now() == world.clock.now()
    assert caplog.records == []
    world.clock.at += DAY  # set back, the day that has begun goes on so much longer
    await world.balance()
    await expect_days_as_usual(world)


async def test_the_same_day_is_refilled_once_however_the_clock_swings(world: World) -> None:
    for _ in range(5):
        for ahead_s in (-3 * DAY, 0.0, YEARS, 0.0):
            set_clock(world, ahead_s)
            await restart(world)
            await world.balance()
    refills = [refilled_epoch(e) for e in await world.entries() if e.kind is EntryKind.REFILL]
    assert refills.count(epoch_of(NOON)) == 1
    assert await world.balance() == Funds(
        usd=100, diem=50
    )  # the start in 2099 has refilled it once


async def test_a_day_that_a_wrong_clock_has_begun_before_is_refilled_all_the_same(
    world: World,
) -> None:
    set_clock(world, 3 * DAY)
    await restart(world)
    await spend(world, 20)
    set_clock(world, 0)
    await restart(world)
    await expect_days_as_usual(world, days=5)


moves = st.tuples(
    st.sampled_from((0.0, 1.0, HOUR, 7 * HOUR, DAY, 2.5 * DAY, 40 * DAY)),
    st.sampled_from((0.0, -HOUR, HOUR, -3 * DAY, 3 * DAY, -NOON, YEARS, 40 * DAY)),
    st.booleans(),
    st.integers(0, 20),
)
"""How much time passes, how far the clock is ahead then, whether the server starts anew, what is spent."""


async def live_through(
    world: World, passed_s: float, ahead_s: float, *, anew: bool, amount: int
) -> None:
    world.clock.at += passed_s
    set_clock(world, ahead_s)
    if anew:
        await restart(world)
    balance = await world.balance()
    assert min(balance.usd, balance.diem) >= 0
    try:
        await spend(world, amount)
    except FondacoError as error:
        assert isinstance(error, InsufficientBalanceError)  # noqa: PT017 - one kind only


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(moves, max_size=12), restarted=st.booleans())
@example(history=[(0.0, YEARS, True, 5), (DAY, -3 * DAY, True, 5)], restarted=False)
@example(history=[(0.0, 3 * DAY, True, 17), (0.0, -3 * DAY, True, 17)], restarted=True)
@example(history=[(0.0, -3 * DAY, True, 5), (DAY, YEARS, False, 5)], restarted=False)
def test_once_the_clock_is_right_days_are_as_usual(
    history: list[tuple[float, float, bool, int]], *, restarted: bool
) -> None:
    """Whatever it did before: two days later at most, and an account never goes below zero.

    Keys with limits are left out: what a key spends in a day that a wrong clock began counts in that day.
    """

    async def live() -> None:
        world = MemoryWorld()
        await world.allocate(50)
        await world.grant(100)
        await spend(world, 10)
        for move in history:
            await live_through(world, *move[:2], anew=move[2], amount=move[3])
        set_clock(world, 0)
        if restarted:
            await restart(world)
        await world.balance()
        world.clock.at += STEADY_S + 1
        await world.balance()
        world.clock.at += DAY
        await world.balance()
        await expect_days_as_usual(world, limited=False)

    logging.disable()
    try:
        asyncio.run(live())
    finally:
        logging.disable(logging.NOTSET)
