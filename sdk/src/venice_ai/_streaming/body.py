"""The body of a response, read in pieces."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import httpx2

from venice_ai._http.event_loops import Guard, Unwatched


class Body:
    """The pieces of a reply's body, as they arrive.

    `aclose`, garbage collection or the end of the event loop closes its connection.

    Raises:
        httpx2.RequestError: The connection broke, or there was silence for too long.
        RuntimeError: It was opened before this process was forked.
    """

    def __init__(self, response: httpx2.Response) -> None:
        self._pieces = response.aiter_bytes()
        self._started = False
        self._closed = False
        self._guard = Guard(self, _Closing(response, self._pieces))

    async def next(self) -> bytes | None:
        """Return the next piece; None at the end, or once it is closed."""
        if self._guard.inherited:
            raise RuntimeError("The stream was opened before the process forked. Open it here.")
        try:
            if self._started:
                return await anext(self._pieces, None)
            self._started = True
            return await Unwatched(_first(self._pieces))
        except httpx2.RequestError:
            if self._closed:  # closed meanwhile, by another task
                return None
            raise

    async def drain(self, most_s: float) -> None:
        """Read on to the end, so that the connection can be used again."""
        try:
            async with asyncio.timeout(most_s):
                while await self.next() is not None:
                    pass
        except (TimeoutError, httpx2.RequestError):
            return  # only the connection is lost

    async def aclose(self) -> None:
        """Hang up, unless the body has ended."""
        self._closed = True
        await self._guard.aclose()


class _Closing:
    """Closes a reply that may be in the middle of its body."""

    def __init__(self, response: httpx2.Response, pieces: AsyncGenerator[bytes]) -> None:
        self._response = response
        self._pieces = pieces

    async def __call__(self) -> None:
        await self._response.aclose()
        with suppress(RuntimeError):  # another task is reading: it receives the error
            await Unwatched(_last(self._pieces))


async def _first(pieces: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(pieces, None)


async def _last(pieces: AsyncGenerator[bytes]) -> None:
    await pieces.aclose()
