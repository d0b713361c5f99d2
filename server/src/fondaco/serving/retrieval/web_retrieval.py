"""Web retrieval: searches and pages that a request asks for, fetched before the model answers.

Pages and results are inserted into the latest user message, before the user's text: the beginning
of the conversation stays as it is, so prompt caches go on serving it, and the question comes last,
where small models heed it best.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio

from fondaco.domain.chat.message import Role
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import InvalidModelError, InvalidRequestError
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import Page, PageError, RetrievedContext, SearchError, WebNote, WebOptions
from fondaco.ports import Pages, Search

MOST_PAGES = 3
"""Source: overview/pricing.md, "up to 3 URLs per message"."""

_URL = re.compile(r"https?://[^\s<>\"'`\\^{|}\[\]]+", re.IGNORECASE)
_AFTER_URL = ".,;:!?*_~"

_LONGEST_QUERY = 400
_MOST_QUERY_WORDS = 50
"""Limit of search engines."""
_NOW = re.compile(
    r"\b(today|tonight|yesterday|tomorrow|now|nowadays|current(ly)?|latest|newest|recent(ly)?|news|"
    r"this (week|month|year)|last (week|month|year)|weather|forecast|price of|stock|score|"
    r"releas(e|ed|es)|version|search|google|look (it |this |that )?up|online|on the web|internet|"
    r"sources?|20[2-9]\d)\b",
    re.IGNORECASE,
)
"""Words about current facts, or that ask for sources."""


@dataclass(frozen=True, slots=True)
class RetrievalRequest:
    """Pages to read and a query to search for a call."""

    urls: tuple[str, ...] = ()
    skipped_urls: tuple[str, ...] = ()
    """URLs beyond the first three."""
    query: str = ""
    """The search query; empty: no search."""
    cite: bool = False
    """Whether the prompt asks the model to cite results."""

    @property
    def most(self) -> Usage:
        """The most usage that it can cause."""
        return Usage(searches=1 if self.query else 0, scrapes=len(self.urls))


class WebRetrieval:
    """Fetches pages and search results for calls."""

    def __init__(
        self,
        pages: Pages | None = None,
        searches: Mapping[str, Search] | None = None,
        *,
        results: int = 5,
        search_timeout_s: float = 10.0,
    ) -> None:
        """Prepare; without `pages`, scraping is not available.

        `searches` are the search engines by their names, in the order in which they are tried: each
        for at most `results`, within its time.
        """
        self._pages = pages
        self._searches = searches or {}
        self._results = results
        self._search_timeout_s = search_timeout_s

    def retrieval_request(
        self, request: ChatRequest, options: WebOptions, *, searches: bool
    ) -> RetrievalRequest | None:
        """Return the retrieval that a request needs, or None.

        `searches` says whether its model takes results of searches.

        Raises:
            InvalidModelError: the model does not support web search, and the caller requires it.
            InvalidRequestError: the operator has disabled what the request requires.
            WebNotInstalledError: the libraries for it are missing.
        """
        text = last_user_text(request)
        if options.scrape:
            if self._pages is None:
                raise _switched_off("enable_web_scraping", "Reading pages of the web")
            self._pages.expect_ready()
            if urls := urls_in(text):
                return RetrievalRequest(urls=urls[:MOST_PAGES], skipped_urls=urls[MOST_PAGES:])
        if options.search == "on":
            self._expect_search(request, searches=searches)
        elif options.search == "off" or not (
            searches and self._searches and needs_current_facts(text)
        ):
            return None
        query = query_of(text)
        return RetrievalRequest(query=query, cite=options.cite) if query else None

    def may_search(self, request: ChatRequest, options: WebOptions) -> bool:
        """Whether a search is possible, and the mode `auto` leaves the decision open."""
        if options.search != "auto" or not self._searches:
            return False
        text = last_user_text(request)
        return bool(query_of(text)) and not (options.scrape and urls_in(text))

    async def retrieve(self, retrieval_request: RetrievalRequest) -> RetrievedContext:
        """Retrieve pages and results; failures become notes."""
        if retrieval_request.query:
            return await self._search(retrieval_request)
        pages, notes = await self._read(retrieval_request.urls)
        notes += [
            WebNote("PAGE_LEFT_OUT", f"Only {MOST_PAGES} pages are read per message.", url)
            for url in retrieval_request.skipped_urls
        ]
        return RetrievedContext(pages=pages, notes=tuple(notes))

    def _expect_search(self, request: ChatRequest, *, searches: bool) -> None:
        if not self._searches:
            raise _switched_off("enable_web_search", "Web search")
        if not searches:
            raise InvalidModelError(
                f"The model {request.model!r} does not support web search. GET /api/v1/models "
                "lists models that do (supportsWebSearch).",
                faults={"venice_parameters.enable_web_search": ("Not supported by this model",)},
            )

    async def _search(self, retrieval_request: RetrievalRequest) -> RetrievedContext:
        """Query the search engines in order, until one has results."""
        notes: list[WebNote] = []
        for name, search in self._searches.items():
            try:
                with anyio.fail_after(self._search_timeout_s):
                    citations = tuple(await search.find(retrieval_request.query, self._results))
            except SearchError as error:
                notes.append(WebNote(error.code, f"The search engine {name!r} failed: {error}"))
            except TimeoutError:
                waited = f"{self._search_timeout_s:g} seconds"
                notes.append(
                    WebNote("SEARCH_TOO_SLOW", f"The search engine {name!r} took over {waited}.")
                )
            else:
                if citations:
                    found = tuple(notes)
                    return RetrievedContext(
                        citations=citations,
                        notes=found,
                        cite=retrieval_request.cite,
                        query=retrieval_request.query,
                        searches=1,
                    )
        if not notes:
            notes.append(WebNote("SEARCH_EMPTY", "The search found nothing."))
        return RetrievedContext(notes=tuple(notes), query=retrieval_request.query)

    async def _read(self, urls: Sequence[str]) -> tuple[tuple[Page, ...], list[WebNote]]:
        """Read pages concurrently; return them in order, and notes on failures."""
        outcomes_by_url: dict[str, Page | WebNote] = {}

        async def read(url: str, pages: Pages) -> None:
            try:
                outcomes_by_url[url] = await pages.read(url)
            except PageError as error:
                outcomes_by_url[url] = WebNote(error.code, str(error), url)

        if self._pages is not None:
            async with anyio.create_task_group() as readers:
                for url in urls:
                    readers.start_soon(read, url, self._pages)
        outcomes = [outcomes_by_url[url] for url in urls if url in outcomes_by_url]
        pages = tuple(one for one in outcomes if isinstance(one, Page))
        return pages, [one for one in outcomes if isinstance(one, WebNote)]


def last_user_text(request: ChatRequest) -> str:
    """Return the text of the latest user message."""
    for message in reversed(request.messages):
        if message.role is Role.USER:
            return "\n".join(message.texts)
    return ""


def needs_current_facts(text: str) -> bool:
    """Whether a message seems to need current facts: a heuristic over English words.

    >>> needs_current_facts("Who won the match yesterday?"), needs_current_facts("Write a poem about rain.")
    (True, False)
    """
    return _NOW.search(text) is not None


def query_of(text: str) -> str:
    """Return the search query: the message without URLs, truncated to the engines' limit.

    >>> query_of("Who   built https://a.test/x the Rialto?")
    'Who built the Rialto?'
    """
    words = _URL.sub(" ", text).split()[:_MOST_QUERY_WORDS]
    query = " ".join(words)
    if len(query) > _LONGEST_QUERY:
        query = query[:_LONGEST_QUERY].rpartition(" ")[0] or query[:_LONGEST_QUERY]
    return query


def urls_in(text: str) -> tuple[str, ...]:
    """Return the distinct URLs in a text.

    >>> urls_in("See https://a.test/x_(y), (https://b.test/) and <https://a.test/x_(y)>.")
    ('https://a.test/x_(y)', 'https://b.test/')
    """
    return tuple(dict.fromkeys(_trimmed(url) for url in _URL.findall(text)))


def _trimmed(url: str) -> str:
    """Strip the punctuation that ends a sentence from a URL."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and (url[end - 1] in _AFTER_URL or (url[end - 1] == ")" and unopened > 0)):
        end -= 1
        unopened -= url[end] == ")"
    return url[:end]


def _switched_off(name: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{what} is disabled on this server. Leave out venice_parameters.{name}.",
        faults={f"venice_parameters.{name}": ("Switched off on this server",)},
    )
