"""Ports for web pages, files and search."""

from collections.abc import Collection, Sequence
from typing import Protocol

from fondaco.domain.web import Citation, Page


class Pages(Protocol):
    """Pages of the web, as text."""

    def expect_ready(self) -> None:
        """Check that pages can be parsed.

        Raises:
            WebNotInstalledError: the libraries are missing.
        """
        ...

    async def read(self, url: str) -> Page:
        """Fetch a page, and return it as text.

        Raises:
            PageError: it cannot be fetched, or must not be.
        """
        ...


class Files(Protocol):
    """Files of the web, as they are."""

    async def fetch(self, url: str, media_types: Collection[str]) -> bytes:
        """Fetch a file that is of one of these types.

        Raises:
            PageError: it cannot be fetched, or must not be.
        """
        ...

    async def expect_public(self, url: str) -> None:
        """Check that a URL is safe to pass to an engine, which then fetches it.

        Raises:
            PageError: it is not, or its host name is unknown.
        """
        ...


class Search(Protocol):
    """A search engine."""

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return at most so many results, the best first.

        Raises:
            SearchError: it did not answer, or has nothing to search in.
        """
        ...
