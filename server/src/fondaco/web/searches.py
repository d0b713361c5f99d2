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
        """Return the results; see `Search.find`."""
        path = "/search?" + urlencode({"q": query, "format": "json"}, safe="")
        response = await _get_json(self._upstream, path, self._timeout_s)
        return citations(response.get("results"), most, content="content", date="publishedDate")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


class BraveSearch:
    """Brave's search API; the upstream carries the key."""

    def __init__(self, upstream: HttpClient, timeout_s: float) -> None:
        self._upstream = upstream
        self._timeout_s = timeout_s

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return the results; see `Search.find`."""
        parameters = {"q": query, "count": str(most), "text_decorations": "false"}
        response = await _get_json(
            self._upstream, "/res/v1/web/search?" + urlencode(parameters), self._timeout_s
        )
        pages = response.get("web", {})
        results = pages.get("results") if isinstance(pages, dict) else None
        return citations(results or [], most, content="description", date="page_age")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def citations(
    results: object, most: int, *, content: str, date: str, url: str = "url"
) -> list[Citation]:
    """Convert results to citations; results without a web URL are dropped.

    `url`, `content` and `date` are the names of these fields in a result.

    Raises:
        SearchError: `results` is not a list.
    """
    if not isinstance(results, list):
        raise SearchError("Its response is not in the documented format.")
    results_found: list[Citation] = []
    for result in results:
        page = _text(result, url)
        if page.startswith(("http://", "https://")) and len(results_found) < most:
            title = _text(result, "title")[:_LONGEST_TITLE] or page
            text = _text(result, content)[:_LONGEST_CONTENT]
            results_found.append(Citation(title, page, text, _text(result, date) or None))
    return results_found


async def _get_json(upstream: HttpClient, path: str, timeout_s: float) -> Mapping[str, Any]:
    """Return a search engine's JSON response."""
    try:
        async with upstream.send("GET", path, total_timeout_s=timeout_s) as reply:
            if reply.status != HTTPStatus.OK:
                raise SearchError(f"It returned the status {reply.status}.")
            response = json.loads(await reply.read(_MOST_BYTES))
    except EngineError as error:
        raise SearchError("It did not respond.") from error
    except ValueError as error:
        raise SearchError("Its response is not JSON.") from error
    if not isinstance(response, dict):
        raise SearchError("Its response is not in the documented format.")
    return response


def _text(result: object, name: str) -> str:
    value = result.get(name) if isinstance(result, dict) else None
    return unescape(value).strip() if isinstance(value, str) else ""
