"""Web search as a tool of this server: when it is made, and how it is shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fondaco.domain.models.model import Capabilities
from fondaco.domain.web import Citation, SearchError
from fondaco.http.apis.anthropic.reply.schemas import Message
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import TOY, House, house

Json = dict[str, Any]
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
CHOSEN: Json = {"type": "tool", "name": "web_search"}
ABLE = replace(TOY, capabilities=Capabilities(web_search=True))


class Library:
    """A search engine that knows one page, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.asked: list[str] = []

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        self.asked.append(query)
        if self.fails:
            raise SearchError
        return [Citation("Rialto", "https://a.test/rialto", "It was built in 1591.", "2024-01-01")]


def body(**fields: object) -> Json:
    said = [{"role": "user", "content": "Who built the Rialto?"}]
    return {"model": "toy", "max_tokens": 9, "messages": said, "tools": [SEARCH], **fields}


async def message(one: House, **fields: object) -> Json:
    reply = await one.client.post("/v1/messages", json=body(**fields))
    assert reply.status_code == 200, reply.text
    Message.model_validate(reply.json())
    found: Json = reply.json()
    return found


async def test_a_chosen_search_is_made_and_shown_before_the_text() -> None:
    library = Library()
    retrieval = WebRetrieval(searches={"library": library})
    async with house(models=(ABLE,), web_retrieval=retrieval) as one:
        made = await message(one, tool_choice=CHOSEN)
        use, found, text = made["content"]
        assert library.asked == [use["input"]["query"]] == ["Who built the Rialto?"]
        assert use["id"] == found["tool_use_id"] == f"srvtoolu_{made['id'][-24:]}"
        assert [result["url"] for result in found["content"]] == ["https://a.test/rialto"]
        assert text["type"] == "text"
        assert made["usage"]["server_tool_use"]["web_search_requests"] == 1
        reply = await one.client.post("/v1/messages", json=body(tool_choice=CHOSEN, stream=True))
        events = [json.loads(e[6:]) for e in reply.text.split("\n") if e.startswith("data:")]
        starts = [e["content_block"] for e in events if e["type"] == "content_block_start"]
        assert [block["type"] for block in starts] == [
            "server_tool_use",
            "web_search_tool_result",
            "text",
        ]
        turns = [
            {"role": "user", "content": "Who?"},
            {"role": "assistant", "content": made["content"]},
            {"role": "user", "content": "And when?"},
        ]
        await message(one, messages=turns, tools=[])
        said = one.fake.asked[-1].body["messages"][1]
        assert said == {"role": "assistant", "content": text["text"]}


async def test_an_offered_search_is_made_where_the_question_needs_one() -> None:
    library = Library()
    retrieval = WebRetrieval(searches={"library": library})
    async with house(models=(ABLE,), web_retrieval=retrieval) as one:
        await message(one)
        assert library.asked == []
        news = [{"role": "user", "content": "What is in the news today?"}]
        await message(one, messages=news)
        assert len(library.asked) == 1
        await message(one, messages=news, tool_choice={"type": "none"})
        assert len(library.asked) == 1


async def test_a_search_that_failed_is_told() -> None:
    retrieval = WebRetrieval(searches={"library": Library(fails=True)})
    async with house(models=(ABLE,), web_retrieval=retrieval) as one:
        made = await message(one, tool_choice=CHOSEN)
    assert made["content"][1]["content"] == {
        "type": "web_search_tool_result_error",
        "error_code": "unavailable",
    }


@pytest.mark.parametrize("choice", [CHOSEN, {"type": "any"}])
async def test_a_search_that_the_operator_switched_off_is_refused(
    shared: House, choice: Json
) -> None:
    reply = await shared.client.post("/v1/messages", json=body(tool_choice=choice))
    assert reply.status_code == 400
