"""The use case of embeddings: which engine answers, and what is charged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from contracts.embedding_engine import Bench, EmbeddingEngineContract
from fondaco.app.platform import charge_of
from fondaco.domain.embedding import EmbeddingInput, EmbeddingRequest, TokenCounts
from fondaco.domain.errors import (
    EngineError,
    EngineUnavailableError,
    FondacoError,
    InputTooLongError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotFoundError,
    RepeatedCallError,
    StorageFailedError,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Deprecation, EmbeddingModel
from fondaco.domain.money.call import Call, CallKind, IdempotencyKey
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import Currency
from fondaco.domain.money.usage import Report, Usage
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.embeddings import Embedder, EmbeddingMeter, EmbeddingResult
from fondaco.serving.metrics import Metrics
from fondaco.stores.memory.journal import MemoryJournal
from house import ACCOUNT, MANY
from idle import all_tasks_blocked
from money_world import FailingJournal, TestClock
from scripted_embedder import CONTEXT_TOKENS, VECTORS, ScriptedEmbedder

KEY = IdempotencyKey(b"k" * 32, b"b" * 32)


class TestScriptedEmbedder(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(ScriptedEmbedder(), "vectors", CONTEXT_TOKENS, None)


class Town:
    """An account with some money, an embedding model and two engines that run it."""

    def __init__(self, money: int = 1_000, model: EmbeddingModel = VECTORS) -> None:
        self.memory = MemoryJournal()
        self.memory.add_account(ACCOUNT)
        if money:
            grant = Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, money, 0.0)
            self.memory.enter_elsewhere(grant)
        self.journal = FailingJournal(self.memory)
        self.clock = TestClock()
        self.ledger = Ledger(self.journal, self.clock)
        self.engine, self.spare = ScriptedEmbedder(), ScriptedEmbedder("spare")
        self.metrics = Metrics()
        limits = {"small": RateLimits(MANY, MANY, MANY)}
        tiers = {"paid": Tier("paid", limits), "free": Tier("free", limits, charged=False)}
        self.limits = SlidingWindowLimiter(tiers, self.clock)
        self.embedder = Embedder(
            Catalogue((model,), {"ada": model.id}, self.clock.now),
            {"scripted": self.engine, "spare": self.spare},
            PaidCalls(
                self.ledger,
                self.limits,
                IdempotencyStore(self.journal, b"pepper", self.clock),
                clock=self.clock,
                metrics=self.metrics,
            ),
        )
        self._made = 0

    def call(self, tier: str = "paid", key: IdempotencyKey | None = None) -> Call:
        self._made += 1
        now = self.clock.now()
        return Call(f"{self._made:032x}", ACCOUNT, "cd" * 16, now, tier=tier, idempotency_key=key)

    async def embed(
        self,
        *inputs: EmbeddingInput,
        model: str = "vectors",
        dimensions: int | None = None,
        call: Call | None = None,
    ) -> EmbeddingResult:
        request = EmbeddingRequest(model, inputs, dimensions, str(ACCOUNT))
        return await self.embedder.answer(call or self.call(), request)

    def charges(self) -> list[tuple[str, int, int]]:
        """Return SKU, units and amount of every charge."""
        entries = [e for e in self.memory.entries if e.kind is EntryKind.CHARGE]
        return [(e.sku, e.units, -e.amount) for e in entries]

    async def expect_nothing_charged(self) -> None:
        assert self.charges() == []
        assert not self.ledger.open_holds
        assert not self.metrics.tokens


async def test_input_tokens_are_charged_once_the_vectors_are_there() -> None:
    town = Town()
    result = await town.embed("three words here", "two words")
    assert [len(vector) for vector in result.vectors] == [32, 32]
    assert result.usage == Usage(input_tokens=5)
    assert (result.model, result.engine, result.notice) == (VECTORS, "scripted", None)
    assert town.charges() == [("vectors-embedding-mtoken", 5, 5)]
    assert town.memory.entries[-1].usage == Usage(input_tokens=5)
    assert (await town.ledger.balance(ACCOUNT)).usd == 995
    assert town.metrics.tokens["vectors", "input"] == 5
    assert result.quota.remaining_tokens == MANY - 5


async def test_the_engine_gets_the_model_id_the_account_and_what_it_counted() -> None:
    town = Town()
    await town.embed("one", (1, 2), model="ada", dimensions=4)
    [(request, counts)] = town.engine.asked
    assert request == EmbeddingRequest("vectors", ("one", (1, 2)), 4, str(ACCOUNT))
    assert counts is not None
    assert counts.counts == (1, 2)


async def test_a_model_that_will_be_retired_comes_with_a_notice() -> None:
    end = Deprecation(date(2020, 1, 1), date(2040, 1, 1))
    result = await Town(model=replace(VECTORS, deprecation=end)).embed("hi")
    assert result.notice is not None
    assert result.notice.sunset == date(2040, 1, 1)


@pytest.mark.parametrize("dimensions", [1, 9])
async def test_dimensions_that_the_model_does_not_allow_are_refused(dimensions: int) -> None:
    town = Town()
    with pytest.raises(InvalidRequestError, match="8 dimensions"):
        await town.embed("hi", dimensions=dimensions)
    await town.expect_nothing_charged()


async def test_dimensions_that_the_model_allows_shorten_the_vectors() -> None:
    assert [len(v) for v in (await Town().embed("hi", dimensions=2)).vectors] == [8]


async def test_an_input_beyond_the_context_is_refused_with_both_numbers() -> None:
    town = Town(model=replace(VECTORS, context_tokens=3))
    with pytest.raises(InputTooLongError, match=r"3 tokens.* 4 tokens") as refused:
        await town.embed("fine", "one two three four")
    assert refused.value.status == 400
    assert list(refused.value.faults) == ["input.1"]
    await town.expect_nothing_charged()


async def test_a_name_of_no_embedding_model_is_refused() -> None:
    with pytest.raises(ModelNotFoundError, match="vectors"):
        await Town().embed("hi", model="vector")


async def test_a_model_that_is_offline_is_refused() -> None:
    for model in (replace(VECTORS, offline=True), replace(VECTORS, engines=())):
        with pytest.raises(EngineUnavailableError, match="offline"):
            await Town(model=model).embed("hi")


async def test_an_engine_that_cannot_measure_hands_over() -> None:
    town = Town()
    town.engine.measuring_fails = EngineError()
    result = await town.embed("two words")
    assert result.engine == "spare"
    [(_, counts)] = town.spare.asked
    assert counts is not None, "it measured itself"
    assert town.charges() == [("vectors-embedding-mtoken", 2, 2)]


async def test_an_engine_that_fails_hands_over_to_one_that_measures_anew() -> None:
    town = Town()
    town.engine.embedding_fails = EngineError()
    assert (await town.embed("two words")).engine == "spare"
    [(_, counts)] = town.spare.asked
    assert counts is None
    assert town.charges() == [("vectors-embedding-mtoken", 2, 2)]


async def test_nothing_is_charged_where_all_engines_fail() -> None:
    town = Town()
    town.engine.embedding_fails = town.spare.embedding_fails = EngineError("It is broken.")
    with pytest.raises(EngineError, match="broken"):
        await town.embed("two words")
    await town.expect_nothing_charged()


async def test_a_call_that_is_not_affordable_never_reaches_an_engine() -> None:
    town = Town(money=1)
    with pytest.raises(InsufficientBalanceError):
        await town.embed("two words")
    assert town.engine.asked == []
    await town.expect_nothing_charged()


async def test_a_disconnect_before_the_vectors_are_there_charges_nothing() -> None:
    town = Town()
    town.engine.gate = anyio.Event()
    task = asyncio.ensure_future(town.embed("two words"))
    await town.engine.entered.wait()
    assert [hold.funds.total for hold in town.ledger.open_holds] == [2]
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    await town.expect_nothing_charged()
    assert (await town.ledger.balance(ACCOUNT)).usd == 1_000


async def test_a_tier_that_is_free_is_counted_and_pays_nothing() -> None:
    town = Town(money=0)
    result = await town.embed("two words", call=town.call("free"))
    assert result.usage == Usage(input_tokens=2)
    assert town.charges() == [("vectors-embedding-mtoken", 2, 0)]


async def test_a_repeated_idempotency_key_names_the_embedding_call() -> None:
    town = Town()
    first = town.call(key=KEY)
    await town.embed("two words", call=first)
    with pytest.raises(RepeatedCallError, match=f"{CallKind.EMBEDDING.value}-{first.id}"):
        await town.embed("two words", call=town.call(key=KEY))
    assert len(town.charges()) == 1


async def test_vectors_whose_charge_cannot_be_written_are_withheld_for_free() -> None:
    town = Town()
    await town.embed("warm")
    town.engine.gate = anyio.Event()
    task = asyncio.ensure_future(town.embed("two words"))
    await all_tasks_blocked()
    town.journal.broken = True
    town.engine.gate.set()
    with pytest.raises(StorageFailedError):
        await task
    town.journal.broken = False
    await town.ledger.retry()
    assert [amount for _, _, amount in town.charges()] == [1, 0]
    assert (await town.ledger.balance(ACCOUNT)).usd == 999
    assert town.metrics.tokens["vectors", "input"] == 1


async def test_an_engine_without_a_tokenizer_is_held_for_its_bound_and_charged_by_its_report() -> (
    None
):
    town = Town()
    town.engine.exact = False
    await town.embed("two words")
    town.engine.reports = False
    await town.embed("two words")
    assert [units for _, units, _ in town.charges()] == [2, 5]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(0, 2**31 - 1))
def test_usage_stays_within_what_was_held_and_is_never_nothing(
    counts: list[int], reported: int
) -> None:
    for exact in (True, False):
        for report in (Report(reported), Report()):
            meter = EmbeddingMeter(TokenCounts(tuple(counts), exact))
            before = meter.usage, meter.produced
            assert before == (Usage(), False)
            meter.take(report)
            assert 0 < meter.usage.input_tokens <= meter.most.input_tokens
            assert meter.produced
            meter.fail()
            assert meter.usage == Usage()


def test_a_crash_charges_what_was_last_noted_of_any_kind_of_call() -> None:
    catalogue = Catalogue((VECTORS,), {})
    assert charge_of(catalogue, "vectors", Usage(input_tokens=7)).amount == 7
    assert charge_of(catalogue, "gone", Usage(input_tokens=7)).rows == ()


@dataclass
class Event:
    """Something that happens to one of the calls."""

    call: int
    kind: str


events = st.lists(
    st.builds(Event, st.integers(0, 3), st.sampled_from(["start", "pass", "cancel", "break"])),
    max_size=24,
)


@settings(max_examples=60, deadline=None)
@given(events, st.integers(0, 12))
def test_in_any_order_of_events_delivered_vectors_alone_are_paid(
    happening: Sequence[Event], money: int
) -> None:
    async def run() -> None:
        town = Town(money)
        calls: dict[int, asyncio.Task[EmbeddingResult]] = {}
        town.engine.gate = anyio.Event()
        for event in happening:
            if event.kind == "start" and event.call not in calls:
                words = " ".join("word" for _ in range(event.call + 1))
                calls[event.call] = asyncio.ensure_future(town.embed(words))
            elif event.kind == "cancel" and event.call in calls:
                calls[event.call].cancel()
            elif event.kind == "break":
                town.engine.embedding_fails = EngineError()
            elif event.kind == "pass":
                town.engine.gate.set()
                await all_tasks_blocked()
                town.engine.gate = anyio.Event()
            await anyio.lowlevel.checkpoint()
            assert (await town.ledger.balance(ACCOUNT)).usd >= 0
        town.engine.gate.set()
        found = await asyncio.gather(*calls.values(), return_exceptions=True)
        assert all(
            isinstance(one, EmbeddingResult | FondacoError | asyncio.CancelledError)
            for one in found
        )
        delivered = [one.usage.input_tokens for one in found if isinstance(one, EmbeddingResult)]
        charged = [units for _, units, _ in town.charges()]
        cancelled = [number + 1 for number, task in calls.items() if task.cancelled()]
        # A disconnect may come while the charge of complete vectors is being written.
        extra = list(charged)
        for units in delivered:
            extra.remove(units)
        assert all(units in cancelled for units in extra)
        assert sum(charged) <= money
        assert not town.ledger.open_holds
        assert (await town.ledger.balance(ACCOUNT)).usd == money - sum(charged)

    anyio.run(run)
