"""Money before work: nothing is brought, decided or asked for a call before it is paid."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import httpx2
import pytest

from fake_upstream import cut_after, refusing, saying
from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import Citation
from fondaco.serving.billing.paid_call import TRUNCATED
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import ACCOUNT, TOY, House, house

SEARCHING = replace(TOY, capabilities=Capabilities(web_search=True, response_schema=True))
SEARCH = SEARCHING.price.web.search // 1000
"""What one search costs, in nano-dollars."""
NEWS = [{"role": "user", "content": "What is the latest news of Venice?"}]
WEB = {"enable_web_search": "on"}
NO = saying(
    {"choices": [{"index": 0, "delta": {"content": '{"search": false, "query": ""}'}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 300, "completion_tokens": 9}},
)


@dataclass
class Library:
    """A search engine that can be held back."""

    content: str = "Built by da Ponte."
    asked: list[str] = field(default_factory=list)
    authenticator: anyio.Event = field(default_factory=anyio.Event)
    cancelled: int = 0

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.asked.append(query)
        try:
            await self.authenticator.wait()
        except BaseException:
            self.cancelled += 1
            raise
        return [Citation("The Rialto", "https://a.test/rialto", self.content)]


@asynccontextmanager
async def world(
    usd: int = 10 * NANO, *, held: bool = False, judges: bool = False, content: str = "da Ponte"
) -> AsyncGenerator[tuple[House, Library]]:
    library = Library(content)
    if not held:
        library.authenticator.set()
    web_retrieval = WebRetrieval(None, {"l": library}, search_timeout_s=30)
    model = replace(SEARCHING, judges_searches=judges)
    async with house(
        models=(model,),
        web_retrieval=web_retrieval,
        usd=usd,
        dialects=("vllm", "vllm"),
        whole_as_stream=True,
    ) as one:
        yield one, library


def skus(one: House) -> Counter[str]:
    """Return how many units were charged of each sku."""
    counted: Counter[str] = Counter()
    for row in one.charges():
        counted[row.sku.removeprefix("toy-")] += row.units
    return counted


async def until(met: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not met():  # noqa: ASYNC110 - the condition lies in the server
            await anyio.sleep(0.005)


async def ask(one: House, **fields: object) -> httpx2.Response:
    wanted = {"messages": NEWS, "max_tokens": 3, "venice_parameters": WEB, **fields}
    return await one.chat(**wanted)


@pytest.mark.parametrize("stream", [True, False])
async def test_with_money_for_one_search_40_calls_at_once_make_one(*, stream: bool) -> None:
    async with world(SEARCH + SEARCH // 2, held=True) as (one, library):
        statuses: Counter[int] = Counter()

        async def call() -> None:
            statuses[(await ask(one, stream=stream)).status_code] += 1

        async with anyio.create_task_group() as calls:
            for _ in range(40):
                calls.start_soon(call)
            await until(lambda: statuses.total() == 39)
            library.authenticator.set()
        assert statuses == {200: 1, 402: 39}
        assert len(library.asked) == 1
        assert skus(one)["web-search-call"] == 1
        assert len(one.fake.asked) == 1


async def test_a_hang_up_during_a_search_is_charged_for_the_search_that_was_made() -> None:
    async with world(held=True) as (one, library):
        async with anyio.create_task_group() as group:
            group.start_soon(ask, one)
            await until(lambda: bool(library.asked))
            group.cancel_scope.cancel()
        await until(lambda: bool(one.charges()))
        assert library.cancelled == 1
        assert [(row.sku, row.units) for row in one.charges()] == [("toy-web-search-call", 1)]
        assert "caller" in one.charges()[0].notes
        assert one.fake.asked == []
        assert (await one.balance()).usd == 10 * NANO - SEARCH


@pytest.mark.parametrize("stream", [True, False])
async def test_an_engine_that_is_down_after_a_search_leaves_the_search_charged(
    *, stream: bool
) -> None:
    async with world() as (one, _):
        one.fake.always(refusing(503))
        one.second.always(refusing(503))
        assert (await ask(one, stream=stream)).status_code == 503
        assert skus(one) == {"web-search-call": 1}
        assert "engine" in one.charges()[0].notes


async def test_a_whole_reply_that_breaks_off_after_a_search_leaves_the_search_charged() -> None:
    async with world() as (one, _):
        one.fake.always(cut_after(2))
        one.second.always(cut_after(2))
        assert (await ask(one)).status_code == 502
        assert skus(one) == {"web-search-call": 1}


async def test_decisions_are_charged_though_there_is_no_money_for_the_answer() -> None:
    async with world(0, judges=True) as (one, library):
        decision = SEARCHING.price.charge("toy", Usage(300, 0, 9)).amount
        grant = Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, 6 * decision, 0.0)
        one.journal.enter_elsewhere(grant)
        one.fake.always(NO)
        wanted = {"enable_web_search": "auto"}
        for number in range(1, 6):
            reply = await ask(one, max_tokens=4000, venice_parameters=wanted)
            assert reply.status_code == 402
            assert skus(one)["llm-output-mtoken"] == 9 * number
        assert {row.notes for row in one.charges()} == {TRUNCATED}
        assert library.asked == []
        charged = -sum(row.amount for row in one.charges())
        assert (await one.balance()).usd == 6 * decision - charged > 0


async def test_a_search_whose_finds_cannot_be_paid_is_charged_and_the_answer_refused() -> None:
    async with world(SEARCH + 100_000, content="word " * 900) as (one, _):
        assert (await ask(one)).status_code == 402
        assert skus(one) == {"web-search-call": 1}
        assert one.fake.asked == []


async def test_no_search_is_made_if_the_answer_cannot_be_paid() -> None:
    async with world(SEARCH + 1) as (one, library):
        assert (await ask(one)).status_code == 402
        assert library.asked == []
        assert one.charges() == []


async def test_two_calls_share_what_there_is_beside_their_searches() -> None:
    async with world(2 * SEARCH + 40_000, held=True) as (one, library):
        statuses: list[int] = []

        async def call() -> None:
            statuses.append((await ask(one, max_tokens=None)).status_code)

        async with anyio.create_task_group() as calls:
            for _ in range(2):
                calls.start_soon(call)
            await until(lambda: len(library.asked) == 2)
            library.authenticator.set()
        assert set(statuses) <= {200, 402}
        assert skus(one)["web-search-call"] == 2
        assert (await one.balance()).usd >= 0
