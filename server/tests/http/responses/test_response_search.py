"""Web search as a tool of the Responses API: before the model, told as items, cited in the text."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from fondaco.domain.models.model import Capabilities
from fondaco.domain.web import Citation, SearchError
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import TOY, House, house
from response_reader import Json, chunk, events, folded, types, whole

SEARCHING = replace(TOY, capabilities=Capabilities(web_search=True, function_calling=True))
RIALTO = Citation("The Rialto", "https://a.test/rialto", "Built by da Ponte.")
CITED = chunk("stop", content="Da Ponte did. [REF]0[/REF]")
SEARCH: Json = {
    "input": "Who built the Rialto?",
    "tools": [{"type": "web_search"}],
    "tool_choice": {"type": "web_search"},
}


@dataclass
class Engine:
    """A search engine that finds what it was told, or fails."""

    found: Sequence[Citation] = (RIALTO,)
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.asked.append(query)
        if self.fails:
            raise SearchError("down")
        return self.found[:most]


@asynccontextmanager
async def searching(engine: Engine) -> AsyncGenerator[House]:
    retrieval = WebRetrieval(searches={"toy": engine})
    async with house(models=(SEARCHING,), web_retrieval=retrieval) as one:
        yield one


async def test_a_search_is_an_item_before_the_message() -> None:
    async with searching(Engine()) as one:
        body = await whole(one, CITED, **SEARCH, include=["web_search_call.action.sources"])
    search, message = body["output"]
    assert search["status"] == "completed"
    assert search["action"] == {
        "type": "search",
        "query": "Who built the Rialto?",
        "sources": [{"type": "url", "url": RIALTO.url}],
    }
    (annotation,) = message["content"][0]["annotations"]
    text = message["content"][0]["text"]
    assert text[annotation["start_index"] : annotation["end_index"]] == "[REF]0[/REF]"
    assert (annotation["title"], annotation["url"]) == (RIALTO.title, RIALTO.url)


async def test_a_search_is_streamed_before_the_message() -> None:
    async with searching(Engine()) as one:
        stream = await events(one, CITED, **SEARCH)
        body = await whole(one, CITED, **SEARCH)
    assert types(stream)[2:7] == [
        *("output_item.added", "web_search_call.in_progress", "web_search_call.searching"),
        *("web_search_call.completed", "output_item.done"),
    ]
    assert "output_text.annotation.added" in types(stream)
    assert "sources" not in stream[6]["item"]["action"]
    assert [item["type"] for item in folded(stream)["output"]] == ["web_search_call", "message"]
    assert [item["type"] for item in body["output"]] == ["web_search_call", "message"]


async def test_a_search_that_failed_says_so() -> None:
    async with searching(Engine(fails=True)) as one:
        stream = await events(one, CITED, **SEARCH)
    search, message = folded(stream)["output"]
    assert search["status"] == "failed"
    assert message["content"][0]["annotations"] == []


async def test_what_no_result_has_is_not_cited() -> None:
    async with searching(Engine()) as one:
        body = await whole(
            one, chunk("stop", content="See [REF]1[/REF], [REF]0, 9[/REF]."), **SEARCH
        )
    (annotation,) = body["output"][1]["content"][0]["annotations"]
    assert annotation["url"] == RIALTO.url


@pytest.mark.parametrize(
    ("said", "choice", "searches"),
    [
        ("Write a poem about rain.", None, 0),
        ("Who won the match yesterday?", None, 1),
        ("Who won the match yesterday?", "none", 0),
        ("Write a poem about rain.", "required", 1),
    ],
)
async def test_the_choice_says_whether_the_web_is_searched(
    said: str, choice: str | None, searches: int
) -> None:
    engine = Engine()
    async with searching(engine) as one:
        tools = [{"type": "web_search_preview"}]
        body = await whole(one, input=said, tools=tools, tool_choice=choice)
        assert len(engine.asked) == searches
        assert sum(item["type"] == "web_search_call" for item in body["output"]) == searches
        charged = [row for row in one.charges() if row.sku == "toy-web-search-call"]
        assert len(charged) == searches


async def test_a_search_that_is_switched_off_is_refused() -> None:
    async with house(models=(SEARCHING,)) as one:
        reply = await one.client.post("/v1/responses", json={"model": "toy", **SEARCH})
    assert reply.status_code == 400
    assert "search" in reply.json()["error"]["message"]
