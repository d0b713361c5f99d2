"""Search engines of others: what they answer becomes citations, and what is wrong is said."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.web import Citation, SearchError
from fondaco.web.searches import BraveSearch, SearxngSearch
from upstream.raw_server import RawServer, listening
from web.site import http

Search = SearxngSearch | BraveSearch
ENGINES: list[Callable[[HttpClient, float], Search]] = [SearxngSearch, BraveSearch]

SEARXNG = {
    "results": [
        {
            "title": "Rialto &amp; more",
            "url": "https://a.test/x",
            "content": "A bridge.",
            "publishedDate": "2024-08-13T13:45:16",
        },
        {"title": None, "url": "https://b.test/"},
        {"title": "no page", "url": "javascript:alert(1)"},
        "rubbish",
        {"title": "third", "url": "http://c.test/", "content": 7},
    ]
}
BRAVE = {
    "web": {
        "results": [
            {
                "title": "Rialto &amp; more",
                "url": "https://a.test/x",
                "description": "A bridge.",
                "page_age": "2024-08-13T13:45:16",
            },
            {"url": "https://b.test/"},
            {"url": 5},
            {"title": "third", "url": "http://c.test/"},
        ]
    }
}
FOUND = [
    Citation("Rialto & more", "https://a.test/x", "A bridge.", "2024-08-13T13:45:16"),
    Citation("https://b.test/", "https://b.test/"),
    Citation("third", "http://c.test/"),
]


@dataclass
class World:
    server: RawServer
    search: Search

    async def find(self, reply: bytes, query: str = "who built it?") -> Sequence[Citation]:
        self.server.answer(reply, close=True)
        return await self.search.find(query, 5)


@asynccontextmanager
async def world(engine: Callable[[HttpClient, float], Search]) -> AsyncGenerator[World]:
    async with listening() as server:
        upstream = connect(
            f"http://127.0.0.1:{server.port}", headers={"X-Subscription-Token": "token"}
        )
        search = engine(upstream, 0.5)
        try:
            yield World(server, search)
        finally:
            await search.aclose()


def answer(body: object) -> bytes:
    return http(json.dumps(body).encode(), media_type="application/json")


@pytest.mark.parametrize(
    ("engine", "body", "asked"),
    [
        (SearxngSearch, SEARXNG, "GET /search?q=caf%C3%A9+%2F%2F+..%26x&format=json"),
        (
            BraveSearch,
            BRAVE,
            "GET /res/v1/web/search?q=caf%C3%A9+%2F%2F+..%26x&count=5&text_decorations=false",
        ),
    ],
)
async def test_results_become_citations(
    engine: Callable[[HttpClient, float], Search], body: object, asked: str
) -> None:
    async with world(engine) as one:
        assert await one.find(answer(body), "café // ..&x") == FOUND
        assert one.server.heads[0].startswith(f"{asked} HTTP/1.1")
        assert "X-Subscription-Token: token" in one.server.heads[0]


@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_found_is_no_failure(engine: Callable[[HttpClient, float], Search]) -> None:
    async with world(engine) as one:
        assert await one.find(answer({"results": [], "web": {}})) == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (http(status="403 Forbidden"), "status 403"),
        (http(status="429 Too Many Requests"), "status 429"),
        (http(b"<html>"), "is not JSON"),
        (answer([]), "not in the documented format"),
        (answer({"results": 5, "web": {"results": 5}}), "not in the documented format"),
        (http(b"cut")[:-1], "did not respond"),
    ],
)
async def test_what_went_wrong_is_said(
    engine: Callable[[HttpClient, float], Search], reply: bytes, fault: str
) -> None:
    error = None
    async with world(engine) as one:
        with pytest.raises(SearchError, match=fault) as raised:
            await one.find(reply)
        error = raised.value
    assert "token" not in str(error)


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_engine_that_says_nothing_is_given_up(
    engine: Callable[[HttpClient, float], Search],
) -> None:
    async with world(engine) as one:
        one.server.silence()
        with pytest.raises(SearchError, match="did not respond"):
            await one.search.find("anything", 5)
