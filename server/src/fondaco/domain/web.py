"""Web retrieval: options, pages, citations, and the errors of fetching and searching."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

SearchMode: TypeAlias = Literal["off", "on", "auto"]


@dataclass(frozen=True, slots=True)
class WebOptions:
    """Web options of a chat request.

    Source: POST /chat/completions, `venice_parameters`.
    """

    search: SearchMode = "off"
    scrape: bool = False
    """Read the pages that the latest user message names; no search then."""
    cite: bool = False
    """Have the model say which results it draws on, as `[REF]0[/REF]`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the web, as text for a model."""

    url: str
    """Address after redirects."""
    title: str
    text: str
    """Markdown."""


@dataclass(frozen=True, slots=True)
class Citation:
    """One result of a search. Source: `venice_parameters.web_search_citations`."""

    title: str
    url: str
    content: str = ""
    date: str | None = None
    """Publication date in ISO 8601, where it is known."""


@dataclass(frozen=True, slots=True)
class WebNote:
    """A note to the caller about a page or a search that failed."""

    code: str
    message: str
    url: str | None = None
    """Of the page, as the caller wrote it."""


@dataclass(frozen=True, slots=True)
class RetrievedContext:
    """Pages and search results retrieved for a call."""

    pages: tuple[Page, ...] = ()
    citations: tuple[Citation, ...] = ()
    notes: tuple[WebNote, ...] = ()
    cite: bool = False
    """Whether the model is to say which citations it draws on."""
    query: str = ""
    """Search query; empty: none."""
    searches: int = 0
    """Searches that succeeded, with or without results: they are charged."""

    @property
    def scrapes(self) -> int:
        """Number of pages that are charged."""
        return len(self.pages)


class WebError(Exception):
    """A page or search is unavailable; the call continues without it.

    ```
    WebError
    ├── PageError                 a page
    │   ├── AddressRefusedError   the egress policy forbids its address
    │   ├── UnreachableError      no connection, or no HTTP
    │   ├── RedirectedError       too many redirects, or an invalid one
    │   ├── StatusError           its status is not 200
    │   ├── MediaTypeError        of a type that is not read
    │   ├── EncodedError          compressed although no encoding was requested
    │   ├── TooLargeError
    │   ├── TooSlowError
    │   └── UnreadableError       it has no readable text
    └── SearchError               a search engine did not answer, or in another format
    ```
    """

    code: ClassVar[str] = "WEB_FAILED"


class PageError(WebError):
    """A page is unavailable."""


class AddressRefusedError(PageError):
    """The URL is not on the public internet, or of a kind that is not fetched."""

    code = "PAGE_ADDRESS_REFUSED"


class UnreachableError(PageError):
    """No connection, or nothing that speaks HTTP."""

    code = "PAGE_UNREACHABLE"


class RedirectedError(PageError):
    """Too many redirects, or one without a valid target."""

    code = "PAGE_REDIRECTED"


class StatusError(PageError):
    """The server answered with another status than 200."""

    code = "PAGE_STATUS"


class MediaTypeError(PageError):
    """The page is of a type that is not read."""

    code = "PAGE_TYPE"


class EncodedError(PageError):
    """The page is compressed, which could hide any size."""

    code = "PAGE_ENCODED"


class TooLargeError(PageError):
    """The page exceeds the size limit."""

    code = "PAGE_TOO_LARGE"


class TooSlowError(PageError):
    """The page exceeded the time limit."""

    code = "PAGE_TOO_SLOW"


class UnreadableError(PageError):
    """No text could be extracted from the page."""

    code = "PAGE_UNREADABLE"


class SearchError(WebError):
    """A search engine did not answer, or in another format."""

    code = "SEARCH_FAILED"
