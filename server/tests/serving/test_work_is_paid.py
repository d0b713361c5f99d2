"""For any order of events in any number of calls: what is done for a call is paid, and nothing twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.chat.events import EventBatch, Finish, Text
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.errors import InsufficientBalanceError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Capabilities, Model
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import Currency
from fondaco.domain.money.price import TokenPrice, WebPrice
from fondaco.domain.output_format.output_format import Constraint
from fondaco.domain.web import Citation, WebOptions
from fondaco.ports import Enforcement, Prompt
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.pipeline import Chat
from fondaco.serving.metrics import Metrics
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.stores.memory.journal import MemoryJournal
from house import ACCOUNT, MANY
from idle import all_tasks_blocked
from money_world import TestClock

LONGEST = 6
"""Tokens of an answer, unless its limit is lower."""
DECISION = 3
"""Tokens of a decision."""
MODEL = Model(
    id="toy",
    name="Toy",
    price=TokenPrice(input=1_000_000, output=10_000_000, web=WebPrice(search=1_000 * 50, scrape=0)),
    context_tokens=10_000,
    capabilities=Capabilities(web_search=True, response_schema=True),
    engines=("scripted",),
)
"""A token read costs 1 nano-dollar, one written 10, a search 50."""


class Turnstile:
    """Where everything outside waits until the test lets it through."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    async def enter(self) -> None:
        passed = asyncio.get_running_loop().create_future()
        self.waiting.append(passed)
        try:
            await passed
        finally:
            self.waiting.remove(passed)


class Outside:
    """An engine and a search engine, which count what they do for each call."""

    name = "scripted"

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self.written: Counter[str] = Counter()
        self.searches: Counter[str] = Counter()

    async def measure(self, request: ChatRequest) -> Prompt:
        await self._turnstile.enter()
        return Prompt(request.characters // 100)

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        name = _name(str(request.messages[-1].content))
        decides = request.options.output_format is not None
        for number in range(DECISION if decides else min(LONGEST, request.max_output_tokens)):
            await self._turnstile.enter()
            self.written[name] += 1
            verdict = ('{"search": true,', '"query": ', f'"{name}"}}')
            yield (Text(0, verdict[number] if decides else " word"),)
        yield (Finish(0, "stop"),)

    def read_on_s(self, request: ChatRequest) -> float:
        return 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        return ()

    async def probe(self) -> None:
        return

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.searches[_name(query)] += 1
        await self._turnstile.enter()
        return [Citation("The Rialto", "https://a.test/", "Built by da Ponte. " * 100)]


def _name(text: str) -> str:
    return text.rpartition("call-")[2][:1]


class Trusting:
    """Output formats that accept everything."""

    async def schema_error(
        self, schema: str, held: Enforcement, *, scope: str, whitespace: str | None = None
    ) -> str | None:
        return None

    async def grammar_error(self, grammar: str, *, scope: str) -> str | None:
        return None

    async def schema_mismatch(self, schema: str, text: str) -> str | None:
        return None

    async def constraint_error(self, constraint: Constraint, *, scope: str) -> str | None:
        return None

    async def constraint_mismatch(self, constraint: Constraint, text: str) -> str | None:
        return None


class Town:
    """An account with some money, a model, and calls under way."""

    def __init__(self, money: int) -> None:
        self.money = money
        self.turnstile = Turnstile()
        self.outside = Outside(self.turnstile)
        self.journal = MemoryJournal()
        self.journal.add_account(ACCOUNT)
        if money:
            grant = Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, money, 0.0)
            self.journal.enter_elsewhere(grant)
        self.clock = TestClock()
        self.ledger = Ledger(self.journal, self.clock)
        catalogue = Catalogue((MODEL,), {}, self.clock.now)
        tiers = {"paid": Tier("paid", {"small": RateLimits(MANY, MANY, MANY)})}
        self.chat = Chat(
            catalogue,
            {"scripted": self.outside},
            PaidCalls(
                self.ledger,
                SlidingWindowLimiter(tiers, self.clock),
                IdempotencyStore(self.journal, b"pepper", self.clock),
                clock=self.clock,
                metrics=Metrics(),
            ),
            web_retrieval=WebRetrieval(None, {"scripted": self.outside}, search_timeout_s=3600),
            negotiation=CapabilityNegotiation(catalogue, Trusting()),
        )
        self.delivered: Counter[str] = Counter()

    async def call(
        self, number: int, web: WebOptions | None, asked: int | None, *, stream: bool
    ) -> None:
        name = str(number)
        message = Message(Role.USER, f"What is the latest news of call-{name}?")
        options = ChatOptions() if web is None else ChatOptions(web=web)
        request = ChatRequest("toy", (message,), 0, stream=stream, options=options)
        call = Call(name * 32, ACCOUNT, "cd" * 16, self.clock.now())
        try:
            async with aclosing(self.chat.answer(call, request, asked)) as steps:
                async for step in steps:
                    if isinstance(step, tuple):
                        self.delivered[name] += sum(isinstance(event, Text) for event in step)
        except InsufficientBalanceError:
            pass

    def charged(self, name: str, sku: str) -> int:
        return sum(
            row.units
            for row in self.journal.entries
            if row.call_id == name * 32 and row.sku.endswith(sku)
        )

    @property
    def done(self) -> int:
        """What everything that was done for all calls is worth, prompts left aside."""
        return 50 * self.outside.searches.total() + 10 * self.outside.written.total()


_WEB = st.sampled_from([None, WebOptions("on"), WebOptions("auto")])
_CALLS = st.lists(
    st.tuples(_WEB, st.sampled_from([None, 2, 40]), st.booleans()), min_size=1, max_size=6
)


@pytest.mark.parametrize("examples", [15, pytest.param(400, marks=pytest.mark.long)])
def test_work_that_was_done_is_charged_in_any_order_of_calls_and_disconnects(examples: int) -> None:
    money = st.one_of(st.integers(0, 900), st.integers(10**6, 10**7))
    tried = settings(deadline=None, max_examples=examples)
    tried(given(_CALLS, money, st.data())(everything_done_is_paid))()


def everything_done_is_paid(
    calls: list[tuple[WebOptions | None, int | None, bool]], money: int, data: st.DataObject
) -> None:
    async def run() -> None:
        town = Town(money)
        tasks = [
            asyncio.ensure_future(town.call(number, web, asked, stream=stream))
            for number, (web, asked, stream) in enumerate(calls)
        ]
        while not all(task.done() for task in tasks):
            await all_tasks_blocked()
            assert town.done <= money
            if waiting := town.turnstile.waiting:
                at = data.draw(st.integers(0, len(waiting) - 1))
                if data.draw(st.integers(0, 4)):
                    waiting[at].set_result(None)
                else:
                    tasks[at % len(tasks)].cancel()
        for task in tasks:
            assert task.cancelled() or task.exception() is None
        for number in range(len(calls)):
            name = str(number)
            assert town.charged(name, "web-search-call") == town.outside.searches[name]
            assert town.charged(name, "llm-output-mtoken") == town.outside.written[name]
            assert town.delivered[name] <= town.outside.written[name]
        charged = -sum(row.amount for row in town.journal.entries if row.call_id)
        assert town.done <= charged <= money
        assert (await town.ledger.balance(ACCOUNT)).usd == money - charged
        assert town.ledger.open_holds == ()

    asyncio.run(run())
