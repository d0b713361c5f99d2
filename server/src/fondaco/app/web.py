"""Composition of web retrieval: settings become search engines, scrapers and the library."""

import ipaddress
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, assert_never

import anyio

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.clients.keyless import KeylessClient
from fondaco.domain.extras import how_to_install
from fondaco.environment import ConfigurationError, secret
from fondaco.sections import SearchEngine, Web
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.settings import Settings
from fondaco.web.addresses import Policy
from fondaco.web.files import WebFiles
from fondaco.web.library import Library, LibrarySearch
from fondaco.web.metasearch import MetaSearch
from fondaco.web.pages import WebPages
from fondaco.web.searches import BRAVE, BraveSearch, SearxngSearch

if TYPE_CHECKING:
    from fondaco.web.egress import EgressClient

_CONNECTIONS = 16
SearchAdapter: TypeAlias = LibrarySearch | SearxngSearch | BraveSearch | MetaSearch


@asynccontextmanager
async def opened_web(settings: Settings) -> AsyncGenerator[WebRetrieval]:
    """Open the fetcher of pages and search results, and close it at the end.

    Raises:
        ConfigurationError: a search engine's address cannot be used.
    """
    pages = WebPages(partial(_egress, settings.web))
    searches: dict[str, SearchAdapter] = {
        name: _search(name, settings) for name in settings.search.engines
    }
    try:
        yield WebRetrieval(
            pages if settings.web.scraping else None,
            searches,
            results=settings.search.results,
            search_timeout_s=settings.search.timeout_s,
        )
    finally:
        with anyio.CancelScope(shield=True):
            await pages.aclose()
            for search in searches.values():
                await search.aclose()


@asynccontextmanager
async def opened_files(settings: Settings) -> AsyncGenerator[WebFiles | None]:
    """Open the fetcher of callers' images, where fetching is permitted, and close it at the end."""
    files = WebFiles(partial(_egress, settings.web))
    try:
        yield files if settings.web.images else None
    finally:
        with anyio.CancelScope(shield=True):
            await files.aclose()


def _search(name: SearchEngine, settings: Settings) -> SearchAdapter:
    chosen = settings.search
    match name:
        case "library":
            return LibrarySearch(Library.of(settings.home))
        case "searxng":
            return SearxngSearch(_connected(name, chosen.searxng_url), chosen.timeout_s)
        case "brave":
            return BraveSearch(_brave(chosen.brave_key), chosen.timeout_s)
        case "ddgs":
            if not MetaSearch.installed():
                raise ConfigurationError(
                    f"The search engine 'ddgs' is not installed. {how_to_install('ddgs')}"
                )
            return MetaSearch(chosen.timeout_s)
    assert_never(name)


def _brave(reference: str) -> HttpClient:
    """Return the client for Brave; without its key, one that refuses to ask it."""
    try:
        key = secret(reference)
    except ConfigurationError:
        return KeylessClient()
    return _connected("brave", BRAVE, {"X-Subscription-Token": key})


def _connected(name: str, url: str, headers: Mapping[str, str] | None = None) -> HttpClient:
    try:
        return connect(url, headers=headers, connections=_CONNECTIONS)
    except ValueError as error:
        raise ConfigurationError(f"The search engine {name!r} cannot be asked: {error}") from error


def _egress(chosen: Web) -> "EgressClient":
    from fondaco.web.egress import EgressClient  # noqa: PLC0415 - aiohttp costs 0.2 s to load

    networks = tuple(ipaddress.ip_network(network) for network in chosen.networks)
    return EgressClient(
        Policy(networks, frozenset(chosen.ports)),
        most_bytes=chosen.page_limit_bytes,
        total_timeout_s=chosen.timeout_s,
    )
