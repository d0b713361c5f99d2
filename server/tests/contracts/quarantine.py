"""What a journal promises about writes that can never succeed, and the ledger makes of it.

Subclass `QuarantineContract` as `Test...` and give it the fixture `world`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio
import pytest

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.call import Call
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall, Unwritable
from fondaco.domain.money.money import MOST, Currency, Funds
from fondaco.domain.money.price import FREE, Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.repair import REPAIRED
from money_world import NOON, Counter, World, charge, charge_of, tokens

HUGE = 10**30
NO_NUMBER = float("nan")
NEVER: dict[str, dict[str, Any]] = {
    "a charge that gives": {"amount": 1},
    "a grant that takes": {"kind": EntryKind.GRANT},
    "a grant of nothing": {"kind": EntryKind.GRANT, "amount": 0},
    "an expiry that gives": {"kind": EntryKind.EXPIRY, "amount": 1},
    "an amount of more bits than 64": {"amount": -HUGE},
    "an amount of 5,000 digits": {"amount": -(10**5000)},
    "more than there is": {"amount": -MOST},
    "a grant beyond what sums can hold": {"kind": EntryKind.GRANT, "amount": MOST},
    "a fraction": {"amount": -0.5},
    "an amount that is no number": {"amount": NO_NUMBER},
    "an amount that is text": {"amount": "-1"},
    "an amount that is nothing": {"amount": None},
    "negative units": {"units": -1},
    "units of 64 bits without a sign": {"units": 2**64 - 1},
    "a negative price": {"unit_price": -1},
    "a huge price": {"unit_price": HUGE},
    "tokens of 64 bits without a sign": {"usage": Usage(output_tokens=2**64 - 1)},
    "a fraction of a token": {"usage": Usage(reasoning_tokens=0.5)},  # type: ignore[arg-type]
    "a time that never was": {"at": NO_NUMBER},
    "a time without end": {"at": float("inf")},
    "a time beyond all": {"at": 1e300},
    "a duration beyond all": {"execution_ms": HUGE},
    "an unknown account": {"account_id": 999},
    "an account of more bits than 64": {"account_id": HUGE},
    "a call id that is none": {"call_id": "no id"},
    "a short call id": {"call_id": "ab"},
    "a key id that is none": {"key_id": "no id"},
    "half a sign": {"notes": "\ud800"},
    "half a sign in a sku": {"sku": "\udfff"},
    "an unknown currency": {"currency": "EUR"},
    "an unknown kind": {"kind": "gift"},
}


class Broken(Counter):
    """A meter that fails."""

    @property
    def usage(self) -> Usage:
        raise TypeError

    @usage.setter
    def usage(self, usage: Usage) -> None:
        pass


def entry(world: World, number: int = 1, **fields: Any) -> Entry:
    usual: dict[str, Any] = {
        "account_id": world.account_id,
        "kind": EntryKind.CHARGE,
        "currency": Currency.USD,
        "amount": -1,
        "at": NOON,
        "call_id": f"{number:032x}",
        "key_id": world.key_id,
        "sku": "toy",
        "usage": Usage(1, 0, 1, 0),
    }
    return Entry(**{**usual, **fields})


def open_call(world: World, **fields: Any) -> OpenCall:
    usual: dict[str, Any] = {
        "call_id": "c" * 32,
        "account_id": world.account_id,
        "key_id": world.key_id,
        "model": "toy",
        "opened_at": NOON,
        "held": Funds(usd=40),
        "epoch": 20_000,
        "usage": tokens(10),
    }
    return OpenCall(**{**usual, **fields})


async def outcome(world: World, entries: Sequence[Entry], closes: str | None = None) -> str:
    try:
        await world.journal.write(entries, closes)
    except StorageFailedError as error:
        return type(error).__name__
    return "written"


class QuarantineContract:
    """The suite; a subclass has a fixture `world` whose account has no money."""

    @pytest.mark.parametrize("fields", NEVER.values(), ids=NEVER)
    async def test_what_can_never_be_written_is_put_aside_alone(
        self, world: World, fields: dict[str, Any]
    ) -> None:
        await world.grant(100)
        outcomes: list[str] = []

        async def write(*entries: Entry) -> None:
            outcomes.append(await outcome(world, entries))

        async with anyio.create_task_group() as together:
            together.start_soon(write, entry(world, 1))
            together.start_soon(write, entry(world, 2), entry(world, 3, **fields))
            together.start_soon(write, entry(world, 4))
        assert sorted(outcomes) == ["WriteQuarantinedError", "written", "written"]
        assert [e.call_id for e in await world.entries() if e.call_id] == [
            f"{number:032x}" for number in (1, 4)
        ]
        assert await world.journal.check() == 1
        assert await world.findings() == []
        assert await outcome(world, (entry(world, 5),)) == "written"

    async def test_what_is_entered_already_is_not_put_aside(self, world: World) -> None:
        await world.grant(100)
        await world.journal.write((entry(world),))
        with pytest.raises(AlreadyEnteredError):
            await world.journal.write((entry(world),))
        with pytest.raises(AlreadyEnteredError):
            await world.journal.write((entry(world, 2), entry(world, 2)))
        assert await world.journal.check() == 0

    async def test_what_is_tried_again_is_put_aside_once(self, world: World) -> None:
        await world.grant(100)
        for _ in range(3):
            assert await outcome(world, (entry(world, units=-1),)) == "WriteQuarantinedError"
        assert await world.journal.check() == 1

    async def test_a_write_put_aside_closes_its_call(self, world: World) -> None:
        await world.grant(100)
        call = open_call(world)
        world.journal.record_progress((call,))
        assert [one.call_id for one in await world.journal.open_calls()] == [call.call_id]
        assert await outcome(world, (entry(world, amount=1),), call.call_id) != "written"
        assert not await world.journal.open_calls()

    @pytest.mark.parametrize(
        "fields",
        [
            {"held": Funds(usd=HUGE)},
            {"usage": Usage(input_tokens=HUGE)},
            {"usage": Usage(searches=None)},  # type: ignore[arg-type]
            {"opened_at": NO_NUMBER},
            {"opened_at": float("inf")},
            {"account_id": 999},
            {"call_id": "no id"},
            {"epoch": HUGE},
            {"epoch": 0.5},
            {"model": "\ud800"},
        ],
    )
    async def test_progress_that_can_never_be_written_is_dropped_alone(
        self, world: World, fields: dict[str, Any]
    ) -> None:
        good = open_call(world, call_id="d" * 32)
        world.journal.record_progress((open_call(world, **fields), good))
        assert await outcome(world, ()) == "written"
        assert list(await world.journal.open_calls()) == [good]

    async def test_uses_of_keys_that_can_never_be_written_are_dropped_alone(
        self, world: World
    ) -> None:
        world.journal.record_uses(
            {world.key_ids[0]: NO_NUMBER, "no id": NOON, world.key_ids[1]: NOON}
        )
        await world.grant(100)
        assert await outcome(world, (entry(world),)) == "written"

    async def test_an_open_call_can_be_put_aside(self, world: World) -> None:
        call = open_call(world)
        world.journal.record_progress((call,))
        await world.journal.quarantine_call(call, Unwritable.UNSETTLED)
        assert not await world.journal.open_calls()
        assert await world.journal.check() == 1

    # What the ledger makes of it.

    async def test_a_charge_put_aside_is_given_back(self, world: World) -> None:
        await world.grant(100)
        hold, other = await world.hold(60), await world.hold(30)
        broken = Charge((ChargeRow("\ud800", 1, 1, 20),))
        with pytest.raises(WriteQuarantinedError):
            await hold.settle(broken, tokens(4), 1)
        assert await world.balance() == Funds(usd=100)
        await world.hold(70)
        await other.settle(charge(30), tokens(30), 1)
        assert await world.balance() == Funds(usd=70)
        assert await world.ledger.check() == 1

    async def test_a_charge_kept_and_then_put_aside_is_given_back(self, world: World) -> None:
        await world.grant(100)
        hold = await world.hold(60)
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await hold.settle(Charge((ChargeRow("\ud800", 1, 1, 20),)), tokens(4), 1)
        with pytest.raises(StorageFailedError):
            await world.ledger.check()
        world.journal.broken = False
        await world.ledger.retry()
        assert await world.balance() == Funds(usd=100)
        assert await world.ledger.check() == 1
        await world.hold(100)

    async def test_what_waits_is_written_in_order(self, world: World) -> None:
        """A charge of DIEM may need the refill that the storage could not take before."""
        await world.allocate(50)
        old = await world.hold(10)
        world.clock.at += 86_400
        world.journal.broken = True
        with pytest.raises(StorageFailedError):
            await world.hold(1)
        world.journal.broken = False
        with pytest.raises(StorageFailedError):
            await old.settle(charge(10), tokens(1), 1)  # behind the refill
        await world.ledger.retry()
        assert await world.ledger.check() == 0
        assert await world.balance() == Funds(diem=50)
        assert await world.findings() == []

    async def test_memory_follows_the_journal_after_a_refusal(self, world: World) -> None:
        """Whatever made the two differ, the journal is right."""
        await world.grant(100)
        assert await world.balance() == Funds(usd=100)
        world.ledger._balances[world.account_id].usd = 1_000  # a defect of any kind
        hold = await world.hold(500)
        with suppress(WriteQuarantinedError):  # a store may confirm it first
            await hold.settle(charge(400), tokens(1), 1)
        await world.journal.write(())
        assert await world.balance() == Funds(usd=100)
        assert await world.ledger.check() == 1

    @pytest.mark.parametrize(
        "value", [-1, -(2**63), 2**31, 2**64 - 1, HUGE, 0.5, NO_NUMBER, None, "7"]
    )
    async def test_absurd_usage_is_charged_as_far_as_it_makes_sense(
        self, world: World, value: Any
    ) -> None:
        await world.grant(100)
        hold = await world.hold(60)
        rows = ChargeRow("in", value, 1, value), ChargeRow("out", 5, 1, 5)
        paid = await hold.settle(Charge(rows), Usage(value, value, 5, value), value or 0)
        assert 5 <= paid.total <= 60 if value != HUGE else paid.total == 60
        assert REPAIRED in (await world.entries())[-1].notes
        assert await world.balance() == Funds(usd=100) - paid
        assert await world.ledger.check() == 0
        assert await world.findings() == []

    async def test_a_meter_that_fails_stops_no_other_call(self, world: World) -> None:
        await world.grant(100)
        await world.hold(10, Broken())
        good = await world.hold(10, Counter(tokens(3)))
        world.clock.at += 1
        world.ledger.note_progress()
        assert [one.call_id for one in await world.journal.open_calls()] == [good.call.id]

    async def test_a_meter_that_fails_keeps_no_account_from_its_next_day(
        self, world: World
    ) -> None:
        await world.allocate(50)
        await world.hold(10, Broken())
        good = await world.hold(10, Counter(tokens(3)))
        world.clock.at += SECONDS
        await world.hold(50)
        assert [one.call_id for one in await world.journal.open_calls()] == [good.call.id]

    async def test_a_hold_whose_call_has_ended_is_released_and_reported(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.allocate(50)
        hold = await world.hold(40, Counter(tokens(3)))
        world.clock.at += 1
        world.ledger.note_progress()
        hold.release()
        assert not world.ledger.open_holds
        assert "hold_leaked" in caplog.text
        await world.hold(50)
        await world.ledger.retry()
        assert not await world.journal.open_calls()
        assert await world.charges() == []

    async def test_a_settled_hold_is_released_without_a_word(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.grant(100)
        hold = await world.hold(40)
        await hold.settle(charge(3), tokens(3), 1)
        hold.release()
        assert caplog.text == ""
        assert await world.balance() == Funds(usd=97)

    # Recovery.

    @pytest.mark.parametrize(
        "fields",
        [
            {"usage": Usage(-1, -1, -1, -1)},
            {"usage": Usage(MOST, MOST, MOST, MOST)},
            {"usage": Usage(output_tokens=MOST, searches=-MOST)},
            {"held": Funds(usd=-40)},
            {"held": Funds(usd=-MOST, diem=-MOST)},
            {"held": Funds(usd=MOST, diem=MOST)},
            {"epoch": 47_482},
            {"epoch": -1},
            {"opened_at": 4e9},
        ],
    )
    async def test_recovery_settles_whatever_an_earlier_version_left(
        self, world: World, fields: dict[str, Any]
    ) -> None:
        await world.grant(100)
        odd, good = open_call(world, **fields), open_call(world, call_id="d" * 32)
        world.journal.record_progress((odd, good))
        await world.journal.write(())
        await world.crash()
        assert await world.ledger.recover(charge_of) == 2
        assert not await world.journal.open_calls()
        assert not world.ledger.open_holds
        assert ("sku-0", Currency.USD, 10) in await world.charges()
        balance = await world.balance()
        assert 0 <= balance.usd <= 90
        await world.hold(balance.usd)
        assert await world.findings() == []

    async def test_recovery_puts_aside_what_it_cannot_settle(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.grant(100)
        odd = open_call(world, model="gone")
        world.journal.record_progress((odd, open_call(world, call_id="d" * 32)))
        await world.journal.write(())
        await world.crash()

        def price(model: str, usage: Usage) -> Charge:
            if model == "gone":
                raise ZeroDivisionError
            return charge_of(model, usage)

        assert await world.ledger.recover(price) == 1
        assert "recovery_failed" in caplog.text
        assert await world.charges() == [("sku-0", Currency.USD, 10)]
        assert await world.ledger.check() == 1
        assert await world.balance() == Funds(usd=90)
        await world.hold(90)
        await world.crash()
        assert await world.ledger.recover(price) == 0

    async def test_recovery_goes_on_where_a_charge_is_in_the_ledger(self, world: World) -> None:
        await world.grant(100)
        call = Call("c" * 32, world.account_id, world.key_id, NOON)
        hold = await world.ledger.hold(call, "toy", 10, Counter())
        await hold.settle(charge(3), tokens(3), 1)
        world.journal.record_progress((open_call(world), open_call(world, call_id="d" * 32)))
        await world.journal.write(())
        await world.crash()
        assert await world.ledger.recover(charge_of) == 1
        assert not await world.journal.open_calls()
        assert await world.balance() == Funds(usd=87)
        assert await world.ledger.check() == 1

    async def test_a_call_that_costs_nothing_leaves_nothing_behind(self, world: World) -> None:
        await world.grant(100)
        odd = open_call(world, usage=Usage(-5, 0, 0, 0))
        world.journal.record_progress((replace(odd, held=Funds(usd=-5)),))
        await world.journal.write(())
        await world.crash()
        assert await world.ledger.recover(lambda _model, _usage: FREE) == 1
        assert await world.balance() == Funds(usd=100)
