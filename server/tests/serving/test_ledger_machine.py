"""Any order of holds, settlements, epochs, failures and crashes, against a model of ten lines."""

import asyncio
import tempfile
from collections import Counter as Tally
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fondaco.domain.errors import InsufficientBalanceError, KeyLimitReachedError, StorageFailedError
from fondaco.domain.money.account import UNLIMITED, ConsumptionLimit
from fondaco.domain.money.epoch import SECONDS, epoch_of
from fondaco.domain.money.ledger import EntryKind, OpenCall
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import FREE
from fondaco.serving.billing.hold import Hold
from fondaco.stores.sqlite.tables.migrate import upgrade
from money_world import (
    Counter,
    KilledWorld,
    MemoryWorld,
    SqliteWorld,
    World,
    charge,
    charge_of,
    tokens,
)

T = TypeVar("T")
amounts = st.integers(0, 40)
some = st.none() | amounts
limits = st.just(UNLIMITED) | st.builds(ConsumptionLimit, usd=some, diem=some)


@dataclass(slots=True)
class Open:
    """A call under way."""

    hold: Hold
    meter: Counter
    epoch: int
    """That of the account's DIEM at its admission."""
    key: int


@dataclass(slots=True)
class Money:
    """What the account should have now, held money included."""

    usd: int = 0
    diem: int = 0
    epoch: int = -1
    charges: dict[str, int] = field(default_factory=dict)
    spent: dict[tuple[int, int], Funds] = field(default_factory=dict)
    """What each key was charged in each epoch."""

    def settle(self, call: Open, charged: int) -> None:
        amount = min(charged, call.hold.funds.total)
        paid = call.hold.funds.pay(amount)
        self.usd -= paid.usd
        self.diem -= paid.diem if call.epoch == self.epoch else 0
        if amount:
            self.charges[call.hold.call.id] = amount
        place = call.key, call.hold.epoch
        self.spent[place] = self.spent.get(place, Funds()) + paid


