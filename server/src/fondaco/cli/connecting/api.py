"""The API that a command uses: of a server, or of the engines in this process."""

import errno
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TypeVar

import anyio
import orjson

from fondaco.cli.connecting.refusals import refusal
from fondaco.cli.connecting.target import NoServer, ServerTarget
from fondaco.cli.connecting.unwrapped import unwrapped
from fondaco.cli.exits import Exit, FailedError
from fondaco.clients.client import (
    ChunkTimeoutError,
    ClientResponse,
    ConnectFailedError,
    FirstByteTimeoutError,
    HttpClient,
)
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError

T = TypeVar("T")
_CONNECT_S = 10.0
_SILENCE_S = 900.0
"""A large model may load, and read a long prompt, before its first word."""
_MOST_BYTES = 64 * 2**20
_MOST_OF_AN_ERROR = 64 * 2**10


class Api:
    """The endpoints of one API, by their paths below its base URL."""

    def __init__(self, client: HttpClient, target: ServerTarget | NoServer) -> None:
        """Prepare for a client of the target."""
        self._client = client
        self.target = target

    @property
    def charges(self) -> bool:
        """Whether calls may be charged: those without a server are not."""
        return isinstance(self.target, ServerTarget)

    @property
    def place(self) -> str:
        """The address of the API, for people."""
        return self.target.url if isinstance(self.target, ServerTarget) else "this process"

    async def get(self, path: str) -> object:
        """Return the JSON at a path.

        Raises:
            FailedError: the server does not answer, refuses, or sends something else.
        """
        async with self.sent("GET", path) as response:
            return self._value(await response.read(_MOST_BYTES))

    async def post(self, path: str, body: object) -> object:
        """Post JSON, and return the JSON of the response.

        Raises:
            FailedError: likewise.
        """
        async with self.sent("POST", path, orjson.dumps(body)) as response:
            return self._value(await response.read(_MOST_BYTES))

    @asynccontextmanager
    async def sent(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> AsyncGenerator[ClientResponse]:
        """Send a request whose response is a success, to be read within the context.

        Raises:
            FailedError: the server does not answer, or refuses.
        """
        with self._reaching():
            async with self._client.send(method, path, body, content_type=content_type) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:  # redirects are not followed
                    told = await response.read(_MOST_OF_AN_ERROR)
                    raise refusal(response.status, response.headers, told, self.place)
                yield response

    def _value(self, body: bytes) -> object:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise FailedError(
                f"{self.place} did not answer with JSON. Check that it is the base URL of an "
                "OpenAI-compatible API."
            ) from None

    @contextmanager
    def _reaching(self) -> Generator[None]:
        """Tell what goes wrong on the way to the server as errors of commands."""
        try:
            yield
        except ConnectFailedError as error:
            reason = _reason(error.__cause__)
            raise FailedError(
                f"No server answers at {self.place}{reason}. Check that it is running and that the "
                "address is correct.",
                Exit.UNREACHABLE,
            ) from error
        except (FirstByteTimeoutError, ChunkTimeoutError) as error:
            raise FailedError(
                f"{self.place} sent nothing for {_SILENCE_S / 60:.0f} minutes, so the request was given "
                "up.",
                Exit.UNREACHABLE,
            ) from error
        except EngineError as error:
            raise FailedError(
                f"The connection to {self.place} closed before the response was complete.",
                Exit.UNREACHABLE,
            ) from error


def use_api(
    target: ServerTarget | NoServer,
    use: Callable[[Api], Awaitable[T]],
    *,
    warm_up: bool = False,
) -> T:
    """Open the API of a target, use it, close it, and return the result of the use.

    Args:
        target: a server, or none.
        use: does what the command is for.
        warm_up: whether the default model starts to load at once, where there is no server.

    Raises:
        FailedError: `use` failed, or the target cannot be used.
        OSError: the output could not be written.
    """

    async def run() -> T:
        async with _opened(target, warm_up=warm_up) as client:
            return await use(Api(client, target))

    with unwrapped():
        return anyio.run(run)


@asynccontextmanager
async def _opened(target: ServerTarget | NoServer, *, warm_up: bool) -> AsyncGenerator[HttpClient]:
    if isinstance(target, NoServer):
        from fondaco.app.without_server.own_api import opened_own_api

        async with opened_own_api(target.settings, warm_up=warm_up) as own:
            yield own
        return
    try:
        client = connect(
            target.url,
            key=target.key,
            headers=target.headers,
            connect_timeout_s=_CONNECT_S,
            first_byte_timeout_s=_SILENCE_S,
            chunk_timeout_s=_SILENCE_S,
            total_timeout_s=24 * 3_600.0,
        )
    except ValueError as error:
        raise FailedError(str(error)) from error
    try:
        yield client
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()


def _reason(error: BaseException | None) -> str:
    """Return why no connection was made, after a colon, as far as the system says."""
    if isinstance(error, TimeoutError) or not isinstance(error, OSError):
        return f" within {_CONNECT_S:.0f} seconds" if isinstance(error, TimeoutError) else ""
    # asyncio's own words name the call and the address in place of the reason.
    is_known = error.errno is not None and error.errno in errno.errorcode
    told = os.strerror(error.errno or 0) if is_known else str(error)
    return f": {told.rstrip('.')}" if told else ""
