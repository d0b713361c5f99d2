"""Web search through ddgs, which needs no API key."""

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from anyio import CapacityLimiter, to_thread

from fondaco.domain.web import Citation, SearchError
from fondaco.web.searches import citations

_AT_A_TIME = 8
"""Concurrent searches; each uses several threads of ddgs's own."""


class MetaSearch:
    """Web search by ddgs in threads; an abandoned search ends by its own time-out."""

    def __init__(self, timeout_s: float, options: Mapping[str, str] | None = None) -> None:
        """Prepare; `options` are further arguments of ddgs's `text`."""
        self._timeout_s = timeout_s
        self._options = dict(options or {})
        self._limiter = CapacityLimiter(_AT_A_TIME)
        # The libraries log failures with the URL, which contains the query.
        for name in ("ddgs", "primp"):
            quiet = logging.getLogger(name)
            quiet.propagate = False
            quiet.addHandler(logging.NullHandler())

    @staticmethod
    def installed() -> bool:
        """Whether the extra ddgs is installed."""
        return find_spec("ddgs") is not None

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return the results; see `Search.find`."""
        return await to_thread.run_sync(
            self._find, query, most, abandon_on_cancel=True, limiter=self._limiter
        )

    async def aclose(self) -> None:
        """Do nothing: each search has connections of its own."""

    def _find(self, query: str, most: int) -> Sequence[Citation]:
        from ddgs import DDGS  # noqa: PLC0415 - an extra, which costs 0.2 s to load
        from ddgs.exceptions import DDGSException  # noqa: PLC0415 - comes with it

        timeout_s = max(1, int(self._timeout_s))
        try:
            results = DDGS(timeout=timeout_s).text(query, max_results=most, **self._options)
        except DDGSException as error:
            # The message may contain the query, and says "No results found." for failed engines as well.
            raise SearchError("It did not respond, or found nothing.") from error
        return citations(results, most, url="href", content="body", date="")
