"""What the ledger promises about holds that are extended while their call runs.

Subclass `ExtendedHoldContract` as `Test...` and give it the fixture `world`.
"""

import anyio
import pytest

from fondaco.domain.errors import InsufficientBalanceError, KeyLimitReachedError, StorageFailedError
from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import AmountError, Currency, Funds
from fondaco.domain.money.price import FREE
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.hold import Hold
from money_world import Counter, World, charge, charge_of, tokens

USD = Currency.USD


class ExtendedHoldContract:
    """The suite; a subclass has a fixture `world` whose account has no money."""

    async def test_an_extended_hold_pays_for_more(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        await hold.extend(20)
        assert hold.funds == Funds(usd=30)
        assert hold.free == Funds(usd=70)
        with pytest.raises(InsufficientBalanceError):
            await world.hold(71)
        assert await hold.settle(charge(25), tokens(4), 1) == Funds(usd=25)
        assert await world.balance() == Funds(usd=75)
        await world.hold(75)
        assert await world.findings() == []

    async def test_a_refused_extension_reserves_nothing(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        with pytest.raises(InsufficientBalanceError):
            await hold.extend(91)
        assert hold.funds == Funds(usd=10)
        await world.hold(90)

    async def test_extensions_at_once_share_what_there_is(self, world: World) -> None:
        await world.grant(100)
        holds = [await world.hold(1) for _ in range(20)]
        refused: list[Hold] = []

        async def extend(hold: Hold) -> None:
            try:
                await hold.extend(20)
            except InsufficientBalanceError:
                refused.append(hold)

        async with anyio.create_task_group() as calls:
            for hold in holds:
                calls.start_soon(extend, hold)
        assert len(refused) == 16
        assert sum(hold.funds.total for hold in holds) == 100

    async def test_an_extension_takes_diem_first(self, world: World) -> None:
        await world.allocate(50)
        await world.grant(100)
        hold = await world.hold(40)
        await hold.extend(30)
        assert hold.funds == Funds(usd=20, diem=50)

    async def test_after_midnight_an_extension_is_paid_in_usd(self, world: World) -> None:
        await world.allocate(50)
        await world.grant(10)
        hold = await world.hold(40)
        world.clock.at += SECONDS
        assert await world.balance() == Funds(usd=10, diem=50)
        with pytest.raises(InsufficientBalanceError):
            await hold.extend(11)
        await hold.extend(10)
        assert hold.funds == Funds(usd=10, diem=40)
        await hold.settle(charge(45), tokens(45), 1)
        assert await world.balance() == Funds(usd=5, diem=50)
        assert await world.findings() == []

    @pytest.mark.parametrize("later_s", [0, SECONDS])
    @pytest.mark.parametrize("less", [0, 15, 45, 60])
    async def test_of_a_settlement_that_is_not_written_less_may_be_charged(
        self, world: World, *, later_s: int, less: int
    ) -> None:
        await world.allocate(50)
        await world.grant(100)
        limit = ConsumptionLimit(usd=60, diem=50)
        hold = await world.hold(80, limit=limit)
        world.clock.at += later_s
        before = await world.balance()
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await hold.settle(charge(60), tokens(60), 1)
        hold.reduce(charge(less), tokens(less), 1, "less")
        with pytest.raises(StorageFailedError):
            await world.hold(1)
        world.journal.broken = False
        await world.ledger.retry()
        usd = max(0, less - 50)
        diem = before.diem if later_s else 50 - min(50, less)
        assert await world.balance() == Funds(usd=100 - usd, diem=diem)
        assert sum(amount for *_, amount in await world.charges()) == less
        hold = await world.hold(60 - usd + diem, limit=limit) if not later_s else hold
        with pytest.raises((KeyLimitReachedError, InsufficientBalanceError)):
            await world.hold(1 if not later_s else 111, limit=limit)
        await world.crash()
        assert await world.balance() == Funds(usd=100 - usd, diem=diem)
        assert await world.findings() == []

    async def test_an_extension_keeps_to_the_limit_of_the_key(self, world: World) -> None:
        await world.grant(100)
        limit = ConsumptionLimit(usd=30)
        await (await world.hold(20, limit=limit)).settle(charge(5), tokens(5), 1)
        hold = await world.hold(10, limit=limit)
        with pytest.raises(KeyLimitReachedError):
            await hold.extend(16)
        await hold.extend(15)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=limit)
        await hold.settle(charge(7), tokens(7), 1)
        await world.hold(18, limit=limit)

    async def test_after_midnight_an_extension_keeps_to_the_limit_of_its_epoch(
        self, world: World
    ) -> None:
        await world.grant(100)
        limit = ConsumptionLimit(usd=30)
        old, other = [await world.hold(10, limit=limit) for _ in range(2)]
        world.clock.at += SECONDS
        new = await world.hold(30, limit=limit)
        await other.settle(charge(8), tokens(8), 1)
        with pytest.raises(KeyLimitReachedError):
            await old.extend(13)
        await old.extend(12)
        await old.settle(charge(22), tokens(22), 1)
        with pytest.raises(KeyLimitReachedError):
            await world.hold(1, limit=limit)
        await new.settle(charge(1), tokens(1), 1)
        await world.hold(29, limit=limit)
        assert await world.findings() == []

    async def test_a_crash_after_an_extension_charges_within_it(self, world: World) -> None:
        await world.grant(1000)
        meter = Counter(tokens(10))
        hold = await world.hold(10, meter)
        world.clock.at += 0.6
        world.ledger.note_progress()
        await hold.extend(100)
        meter.usage = Usage(output_tokens=60, searches=3)
        world.ledger.note_progress()
        (left,) = await world.journal.open_calls()
        assert (left.held, left.usage) == (Funds(usd=110), meter.usage)
        await world.crash()
        await world.ledger.recover(charge_of)
        assert await world.charges() == [("sku-0", USD, 60)]

    async def test_a_settled_call_is_not_extended(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        await hold.settle(FREE, Usage(), 1)
        with pytest.raises(RuntimeError):
            await hold.extend(1)
        await world.hold(100)

    async def test_without_storage_nothing_is_extended(self, world: World) -> None:
        await world.grant(100)
        hold, other = await world.hold(10), await world.hold(10)
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await other.settle(charge(5), tokens(5), 1)
        with pytest.raises(StorageFailedError):
            await hold.extend(1)
        assert hold.funds == Funds(usd=10)

    @pytest.mark.parametrize("amount", [-1, -(2**63), 2**63, 10**40, 1.0, True, None, "5"])
    async def test_what_is_no_amount_ends_its_call_alone(
        self, world: World, amount: object
    ) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        call = world.call()
        for reserve in (
            hold.extend,
            lambda amount: world.ledger.hold(call, "toy", amount, Counter()),
        ):
            with pytest.raises(AmountError):
                await reserve(amount)  # type: ignore[arg-type]  # as wrong code might
        assert hold.funds == Funds(usd=10)
        await world.hold(90)
