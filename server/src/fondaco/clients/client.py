"""The HTTP client interface of engines: GET and POST with streamed responses."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fondaco.domain.errors import EngineTimeoutError, EngineUnavailableError

__all__ = [
    "ChunkTimeoutError",
    "ClientResponse",
    "ConnectFailedError",
    "FirstByteTimeoutError",
    "HttpClient",
    "IncompleteResponseError",
    "KeyMissingError",
]


class ConnectFailedError(EngineUnavailableError):
    """The engine could not be reached."""


class IncompleteResponseError(EngineUnavailableError):
    """The connection ended or broke before the response did."""


class KeyMissingError(EngineUnavailableError):
    """The secret that holds the engine's key is missing, so no request is sent."""

    default = "No key is set for the model's engine on this server. The operator must set it."


class FirstByteTimeoutError(EngineTimeoutError):
    """The engine sent no response head in time."""


class ChunkTimeoutError(EngineTimeoutError):
    """The engine sent nothing for too long within its response."""

    default = (
        "The model's engine stopped sending in the middle of its response, which was abandoned."
    )


class ClientResponse(Protocol):
    """The head of a response, and its body on demand."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the whole body has arrived, read or not."""
        ...

    async def piece(self) -> bytes:
        """Return the part of the body that arrived since the last piece; empty at its end.

        Raises:
            IncompleteResponseError: the connection ended before the body did, or the response has no end.
            ChunkTimeoutError: nothing arrived for too long.
            EngineTimeoutError: the total time is up.
        """
        ...

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            IncompleteResponseError: the connection ended before the body did, or it exceeds `limit` bytes.
        """
        ...


class HttpClient(Protocol):
    """One engine's address, with its pool of connections."""

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        total_timeout_s: float | None = None,
        first_byte_timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Send a request, its body of this type where it has one, and wait for the head of the response.

        Timeouts replace the client's own. `headers` are added to the fixed ones; they must not repeat a fixed
        header's name.

        Leaving the block before the body's end closes the connection, which stops the engine;
        leaving it after the end gives the connection back to the pool. A pooled connection that
        turns out to be closed before any byte of the response is replaced once, silently.

        Raises:
            ConnectFailedError: no connection within the connect time-out.
            FirstByteTimeoutError: no head within the first-byte time-out.
            IncompleteResponseError: the connection ended before the head did.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
