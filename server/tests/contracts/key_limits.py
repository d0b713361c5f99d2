"""What the ledger promises about the limits of keys, over any journal.

Subclass `KeyLimitContract` as `Test...` and give it the fixture `world`.
"""

import anyio
import pytest

from fondaco.domain.errors import InsufficientBalanceError, KeyLimitReachedError
from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import FREE
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.hold import Hold
from money_world import Counter, World, charge, charge_of, tokens

TEN = ConsumptionLimit(usd=10)


class KeyLimitContract:
    """The suite; a subclass has a fixture `world` whose account has no money and two keys."""

    async def test_60_calls_at_once_on_a_limit_for_10_admit_exactly_10(self, world: World) -> None:
        await world.grant(1000)
        admitted: list[Hold] = []
        refused: list[KeyLimitReachedError] = []

        async def call() -> None:
            try:
                admitted.append(await world.hold(10, limit=ConsumptionLimit(usd=104)))
            except KeyLimitReachedError as error:
                refused.append(error)

        async with anyio.create_task_group() as calls:
            for _ in range(60):
                calls.start_soon(call)
        assert (len(admitted), len(refused)) == (10, 50)

    async def test_what_a_key_spent_stays_spent(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(8, limit=TEN)
        await hold.settle(charge(6), tokens(6), 1)
        await world.hold(4, limit=TEN)
        with pytest.raises(KeyLimitReachedError, match="00:00 UTC"):
            await world.hold(1, limit=TEN)

    async def test_a_limit_is_of_one_key(self, world: World) -> None:
        await world.grant(100)
        await world.hold(10, limit=TEN)
        await world.hold(10, limit=TEN, key=1)

    async def test_the_account_has_to_have_the_money_too(self, world: World) -> None:
        await world.grant(5)
        with pytest.raises(InsufficientBalanceError) as refusal:
            await world.hold(6, limit=TEN)
        assert type(refusal.value) is InsufficientBalanceError

    async def test_a_limit_in_diem_leaves_the_rest_to_usd(self, world: World) -> None:
        await world.allocate(50)
        await world.grant(100)
        hold = await world.hold(30, limit=ConsumptionLimit(diem=20))
        assert hold.funds == Funds(usd=10, diem=20)

    async def test_a_limit_of_nothing_permits_what_costs_nothing(self, world: World) -> None:
        nothing = ConsumptionLimit(usd=0, diem=0)
        await (await world.hold(0, limit=nothing)).settle(FREE, Usage(), 1)
        await world.grant(10)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=nothing)

    async def test_a_limit_refills_with_the_epoch(self, world: World) -> None:
        await world.grant(100)
        await (await world.hold(10, limit=TEN)).settle(charge(10), tokens(10), 1)
        world.clock.at += SECONDS
        await world.hold(10, limit=TEN)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=TEN)

    async def test_a_call_over_midnight_counts_in_the_epoch_of_its_admission(
        self, world: World
    ) -> None:
        await world.grant(100)
        late = await world.hold(10, limit=TEN)
        world.clock.at += SECONDS
        await late.settle(charge(10), tokens(10), 1)
        hold = await world.hold(10, limit=TEN)
        await hold.settle(charge(3), tokens(3), 1)
        assert await world.journal.spent(world.key_id, late.epoch) == Funds(usd=10)
        assert await world.journal.spent(world.key_id, hold.epoch) == Funds(usd=3)

    async def test_a_clock_set_back_gives_no_second_limit(self, world: World) -> None:
        await world.grant(100)
        world.clock.at += SECONDS
        await world.hold(10, limit=TEN)
        world.clock.set_back_s = SECONDS
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=TEN)

    async def test_a_limit_survives_a_crash(self, world: World) -> None:
        await world.grant(100)
        await (await world.hold(6, limit=TEN)).settle(charge(6), tokens(6), 1)
        await world.hold(4, Counter(tokens(3)), limit=TEN)
        world.clock.at += 0.6
        world.ledger.note_progress()
        await world.crash()
        await world.ledger.recover(charge_of)
        await world.hold(1, limit=TEN)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=TEN)

    async def test_calls_from_before_the_limit_was_set_count(self, world: World) -> None:
        await world.grant(100)
        await (await world.hold(4)).settle(charge(4), tokens(4), 1)
        running = await world.hold(5)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(2, limit=TEN)
        await world.hold(1, limit=TEN)
        await running.settle(charge(2), tokens(2), 1)
        await world.hold(3, limit=TEN)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=TEN)

    async def test_what_is_free_is_within_the_limit(self, world: World) -> None:
        await world.grant(100)
        assert (await world.hold(0, limit=TEN)).free == Funds(usd=10)
        await world.hold(7, limit=TEN)
        assert (await world.hold(0, limit=TEN)).free == Funds(usd=3)
        assert (await world.hold(0)).free == Funds(usd=93)
