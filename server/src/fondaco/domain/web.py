"""Web retrieval: options, pages, citations, and the errors of fetching and searching."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

SearchWish: TypeAlias = Literal["off", "on", "auto"]


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What a chat call wants from the web.

    Source: POST /chat/completions, `venice_parameters`.
    """

    search: SearchWish = "off"
    scrape: bool = False
    """Read the pages that the latest user message names; no search then."""
    cite: bool = False
    """Have the model say which results it draws on, as `[REF]0[/REF]`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the web, as text for a model."""

    url: str
    """Where it was found, after redirects."""
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
    """When it was written, in ISO 8601, where that is known."""


@dataclass(frozen=True, slots=True)
class WebNote:
    """What the caller is told of a page or a search that failed."""

    code: str
    message: str
    url: str | None = None
    """Of the page, as the caller wrote it."""


@dataclass(frozen=True, slots=True)
class RetrievedContext:
    """What was brought from the web for a call."""

    pages: tuple[Page, ...] = ()
    citations: tuple[Citation, ...] = ()
    notes: tuple[WebNote, ...] = ()
    cite: bool = False
    """Whether the model is to say which citations it draws on."""
    searches: int = 0
    """Searches that gave an answer, results or none: they are charged."""

    @property
    def scrapes(self) -> int:
        """How many pages are charged."""
        return len(self.pages)


class WebError(Exception):
    """Something on the web could not be had; the call goes on without it.

    ```
    WebError
    ├── PageError                 a page
    │   ├── AddressRefusedError   it lies where the egress client does not go
    │   ├── UnreachableError      nobody answers there, or not by the protocol
    │   ├── RedirectedError       one redirect too many, or one that leads nowhere
    │   ├── StatusError           the answer is an error, or no page
    │   ├── MediaTypeError        of a type that is not read
    │   ├── EncodedError          compressed, though that was not asked for
    │   ├── TooLargeError
    │   ├── TooSlowError
    │   └── UnreadableError       no text could be made of it
    └── SearchError               a search engine did not answer, or not as agreed
    ```
    """

    code: ClassVar[str] = "WEB_FAILED"


class PageError(WebError):
    """A page could not be had."""


class AddressRefusedError(PageError):
    """The address is none of the public internet, or of no kind that is fetched."""

    code = "PAGE_ADDRESS_REFUSED"


class UnreachableError(PageError):
    """No connection, or nothing that speaks HTTP."""

    code = "PAGE_UNREACHABLE"


class RedirectedError(PageError):
    """Too many redirects, or one without an address."""

    code = "PAGE_REDIRECTED"


class StatusError(PageError):
    """The server answered with something else than a page."""

    code = "PAGE_STATUS"


class MediaTypeError(PageError):
    """The page is of a type that is not read."""

    code = "PAGE_TYPE"


class EncodedError(PageError):
    """The page came compressed, which could hide any size."""

    code = "PAGE_ENCODED"


class TooLargeError(PageError):
    """The page is larger than is read."""

    code = "PAGE_TOO_LARGE"


class TooSlowError(PageError):
    """The page took longer than is waited."""

    code = "PAGE_TOO_SLOW"


class UnreadableError(PageError):
    """No text could be made of the page."""

    code = "PAGE_UNREADABLE"


class SearchError(WebError):
    """A search engine did not answer, or not as agreed."""

    code = "SEARCH_FAILED"
