"""Web search in chat: results before the model, cited, charged, and missed aloud."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.money import NANO
from fondaco.domain.web import Citation, Page, SearchError
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import TOY, House, house

SEARCHING = replace(TOY, capabilities=Capabilities(web_search=True, function_calling=True))
RIALTO = Citation("The Rialto", "https://a.test/rialto", "Built by da Ponte.", "1591-01-01")
SALT = Citation("Salt", "library:salt.md", "A monopoly.")
SHOWN = [
    {
        "title": "The Rialto",
        "url": "https://a.test/rialto",
        "content": "Built by da Ponte.",
        "date": "1591-01-01",
    },
    {"title": "Salt", "url": "library:salt.md", "content": "A monopoly."},
]


@dataclass
class Engine:
    """A search engine that finds what it was told, or fails."""

    found: Sequence[Citation] = ()
    fault: str = ""
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.asked.append(query)
        if self.silent:
            await anyio.sleep(60)
        if self.fault:
            raise SearchError(self.fault)
        return self.found[:most]


@dataclass
class World:
    house: House

    async def ask(self, said: str = "Who built the Rialto?", **wanted: object) -> dict[str, Any]:
        parameters = {"enable_web_search": "on", **wanted}
        messages = [{"role": "user", "content": said}]
        reply = await self.house.chat(messages=messages, max_tokens=3, venice_parameters=parameters)
        told: dict[str, Any] = reply.json()
        assert reply.status_code == 200, told
        return told

    async def first_event(self, **wanted: object) -> dict[str, Any]:
        parameters = {"enable_web_search": "on", **wanted}
        async with self.house.streaming(max_tokens=3, venice_parameters=parameters) as stream:
            async for line in stream.aiter_lines():
                event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return event
        raise AssertionError("There was no event.")

    def told(self) -> str:
        said = self.house.fake.asked[-1].body["messages"][-1]["content"]
        assert isinstance(said, str)
        return said

    def searches(self) -> list[tuple[int, int]]:
        rows = [one for one in self.house.charges() if one.sku == "toy-web-search-call"]
        return [(one.units, -one.amount) for one in rows]


@asynccontextmanager
async def world(*engines: Engine, searching: bool = True) -> AsyncGenerator[World]:
    named = {f"engine-{number}": engine for number, engine in enumerate(engines)}
    web_retrieval = WebRetrieval(None, named, results=2, search_timeout_s=0.3)
    async with house(models=(SEARCHING if searching else TOY,), web_retrieval=web_retrieval) as one:
        yield World(one)


async def test_results_are_put_before_what_the_user_says_and_cited_in_the_reply() -> None:
    engine = Engine([RIALTO, SALT, SALT])
    async with world(engine) as one:
        reply = await one.ask("Who built\nthe Rialto?")
        assert engine.asked == ["Who built the Rialto?"]
        result = '<result number="0" title="The Rialto" date="1591-01-01">\nBuilt by da Ponte.\n'
        assert result in one.told()
        assert one.told().endswith("\n\nWho built\nthe Rialto?")
        assert "[REF]" not in one.told()
        assert reply["venice_parameters"]["web_search_citations"] == SHOWN
        assert "web_notes" not in reply["venice_parameters"]


async def test_a_search_is_charged_beside_the_tokens() -> None:
    async with world(Engine([RIALTO])) as one:
        await one.ask()
        assert one.searches() == [(1, NANO // 100)]


async def test_citing_is_asked_of_the_model() -> None:
    async with world(Engine([RIALTO])) as one:
        await one.ask(enable_web_citations=True)
        assert "[REF]0[/REF]" in one.told()


async def test_off_searches_nothing() -> None:
    engine = Engine([RIALTO])
    async with world(engine) as one:
        reply = await one.ask(enable_web_search="off")
        assert engine.asked == []
        assert reply["venice_parameters"]["web_search_citations"] == []


@pytest.mark.parametrize(
    ("said", "searched"),
    [("What is the latest news of Venice?", True), ("Write a poem about rain.", False)],
)
async def test_auto_searches_where_the_words_speak_of_the_present(
    said: str,
    searched: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    engine = Engine([RIALTO])
    async with world(engine) as one:
        await one.ask(said, enable_web_search="auto")
        assert bool(engine.asked) is searched


async def test_after_an_engine_that_fails_the_next_one_is_asked() -> None:
    first, second = Engine(fault="It did not respond."), Engine([SALT])
    async with world(first, second) as one:
        reply = await one.ask()
        assert reply["venice_parameters"]["web_search_citations"] == SHOWN[1:]
        assert reply["venice_parameters"]["web_notes"] == [
            {
                "code": "SEARCH_FAILED",
                "message": "The search engine 'engine-0' failed: It did not respond.",
            }
        ]
        assert one.searches() == [(1, NANO // 100)]


async def test_where_all_fail_the_model_answers_without_and_nothing_is_charged() -> None:
    async with world(Engine(fault="No."), Engine(silent=True)) as one:
        reply = await one.ask()
        codes = [note["code"] for note in reply["venice_parameters"]["web_notes"]]
        assert codes == ["SEARCH_FAILED", "SEARCH_TOO_SLOW"]
        assert reply["choices"][0]["message"]["content"]
        assert one.searches() == []


async def test_what_finds_nothing_costs_nothing_and_is_said() -> None:
    async with world(Engine(), Engine()) as one:
        reply = await one.ask()
        assert reply["venice_parameters"]["web_notes"] == [
            {"code": "SEARCH_EMPTY", "message": "The search found nothing."}
        ]
        assert one.searches() == []


async def test_a_stream_shows_results_first_where_that_is_asked_for() -> None:
    async with world(Engine([RIALTO, SALT])) as one:
        event = await one.first_event(include_search_results_in_stream=True)
        assert event["venice_parameters"]["web_search_citations"] == SHOWN
        assert event["choices"][0]["delta"]["content"] == ""
        assert "venice_parameters" not in await one.first_event()


async def test_results_come_as_a_tool_call_where_that_is_asked_for() -> None:
    async with world(Engine([RIALTO])) as one:
        reply = await one.ask(return_search_results_as_documents=True)
        whole = reply["choices"][0]["message"]["tool_calls"]
        event = await one.first_event(return_search_results_as_documents=True)
        streamed = event["choices"][0]["delta"]["tool_calls"]
        for (call,) in (whole, streamed):
            assert call["function"]["name"] == "venice_web_search_documents"
            assert json.loads(call["function"]["arguments"]) == {"documents": SHOWN[:1]}
        assert streamed[0]["index"] == 0
        assert reply["choices"][0]["finish_reason"] == "length"


async def test_the_calls_of_the_model_come_after_the_results() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "go", "arguments": "{}"}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    wanted = {"enable_web_search": "on", "return_search_results_as_documents": True}
    asked = {
        "tools": [{"type": "function", "function": {"name": "go"}}],
        "venice_parameters": wanted,
    }
    async with world(Engine([RIALTO])) as one:
        one.house.fake.always(saying({"choices": [choice]}))
        whole = (await one.house.chat(**asked)).json()["choices"][0]["message"]["tool_calls"]
        async with one.house.streaming(**asked) as stream:
            lines = [line async for line in stream.aiter_lines() if line.startswith("data: {")]
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines]
    streamed = [piece for delta in deltas for piece in delta.get("tool_calls", ())]
    assert [(piece["index"], piece["function"]["name"]) for piece in streamed] == [
        (0, "venice_web_search_documents"),
        (1, "go"),
    ]
    assert [call["function"]["name"] for call in whole] == ["venice_web_search_documents", "go"]


class Pages:
    """Reads every page alike."""

    def expect_ready(self) -> None:
        return

    async def read(self, url: str) -> Page:
        return Page(url, "", "What stands there.")


async def test_a_page_that_is_named_takes_the_place_of_a_search() -> None:
    engine = Engine([RIALTO])
    async with house(
        models=(SEARCHING,), web_retrieval=WebRetrieval(Pages(), {"one": engine})
    ) as one:
        wanted = {"enable_web_search": "on", "enable_web_scraping": True}
        said = [{"role": "user", "content": "See https://a.test/"}]
        await one.chat(messages=said, max_tokens=1, venice_parameters=wanted)
        assert engine.asked == []
        await one.chat(max_tokens=1, venice_parameters=wanted)
        assert engine.asked == ["Count!"]


async def test_a_model_that_takes_no_results_is_not_given_any() -> None:
    async with world(Engine([RIALTO]), searching=False) as one:
        reply = await one.house.chat(venice_parameters={"enable_web_search": "on"})
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
        auto = await one.ask("What is the latest news?", enable_web_search="auto")
        assert auto["venice_parameters"]["web_search_citations"] == []


async def test_where_there_is_no_engine_it_is_refused() -> None:
    async with world() as one:
        reply = await one.house.chat(venice_parameters={"enable_web_search": "on"})
        assert reply.status_code == 400
        assert "Web search is disabled" in reply.json()["error"]
