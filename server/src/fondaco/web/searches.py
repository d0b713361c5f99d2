"""Web search through SearXNG and Brave."""

import json
from collections.abc import Mapping, Sequence
from html import unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.web import Citation, SearchError

BRAVE = "https://api.search.brave.com"
_MOST_BYTES = 4 * 2**20
_LONGEST_CONTENT = 2_000
_LONGEST_TITLE = 300


class SearxngSearch:
    """A SearXNG; its settings have to allow the format `json`."""

    def __init__(self, upstream: HttpClient, timeout_s: float) -> None:
        self._upstream = upstream
        self._timeout_s = timeout_s

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return what it found; see `Search.find`."""
        path = "/search?" + urlencode({"q": query, "format": "json"}, safe="")
        told = await _asked(self._upstream, path, self._timeout_s)
        return citations(told.get("results"), most, content="content", date="publishedDate")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


class BraveSearch:
    """Brave's search API; the upstream carries the key."""

    def __init__(self, upstream: HttpClient, timeout_s: float) -> None:
        self._upstream = upstream
        self._timeout_s = timeout_s

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return what it found; see `Search.find`."""
        asked = {"q": query, "count": str(most), "text_decorations": "false"}
        told = await _asked(
            self._upstream, "/res/v1/web/search?" + urlencode(asked), self._timeout_s
        )
        pages = told.get("web", {})
        results = pages.get("results") if isinstance(pages, dict) else None
        return citations(results or [], most, content="description", date="page_age")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def citations(
    results: object, most: int, *, content: str, date: str, url: str = "url"
) -> list[Citation]:
    """Return results as citations, without those that name no page.

    `url`, `content` and `date` name where a result has these.

    Raises:
        SearchError: what came is no list of results.
    """
    if not isinstance(results, list):
        raise SearchError("It did not answer as agreed.")
    found: list[Citation] = []
    for result in results:
        page = _text(result, url)
        if page.startswith(("http://", "https://")) and len(found) < most:
            title = _text(result, "title")[:_LONGEST_TITLE] or page
            text = _text(result, content)[:_LONGEST_CONTENT]
            found.append(Citation(title, page, text, _text(result, date) or None))
    return found


async def _asked(upstream: HttpClient, path: str, timeout_s: float) -> Mapping[str, Any]:
    """Return the JSON object that an engine answers."""
    try:
        async with upstream.send("GET", path, total_timeout_s=timeout_s) as reply:
            if reply.status != HTTPStatus.OK:
                raise SearchError(f"It answered with status {reply.status}.")
            told = json.loads(await reply.read(_MOST_BYTES))
    except EngineError as error:
        raise SearchError("It did not answer.") from error
    except ValueError as error:
        raise SearchError("It did not answer in JSON.") from error
    if not isinstance(told, dict):
        raise SearchError("It did not answer as agreed.")
    return told


def _text(result: object, name: str) -> str:
    value = result.get(name) if isinstance(result, dict) else None
    return unescape(value).strip() if isinstance(value, str) else ""
