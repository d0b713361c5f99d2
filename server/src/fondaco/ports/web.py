"""Pages and searches."""

from collections.abc import Sequence
from typing import Protocol

from fondaco.domain.web import Citation, Page


class Pages(Protocol):
    """Pages of the web, as text."""

    def expect_ready(self) -> None:
        """Return if pages can be read here.

        Raises:
            WebNotInstalledError: the libraries are missing.
        """
        ...

    async def read(self, url: str) -> Page:
        """Fetch a page, and return it as text.

        Raises:
            PageError: it could not be had, or may not be.
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
