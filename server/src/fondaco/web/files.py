"""The `Files` port: files fetched by the egress client, passed on unread."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import anyio

from fondaco.domain.web import TooSlowError

if TYPE_CHECKING:  # aiohttp costs 0.2 s to load
    from fondaco.web.egress import EgressClient

MOST_AT_A_TIME = 32
"""Files of all calls: what they hold in memory has to end somewhere."""
PLACE_TIMEOUT_S = 10.0


class WebFiles:
    """Fetches files, so that engines need not go where callers send them."""

    def __init__(self, opening: Callable[[], "EgressClient"]) -> None:
        """Prepare; `opening` makes the egress client when it is first needed."""
        self._opening = opening
        self._egress: EgressClient | None = None
        self._places = anyio.CapacityLimiter(MOST_AT_A_TIME)

    async def fetch(self, url: str, media_types: Collection[str]) -> bytes:
        """Return a file; see `Files.fetch`."""
        try:
            with anyio.fail_after(PLACE_TIMEOUT_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise TooSlowError("Too many files are being fetched at present.") from error
        try:
            return (await self._open().fetch(url, media_types)).body
        finally:
            self._places.release()

    async def expect_public(self, url: str) -> None:
        """Return if an engine may fetch an address; see `Files.expect_public`."""
        await self._open().expect_public(url)

    async def aclose(self) -> None:
        """Close the egress client, if it was opened."""
        if self._egress is not None:
            await self._egress.aclose()

    def _open(self) -> "EgressClient":
        if self._egress is None:
            self._egress = self._opening()
        return self._egress
