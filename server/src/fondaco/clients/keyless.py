"""The clients of an engine whose key is missing: every request fails."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import NoReturn

from fondaco.clients.client import ClientResponse, KeyMissingError
from fondaco.clients.websocket import WebSocket


class KeylessClient:
    """Replaces an `HttpClient` without a key, so that only this engine is unavailable."""

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
        """Refuse to send: entering the context raises a `KeyMissingError`."""
        return _Refusal()

    async def aclose(self) -> None:
        """Close nothing."""


def keyless_websocket(_path: str) -> AbstractAsyncContextManager[WebSocket]:
    """Refuse to open a websocket: entering the context raises a `KeyMissingError`."""
    return _Refusal()


class _Refusal(AbstractAsyncContextManager[NoReturn]):
    async def __aenter__(self) -> NoReturn:
        raise KeyMissingError

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing was opened."""
