"""Augment: what a call wants from the web, brought before the model is asked.

Pages and results stand in the latest user message, before what the user says there: the beginning
of the conversation stays as it is, so prompt caches go on serving it, and the question comes last,
where small models heed it best.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from fondaco.domain.chat import Role, Turn
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.price import WebPrice
from fondaco.domain.web import Gathered, Page, PageError, WebNote, WebWish
from fondaco.ports import Pages

MOST_PAGES = 3
"""Source: overview/pricing.md, "up to 3 URLs per message"."""

_URL = re.compile(r"https?://[^\s<>\"'`\\^{|}\[\]]+", re.IGNORECASE)
_AFTER_URL = ".,;:!?*_~"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be brought for a call."""

    urls: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Addresses beyond the first three."""

    def ceiling(self, price: WebPrice) -> int:
        """Return the most, in nano-dollars, that it can cost."""
        return price.ceiling(scrapes=len(self.urls))


class Augment:
    """Goes on errands to the web."""

    def __init__(self, pages: Pages | None = None) -> None:
        """Prepare; without `pages`, the operator wants none read."""
        self._pages = pages

    def errand(self, turn: Turn, wish: WebWish) -> Errand | None:
        """Return what is to be brought for a turn, or None where there is nothing.

        Raises:
            InvalidRequestError: the operator has switched off what is asked for.
            WebNotInstalledError: the libraries for it are missing.
        """
        said = latest_said(turn)
        if wish.scrape:
            if self._pages is None:
                raise _switched_off("enable_web_scraping", "Reading pages of the web")
            self._pages.expect_ready()
            if urls := urls_in(said):
                return Errand(urls=urls[:MOST_PAGES], left_out=urls[MOST_PAGES:])
        return None

    async def bring(self, errand: Errand) -> Gathered:
        """Return what could be had; whatever could not is noted."""
        pages, notes = await self._read(errand.urls)
        notes += [
            WebNote("PAGE_LEFT_OUT", f"Only {MOST_PAGES} pages are read for a message.", url)
            for url in errand.left_out
        ]
        return Gathered(pages=pages, notes=tuple(notes))

    async def _read(self, urls: Sequence[str]) -> tuple[tuple[Page, ...], list[WebNote]]:
        """Read pages at the same time; return them in their order, and notes on the others."""
        found: dict[str, Page | WebNote] = {}

        async def read(url: str, pages: Pages) -> None:
            try:
                found[url] = await pages.read(url)
            except PageError as error:
                found[url] = WebNote(error.code, str(error), url)

        if self._pages is not None:
            async with anyio.create_task_group() as readers:
                for url in urls:
                    readers.start_soon(read, url, self._pages)
        outcomes = [found[url] for url in urls if url in found]
        pages = tuple(one for one in outcomes if isinstance(one, Page))
        return pages, [one for one in outcomes if isinstance(one, WebNote)]


def latest_said(turn: Turn) -> str:
    """Return the text of the latest user message."""
    for message in reversed(turn.messages):
        if message.role is Role.USER:
            content = message.content or ""
            return content if isinstance(content, str) else "\n".join(content)
    return ""


def urls_in(text: str) -> tuple[str, ...]:
    """Return the addresses in a text, each once.

    >>> urls_in("See https://a.test/x_(y), (https://b.test/) and <https://a.test/x_(y)>.")
    ('https://a.test/x_(y)', 'https://b.test/')
    """
    return tuple(dict.fromkeys(_trimmed(url) for url in _URL.findall(text)))


def _trimmed(url: str) -> str:
    """Return an address without the marks that end its sentence."""
    while True:
        trimmed = url.rstrip(_AFTER_URL)
        if trimmed.endswith(")") and trimmed.count("(") < trimmed.count(")"):
            trimmed = trimmed[:-1]
        if trimmed == url:
            return url
        url = trimmed


def _switched_off(name: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{what} is switched off on this server. Leave out venice_parameters.{name}.",
        faults={f"venice_parameters.{name}": ("Switched off on this server",)},
    )
