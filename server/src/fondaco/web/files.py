"""The `Files` port: files fetched by the egress client, passed on unread."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import anyio

from fondaco.domain.web import TooSlowError

if TYPE_CHECKING:  # aiohttp costs 0.2 s to load
    from fondaco.web.egress import EgressClient

MOST_AT_A_TIME = 32
"""Concurrent downloads of all calls, which bounds their memory."""
QUEUE_TIMEOUT_S = 10.0


class WebFiles:
    """Fetches files, so that engines never connect to hosts that callers name."""

    def __init__(self, opening: Callable[[], "EgressClient"]) -> None:
        """Prepare; `opening` creates the egress client at the first use."""
        self._opening = opening
        self._egress: EgressClient | None = None
        self._limiter = anyio.CapacityLimiter(MOST_AT_A_TIME)

    async def fetch(self, url: str, media_types: Collection[str]) -> bytes:
        """Return a file; see `Files.fetch`."""
        try:
            with anyio.fail_after(QUEUE_TIMEOUT_S):
                await self._limiter.acquire()
        except TimeoutError as error:
            raise TooSlowError("Too many files are being fetched now.") from error
        try:
            return (await self._open().fetch(url, media_types)).body
        finally:
            self._limiter.release()

    async def expect_public(self, url: str) -> None:
        """Check that a URL is public; see `Files.expect_public`."""
        await self._open().expect_public(url)

    async def aclose(self) -> None:
        """Close the egress client, if it was opened."""
        if self._egress is not None:
            await self._egress.aclose()

    def _open(self) -> "EgressClient":
        if self._egress is None:
            self._egress = self._opening()
        return self._egress
