"""What the ledger promises over any journal, as a suite to be run against each of them.

Subclass `LedgerContract` as `Test...` and give it the fixture `world`.
"""

from dataclasses import fields, replace

import anyio
import pytest

from fondaco.domain.errors import (
    AlreadyEnteredError,
    InsufficientBalanceError,
    NotFoundError,
    StorageFailedError,
)
from fondaco.domain.money.call import Call
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.price import FREE, Charge
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.hold import CLAMPED, Hold
from money_world import Counter, World, charge, charge_of, tokens

USD, DIEM = Currency.USD, Currency.DIEM


class LedgerContract:
    """The suite; a subclass has a fixture `world` whose account has no money."""

    async def test_60_calls_at_once_with_money_for_10_admit_exactly_10(self, world: World) -> None:
        await world.grant(104)
        admitted: list[Hold] = []
        refused: list[InsufficientBalanceError] = []

        async def call() -> None:
            try:
                admitted.append(await world.hold(10))
            except InsufficientBalanceError as error:
                refused.append(error)

        async with anyio.create_task_group() as calls:
            for _ in range(60):
                calls.start_soon(call)
        assert (len(admitted), len(refused)) == (10, 50)
        assert world.journal.standings == 1  # all of them shared the first look

    async def test_a_settled_call_leaves_the_rest_of_its_hold(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        with pytest.raises(InsufficientBalanceError):
            await world.hold(11)
        assert await hold.settle(charge(30, 4), tokens(4), 17) == Funds(usd=34)
        assert await world.balance() == Funds(usd=66)
        await world.hold(66)

    async def test_an_entry_says_what_it_was_for(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(90)
        usage = Usage(7, 2, 5, 1)
        await hold.settle(charge(30), usage, 17, "cut off by the caller")
        entered = replace((await world.entries())[-1], epoch=None)
        assert entered == Entry(
            account_id=world.account_id,
            kind=EntryKind.CHARGE,
            currency=USD,
            amount=-30,
            at=world.clock.now(),
            call_id=hold.call.id,
            key_id=world.key_id,
            sku="sku-0",
            units=30,
            unit_price=1_000_000,
            usage=usage,
            execution_ms=17,
            notes="cut off by the caller",
        )

    async def test_a_charge_beyond_the_hold_is_cut_and_says_so(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        assert await hold.settle(charge(30, 10), tokens(4), 1, "whole") == Funds(usd=10)
        assert await world.charges() == [("sku-0", USD, 7), ("sku-1", USD, 3)]
        assert (await world.entries())[-1].notes == f"whole; {CLAMPED}"

    async def test_a_second_settlement_changes_nothing(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(10)
        await hold.settle(charge(3), tokens(3), 1)
        assert await hold.settle(charge(9), tokens(9), 1) == Funds(usd=3)
        assert await world.charges() == [("sku-0", USD, 3)]
        assert await world.balance() == Funds(usd=97)

    async def test_one_call_id_is_charged_once_whatever_holds_it(self, world: World) -> None:
        await world.grant(100)
        call = Call("c" * 32, world.account_id, world.key_id, world.clock.now())
        holds = [await world.ledger.hold(call, "toy", 10, Counter()) for _ in range(2)]
        await holds[0].settle(charge(3), tokens(3), 1)
        with pytest.raises(AlreadyEnteredError):
            await holds[1].settle(charge(4), tokens(4), 1)
        assert await world.balance() == Funds(usd=97)
        await world.hold(97)

    async def test_a_call_that_delivered_nothing_leaves_no_trace(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(100)
        assert await hold.settle(FREE, Usage(), 3) == Funds()
        assert await world.charges() == []
        await world.hold(100)

    async def test_a_free_model_is_metered_without_money(self, world: World) -> None:
        hold = await world.hold(0)
        await hold.settle(charge(0), tokens(5), 1)
        assert await world.charges() == [("sku-0", USD, 0)]

    async def test_diem_pays_first_and_a_row_on_the_border_is_split(self, world: World) -> None:
        await world.allocate(50)
        await world.grant(100)
        hold = await world.hold(120)
        assert hold.funds == Funds(usd=70, diem=50)
        await hold.settle(charge(40, 30), tokens(30), 1)
        assert await world.charges() == [
            ("sku-0", DIEM, 40),
            ("sku-1", DIEM, 10),
            ("sku-1", USD, 20),
        ]
        assert [e.units for e in (await world.entries())[-2:]] == [10, 20]
        assert await world.balance() == Funds(usd=80)

    async def test_an_unknown_account_is_not_found(self, world: World) -> None:
        with pytest.raises(NotFoundError):
            await world.ledger.balance(999)

    async def test_diem_is_refilled_to_the_allocation_once_an_epoch(self, world: World) -> None:
        await world.allocate(50)
        await (await world.hold(20)).settle(charge(20), tokens(20), 1)
        assert await world.balance() == Funds(diem=30)
        world.clock.at += SECONDS
        assert await world.balance() == Funds(diem=50)
        await world.crash()
        assert await world.balance() == Funds(diem=50)
        refills = [e.amount for e in await world.entries() if e.kind is EntryKind.REFILL]
        assert refills == [50, 20]

    async def test_an_untouched_allocation_is_not_refilled_twice(self, world: World) -> None:
        await world.allocate(50)
        await world.balance()
        world.clock.at += SECONDS
        await (await world.hold(20)).settle(charge(20), tokens(20), 1)
        await world.crash()
        assert await world.balance() == Funds(diem=30)

    async def test_the_epoch_never_goes_back(self, world: World) -> None:
        await world.allocate(50)
        await (await world.hold(20)).settle(charge(20), tokens(20), 1)
        world.clock.set_back_s = 3 * SECONDS
        assert await world.balance() == Funds(diem=30)
        await world.crash()
        assert await world.balance() == Funds(diem=30)

    async def test_a_smaller_allocation_expires_the_rest_at_the_epoch(self, world: World) -> None:
        await world.allocate(50)
        await world.balance()
        await world.allocate(20)
        assert await world.balance() == Funds(diem=50)
        world.clock.at += SECONDS
        assert await world.balance() == Funds(diem=20)
        last = (await world.entries())[-1]
        assert (last.kind, last.amount) == (EntryKind.EXPIRY, -30)

    async def test_a_call_over_midnight_spends_the_diem_of_its_epoch(self, world: World) -> None:
        await world.allocate(50)
        old = await world.hold(40)
        world.clock.at += SECONDS
        assert await world.balance() == Funds(diem=50)
        new = await world.hold(50)
        await old.settle(charge(15), tokens(15), 1)
        assert await world.balance() == Funds(diem=50)
        await new.settle(charge(10), tokens(10), 1)
        assert await world.balance() == Funds(diem=40)
        assert await world.findings() == []
        assert (await world.entries())[-2].kind is EntryKind.EXPIRY

    async def test_a_refill_during_a_settlement_counts_its_diem_once(self, world: World) -> None:
        await world.allocate(50)
        hold = await world.hold(40)
        world.clock.at += SECONDS
        async with anyio.create_task_group() as together:
            together.start_soon(hold.settle, charge(15), tokens(15), 1)
            together.start_soon(world.balance)
        assert await world.balance() == Funds(diem=50)
        assert await world.findings() == []

    async def test_grants_from_outside_are_seen_once(self, world: World) -> None:
        await world.grant(10)
        hold = await world.hold(10)
        await world.grant(5)
        assert await world.balance() == Funds(usd=15)
        await hold.settle(charge(10), tokens(10), 1)
        assert await world.balance() == Funds(usd=5)
        await world.crash()
        assert await world.balance() == Funds(usd=5)

    async def test_an_allocation_from_outside_is_seen(self, world: World) -> None:
        assert await world.balance() == Funds()
        await world.allocate(7)
        assert await world.balance() == Funds(diem=7)

    async def test_a_short_call_is_never_noted(self, world: World) -> None:
        await world.grant(10)
        hold = await world.hold(10)
        world.clock.at += 0.4
        world.ledger.note_progress()
        assert not await world.journal.open_calls()
        await hold.settle(charge(1), tokens(1), 1)

    async def test_what_a_crash_left_open_is_charged_as_last_noted(self, world: World) -> None:
        await world.grant(1000)
        meter = Counter()
        await world.hold(900, meter)
        world.clock.at += 0.6
        meter.usage = tokens(10)
        world.ledger.note_progress()
        world.clock.at += 1
        meter.usage = tokens(20)
        world.ledger.note_progress()  # too soon to be noted again
        await world.crash()
        assert await world.ledger.recover(charge_of) == 1
        assert await world.charges() == [("sku-0", USD, 10)]
        assert (await world.entries())[-1].notes == "settled after a restart"
        assert await world.balance() == Funds(usd=990)
        await world.crash()
        assert await world.ledger.recover(charge_of) == 0

    @pytest.mark.parametrize(("seconds", "produced"), [(2, 11), (0.5, 10 + 256)])
    async def test_progress_is_noted_every_2_s_or_256_tokens(
        self, world: World, seconds: float, produced: int
    ) -> None:
        await world.grant(1000)
        meter = Counter(tokens(10))
        await world.hold(900, meter)
        for passed, output in ((0.5, 10), (seconds, produced)):
            world.clock.at += passed
            meter.usage = tokens(output)
            world.ledger.note_progress()
        (noted,) = await world.journal.open_calls()
        assert noted.usage == tokens(produced)

    async def test_every_unit_of_usage_outlives_a_crash(self, world: World) -> None:
        await world.grant(1000)
        used = Usage(*range(1, 1 + len(fields(Usage))))
        await world.hold(900, Counter(used))
        world.clock.at += 0.6
        world.ledger.note_progress()
        await world.crash()
        (left,) = await world.journal.open_calls()
        assert left.usage == used
        assert await world.ledger.recover(lambda _, usage: charge(*usage.units)) == 1
        assert await world.balance() == Funds(usd=1000 - sum(used.units))

    async def test_a_noted_call_that_settles_is_open_no_longer(self, world: World) -> None:
        await world.grant(1000)
        holds = [await world.hold(100) for _ in range(2)]
        world.clock.at += 0.5
        world.ledger.note_progress()
        await holds[0].settle(charge(5), tokens(5), 1)
        await holds[1].settle(FREE, Usage(), 1)
        assert not await world.journal.open_calls()

    async def test_an_orphan_of_yesterday_spends_yesterdays_diem(self, world: World) -> None:
        await world.allocate(50)
        await world.hold(40, Counter(tokens(15)))
        world.clock.at += SECONDS
        assert await world.balance() == Funds(diem=50)  # the refill notes what lies outside of it
        await world.crash()
        await world.ledger.recover(charge_of)
        assert await world.balance() == Funds(diem=50)
        assert await world.charges() == [("sku-0", DIEM, 15)]
        assert await world.findings() == []

    async def test_without_storage_nothing_is_sold_and_nothing_is_lost(self, world: World) -> None:
        await world.grant(100)
        hold, other = await world.hold(60), await world.hold(10)
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await hold.settle(charge(30), tokens(30), 1)
        with pytest.raises(StorageFailedError):
            await world.hold(1)
        with pytest.raises(StorageFailedError):
            await other.settle(charge(5), tokens(5), 1)
        await world.ledger.retry()
        with pytest.raises(StorageFailedError):
            await world.hold(1)
        world.journal.broken = False
        await world.ledger.retry()
        assert await world.charges() == [("sku-0", USD, 30), ("sku-0", USD, 5)]
        assert await world.balance() == Funds(usd=65)
        await world.hold(65)

    async def test_a_refill_that_cannot_be_written_is_made_later(self, world: World) -> None:
        await world.allocate(50)
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await world.hold(10)
        world.journal.broken = False
        await world.ledger.retry()
        await world.hold(50)
        assert await world.balance() == Funds(diem=50)
        assert await world.findings() == []

    async def test_closing_waits_for_every_charge(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(60)
        async with anyio.create_task_group() as settling:
            settling.start_soon(hold.settle, charge(30), tokens(30), 1)
            await anyio.lowlevel.checkpoint()
            await world.ledger.close()
            assert await world.charges() == [("sku-0", USD, 30)]

    async def test_closing_without_storage_is_an_error(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(60)
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await hold.settle(charge(30), tokens(30), 1)
        with pytest.raises(StorageFailedError):
            await world.ledger.close()

    async def test_the_books_add_up_after_calls_of_all_kinds(self, world: World) -> None:
        await world.allocate(50)
        await world.grant(1000)
        for amount, made in ((100, charge(60)), (9, charge(20)), (30, FREE), (0, Charge())):
            await (await world.hold(amount)).settle(made, tokens(1), 1)
        assert await world.findings() == []
        assert await world.balance() == Funds(usd=981)
