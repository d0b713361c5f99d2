"""Metasearch through the real ddgs, one of whose engines is led to loopback."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from ddgs.engines import ENGINES

from fondaco.domain.web import Citation, SearchError
from fondaco.web.metasearch import MetaSearch
from upstream.raw_server import RawServer, listening
from web.site import http

RESULTS = b"""<html><body><ul class="results-standard">
<li><h2><a href="https://a.test/x">Rialto &amp; more</a></h2><p class="s">A <b>bridge</b>.</p></li>
<li><h2><a href="javascript:alert(1)">no page</a></h2><p class="s">Boo.</p></li>
</ul></body></html>"""


@asynccontextmanager
async def mojeek(
    monkeypatch: pytest.MonkeyPatch, timeout_s: float = 5.0
) -> AsyncGenerator[tuple[MetaSearch, RawServer]]:
    async with listening() as server:
        address = f"http://127.0.0.1:{server.port}/search"
        monkeypatch.setattr(ENGINES["text"]["mojeek"], "search_url", address)
        yield MetaSearch(timeout_s, {"backend": "mojeek"}), server


async def test_results_become_citations(monkeypatch: pytest.MonkeyPatch) -> None:
    async with mojeek(monkeypatch) as (search, server):
        server.answer(http(RESULTS), close=True)
        found = await search.find("who built it?", 5)
        assert found == [Citation("Rialto & more", "https://a.test/x", "A bridge.")]
        assert server.heads[0].startswith("GET /search?q=who+built+it%3F")


async def test_a_failed_or_empty_search_is_reported_and_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mojeek(monkeypatch) as (search, server):
        server.answer(http(status="500 No"), close=True)
        with pytest.raises(SearchError, match="did not respond, or found nothing") as failed:
            await search.find("a secret question", 5)
        assert "secret" not in str(failed.value)
        assert "secret" not in caplog.text


async def test_an_abandoned_search_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with mojeek(monkeypatch, timeout_s=1.0) as (search, server):
        server.silence()
        with anyio.move_on_after(0.2) as scope:
            await search.find("who?", 5)
        assert scope.cancelled_caught
