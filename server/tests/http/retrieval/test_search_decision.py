"""`enable_web_search: auto`: the model judges by a constrained yes or no, and its judgement is charged."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from fake_upstream import Script, refusing, saying
from fondaco.domain.models.model import Capabilities
from fondaco.domain.web import Citation
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import TOY, House, house

JUDGING = replace(TOY, capabilities=Capabilities(web_search=True, response_schema=True))
RIALTO = Citation("The Rialto", "https://a.test/rialto", "Built by da Ponte.")
POEM = "Write a poem about rain."
NEWS = "What is the latest news of Venice?"


@dataclass
class Library:
    """A search engine that always finds the same."""

    asked: list[str] = field(default_factory=list)

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.asked.append(query)
        return [RIALTO]


@asynccontextmanager
async def judged(
    *verdicts: Script, judges: bool = True, usd: int = 10**10
) -> AsyncGenerator[tuple[House, Library]]:
    library = Library()
    model = replace(JUDGING, judges_searches=judges)
    async with house(
        models=(model,), web_retrieval=WebRetrieval(None, {"l": library}), usd=usd
    ) as one:
        one.fake.next(*verdicts)
        yield one, library


def verdict(text: str, prompt_tokens: int = 100, output_tokens: int = 9) -> Script:
    delta = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": output_tokens}
    return saying(
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
    )


async def ask(one: House, said: str, **fields: object) -> int:
    message = {"role": "user", "content": said}
    parameters = {"enable_web_search": "auto"}
    reply = await one.chat(messages=[message], max_tokens=3, venice_parameters=parameters, **fields)
    return reply.status_code


async def test_the_model_is_asked_by_a_schema_and_its_query_is_searched_for() -> None:
    async with judged(verdict('{"search": true, "query": "news of Venice"}')) as (one, library):
        assert await ask(one, "Anything new there?") == 200
        question, answer = (asked.body for asked in one.fake.asked)
        schema = question["response_format"]["json_schema"]["schema"]
        assert set(schema["required"]) == {"search", "query"}
        assert question["messages"][-1]["content"] == "Anything new there?"
        assert library.asked == ["news of Venice"]
        assert "Built by da Ponte." in answer["messages"][-1]["content"]


async def test_a_no_of_the_model_searches_nothing_whatever_the_words_say() -> None:
    async with judged(verdict('{"search": false, "query": ""}')) as (one, library):
        assert await ask(one, NEWS) == 200
        assert library.asked == []
        assert one.fake.asked[-1].body["messages"][-1]["content"] == NEWS


@pytest.mark.parametrize("text", ["Yes!", '{"search": true}', '{"search": true, "que'])
async def test_where_the_model_decides_nothing_the_words_do(text: str) -> None:
    async with judged(verdict(text), verdict(text)) as (one, library):
        assert await ask(one, POEM) == 200
        assert library.asked == []


async def test_where_the_engine_refuses_the_question_the_words_decide() -> None:
    async with judged(refusing(400, "no schemas here")) as (one, library):
        assert await ask(one, NEWS) == 200
        assert library.asked == [NEWS]


async def test_a_model_that_cannot_judge_is_not_asked() -> None:
    async with judged(judges=False) as (one, library):
        assert await ask(one, NEWS) == 200
        assert len(one.fake.asked) == 1
        assert library.asked == [NEWS]


async def test_the_judgement_is_charged_with_the_answer() -> None:
    async with judged(verdict('{"search": false, "query": ""}', 100, 9)) as (one, _):
        reply = await one.chat(
            messages=[{"role": "user", "content": POEM}],
            max_tokens=3,
            venice_parameters={"enable_web_search": "auto"},
        )
        usage = reply.json()["usage"]
        alone = await one.chat(messages=[{"role": "user", "content": POEM}], max_tokens=3)
        plain = alone.json()["usage"]
        assert usage["completion_tokens"] == plain["completion_tokens"] + 9
        assert usage["prompt_tokens"] == plain["prompt_tokens"] + 100
        charged = [
            row for row in one.charges() if row.call_id and row.call_id in reply.json()["id"]
        ]
        assert sum(-row.amount for row in charged) == sum(
            count * price
            for count, price in (
                (usage["prompt_tokens"], TOY.price.input // 10**6),
                (usage["completion_tokens"], TOY.price.output // 10**6),
            )
        )


async def test_who_cannot_pay_the_judgement_is_refused_before_it() -> None:
    async with judged(usd=1000) as (one, library):
        assert await ask(one, NEWS) == 402
        assert one.fake.asked == []
        assert library.asked == []
