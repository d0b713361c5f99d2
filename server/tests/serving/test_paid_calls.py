"""Paid calls of every kind: held before work, charged by their meters, counted in the metrics."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import EngineError
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import Currency
from fondaco.domain.money.price import EmbeddingPrice, ImagePrice, Price, SpeechPrice, TokenPrice
from fondaco.domain.money.usage import Usage
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.metrics import Metrics
from fondaco.stores.memory.journal import MemoryJournal
from house import ACCOUNT, MANY
from money_world import TestClock

KINDS: dict[ModelType, Price] = {
    ModelType.TEXT: TokenPrice(input=2_000_000, output=3_000_000, cached_input=5_000_000),
    ModelType.EMBEDDING: EmbeddingPrice(7_000_000),
    ModelType.TTS: SpeechPrice(11_000_000),
    ModelType.IMAGE: ImagePrice(13, 17, 19, 23),
}
MONEY = 10**12
few = st.integers(0, 50)
usages = st.builds(Usage, *[few] * len(Usage().units))


@dataclass
class ScriptedMeter:
    """A meter that is told what was consumed."""

    most: Usage
    usage: Usage = field(default_factory=Usage)
    exhausted: bool = False

    @property
    def produced(self) -> bool:
        return self.usage != Usage()

    def fail(self) -> None:
        return


class Town:
    """An account with money, and models of every kind."""

    def __init__(self, money: int = MONEY) -> None:
        self.journal = MemoryJournal()
        self.journal.add_account(ACCOUNT)
        self.journal.enter_elsewhere(Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, money, 0.0))
        self.clock = TestClock()
        self.ledger = Ledger(self.journal, self.clock)
        self.metrics = Metrics()
        tiers = {"paid": Tier("paid", {"small": RateLimits(MANY, MANY, MANY)})}
        self.calls = PaidCalls(
            self.ledger,
            SlidingWindowLimiter(tiers, self.clock),
            IdempotencyStore(self.journal, b"pepper", self.clock),
            clock=self.clock,
            metrics=self.metrics,
        )

    def open(self, kind: ModelType, meter: CallMeter) -> PaidCall:
        model = AnyModel(id="m", name="M", price=KINDS[kind], type=kind)
        call = Call("a" * 32, ACCOUNT, "cd" * 16, self.clock.now())
        return self.calls.open(call, model, meter, estimated_tokens=1)

    async def fail(
        self, kind: ModelType, meter: CallMeter, work: ScriptedMeter, *, produced: Usage
    ) -> None:
        """Run a call whose engine fails."""
        async with self.open(kind, meter) as paid:
            meter.current = work
            await paid.hold()
            work.usage = produced
            raise EngineError

    def charged(self) -> int:
        return sum(-e.amount for e in self.journal.entries if e.kind is EntryKind.CHARGE)


@given(st.sampled_from(list(KINDS)), usages, usages)
async def test_every_kind_of_call_is_held_by_its_ceiling_and_charged_by_its_usage(
    kind: ModelType, usage: Usage, most: Usage
) -> None:
    town = Town()
    within = Usage(*map(min, usage.units, most.units))
    meter = CallMeter()
    async with town.open(kind, meter) as paid:
        meter.current = work = ScriptedMeter(most)
        await paid.hold()
        [hold] = town.ledger.open_holds
        held = hold.funds.total
        work.usage = within
    expected = KINDS[kind].charge("m", within).amount
    assert town.charged() == expected <= held == KINDS[kind].ceiling(most)
    assert paid.usage == within
    assert not town.ledger.open_holds
    assert (await town.ledger.balance(ACCOUNT)).usd == MONEY - expected
    assert town.metrics.tokens["m", "input"] == within.input_tokens


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_fails_is_counted_where_it_is_charged(kind: ModelType) -> None:
    town, meter = Town(), CallMeter()
    usage = Usage(input_tokens=3, output_tokens=4, characters=5, images=6)
    work = ScriptedMeter(usage)
    with pytest.raises(EngineError):
        await town.fail(kind, meter, work, produced=usage)
    assert town.charged() == KINDS[kind].charge("m", usage).amount > 0
    assert town.metrics.tokens["m", "input"] == 3
    assert town.metrics.tokens["m", "output"] == 4


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_fails_with_nothing_produced_is_free_and_not_counted(
    kind: ModelType,
) -> None:
    town, meter = Town(), CallMeter()
    work = ScriptedMeter(Usage(3, 0, 4, characters=5, images=6))
    with pytest.raises(EngineError):
        await town.fail(kind, meter, work, produced=Usage())
    assert town.charged() == 0
    assert not town.metrics.tokens


async def test_a_hold_is_extended_by_what_later_work_may_cost() -> None:
    town, meter = Town(), CallMeter()
    async with town.open(ModelType.TEXT, meter) as paid:
        held = []
        for most in (Usage(10), Usage(10, 0, 5), Usage(1), Usage(10, 0, 5, searches=1)):
            meter.current = ScriptedMeter(most)
            await paid.hold()
            held.append(town.ledger.open_holds[0].funds.total)
    price = KINDS[ModelType.TEXT]
    first, second, last = (price.ceiling(u) for u in (Usage(10), Usage(10, 0, 5), Usage(10, 0, 5)))
    assert held[:3] == [first, second, second], "it is never reduced"
    assert held[3] > last
    assert town.charged() == 0


async def test_two_steps_of_one_call_add_up() -> None:
    town, meter = Town(), CallMeter()
    async with town.open(ModelType.TEXT, meter) as paid:
        meter.current = ScriptedMeter(Usage(5, 0, 5), Usage(5, 0, 2))
        await paid.hold()
        meter.complete()
        meter.current = ScriptedMeter(Usage(5, 0, 5), Usage(4, 0, 3))
        await paid.hold()
        assert meter.most == Usage(10, 0, 7)
    assert paid.usage == Usage(9, 0, 5)
    assert town.charged() == 9 * 2 + 5 * 3