class LedgerMachine(RuleBasedStateMachine):
    """The ledger over a journal in memory; a subclass changes the journal."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = self.run(self.make_world())
        self.money = Money()
        self.allocation = 0
        self.open: list[Open] = []

    async def make_world(self) -> World:
        return MemoryWorld()

    def run(self, what: Coroutine[object, object, T]) -> T:
        return self.runner.run(what)

    @initialize(usd=amounts, allocation=amounts)
    def begin(self, usd: int, allocation: int) -> None:
        self.run(self.world.allocate(allocation))
        self.allocation = allocation
        self.grant(usd + 1)

    @rule(usd=st.integers(1, 40))
    def grant(self, usd: int) -> None:
        self.run(self.world.grant(usd))
        self.money.usd += usd

    @rule(amount=amounts, key=st.integers(0, 1), limit=limits)
    def hold(self, amount: int, key: int, limit: ConsumptionLimit) -> None:
        meter = Counter()
        holding = self.world.hold(amount, meter, key=key, limit=limit)
        if self.failed:
            with pytest.raises(StorageFailedError):
                self.run(holding)
            return
        own = [c.hold.funds for c in self.open]
        diem = sum(c.hold.funds.diem for c in self.open if c.epoch == self.money.epoch)
        free = Funds(self.money.usd - sum(f.usd for f in own), self.money.diem - diem)
        try:
            hold = self.run(holding)
        except KeyLimitReachedError:
            assert amount <= free.total
            epochs = range(epoch_of(self.trusted), self.money.epoch + 1)
            assert any(amount > self.left(key, limit, epoch, free).total for epoch in epochs)
        except InsufficientBalanceError:
            assert amount > free.total
        except StorageFailedError:
            assert self.broken
            assert limit.binds  # what the key has spent cannot be read
        else:
            assert hold.funds == self.left(key, limit, hold.epoch, free).pay(amount)
            self.open.append(Open(hold, meter, self.money.epoch, key))

    def left(self, key: int, limit: ConsumptionLimit, epoch: int, free: Funds) -> Funds:
        """Return what a key may still hold in an epoch, by the model."""
        taken = self.money.spent.get((key, epoch), Funds())
        for call in self.open:
            if call.key == key and call.hold.epoch == epoch:
                taken += call.hold.funds
        return limit.left(taken, free)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0), produced=st.integers(1, 300))
    def produce(self, which: int, produced: int) -> None:
        meter = self.open[which % len(self.open)].meter
        meter.usage = tokens(meter.usage.output_tokens + produced)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0), charged=st.integers(0, 60))
    def settle(self, which: int, charged: int) -> None:
        call = self.open.pop(which % len(self.open))
        settling = call.hold.settle(charge(charged) if charged else FREE, tokens(charged), 1)
        self.money.settle(call, charged)
        if not self.broken:
            self.run(settling)
            return
        try:
            self.run(settling)
        except StorageFailedError:
            self.failed = True

    @rule(seconds=st.floats(0.5, 3))
    def tick(self, seconds: float) -> None:
        self.world.clock.at += seconds
        self.lost_notes |= self.broken
        self.world.ledger.note_progress()
        if not self.lost_notes and not self.broken:
            noted = {call.call_id for call in self.run(self.open_calls())}
            assert {call.hold.call.id for call in self.open} <= noted

    @precondition(lambda self: not self.broken)
    @rule(allocation=amounts | st.none(), days=st.integers(1, 2))
    def pass_midnight(self, allocation: int | None, days: int) -> None:
        while epoch_of(self.trusted) < self.money.epoch + days:
            self.world.clock.at += SECONDS
        if allocation is not None:
            self.run(self.world.allocate(allocation))
            self.allocation = allocation

    @precondition(lambda self: not self.broken)
    @rule(days=st.integers(1, 2))
    def set_the_clock_back(self, days: int) -> None:
        self.world.clock.set_back_s += days * SECONDS

    @property
    def trusted(self) -> float:
        """The time that money should go by: a clock set back by more than a day is not believed."""
        clock = self.world.clock
        return clock.now() if clock.set_back_s <= SECONDS else clock.at

    @rule()
    def lose_the_storage(self) -> None:
        self.broken = True

    @precondition(lambda self: self.broken)
    @rule()
    def get_the_storage_back(self) -> None:
        self.broken = False
        self.run(self.world.ledger.retry())
        self.failed = False

    @precondition(lambda self: not self.broken)
    @rule()
    def crash(self) -> None:
        noted = {call.call_id: call.usage for call in self.run(self.open_calls())}
        self.world.clock.set_back_s = 0.0  # test_ledger_clock.py tries the others
        self.run(self.world.crash())
        assert self.run(self.world.ledger.recover(charge_of)) == len(noted)
        for call in self.open:
            usage = noted.pop(call.hold.call.id, tokens(0))
            assert usage.output_tokens <= call.meter.usage.output_tokens
            self.money.settle(call, usage.output_tokens)
        assert noted == {}
        self.open.clear()
        self.lost_notes = False

    @invariant()
    def the_account_has_what_it_should(self) -> None:
        if self.broken or self.failed:
            return
        epoch = max(self.money.epoch, epoch_of(self.trusted))
        if epoch > self.money.epoch:
            self.money.epoch, self.money.diem = epoch, self.allocation
        assert self.run(self.world.balance()) == Funds(self.money.usd, self.money.diem)

    def teardown(self) -> None:
        if self.broken or self.failed:
            self.get_the_storage_back()
        while self.open:
            self.settle(0, 7)
        self.the_account_has_what_it_should()
        self.run(self.world.ledger.close())
        self.run(self.check_the_books())
        self.run(self.world.close())
        self.runner.close()

    async def check_the_books(self) -> None:
        assert await self.world.findings() == []
        for (key, epoch), spent in self.money.spent.items():
            assert await self.world.journal.spent(self.world.key_ids[key], epoch) == spent
        charged: Tally[str] = Tally()
        rows: Tally[tuple[str, str, str]] = Tally()
        for entry in await self.world.entries():
            if entry.call_id is not None:
                rows[entry.call_id, entry.sku, entry.currency] += 1
                charged[entry.call_id] -= entry.amount * (entry.kind is EntryKind.CHARGE)
        assert {call: amount for call, amount in charged.items() if amount} == self.money.charges
        assert all(count == 1 for count in rows.values())
        assert not await self.world.journal.open_calls()

    async def open_calls(self) -> Sequence[OpenCall]:
        await self.world.journal.write(())
        return await self.world.journal.open_calls()

    @property
    def broken(self) -> bool:
        return self.world.journal.broken

    @broken.setter
    def broken(self, broken: bool) -> None:
        self.world.journal.broken = broken

    failed = False
    lost_notes = False


@cache
def empty_database() -> Path:
    path = Path(tempfile.mkdtemp()) / "fondaco.sqlite3"
    upgrade(path)
    return path


class SqliteLedgerMachine(LedgerMachine):
    """The ledger over SQLite."""

    async def make_world(self) -> World:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteWorld(Path(self.folder.name) / "fondaco.sqlite3", empty_database())

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class KilledLedgerMachine(SqliteLedgerMachine):
    """The ledger over SQLite, killed at each crash."""

    async def make_world(self) -> World:
        self.folder = tempfile.TemporaryDirectory()
        return KilledWorld(Path(self.folder.name) / "fondaco.sqlite3", empty_database())


_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]

TestLedgerInMemory = LedgerMachine.TestCase
TestLedgerInMemory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=_SLOW
)
TestLedgerOnSqlite = SqliteLedgerMachine.TestCase
TestLedgerOnSqlite.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=_SLOW
)
TestLedgerOfAKilledServer = KilledLedgerMachine.TestCase
TestLedgerOfAKilledServer.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=_SLOW
)
