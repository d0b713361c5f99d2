"""Websockets of engines: messages received, none sent."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import anyio

from fondaco.clients.base_url import BaseUrl, fixed_headers
from fondaco.clients.client import ConnectFailedError, IncompleteResponseError

if TYPE_CHECKING:  # aiohttp costs 0.2 s to load
    import aiohttp

_HEARTBEAT_S = 30.0
"""Between pings; an engine that answers none is gone."""
_LONGEST_CLOSING_S = 1.0


class WebSocket(Protocol):
    """An open websocket."""

    async def receive(self) -> str | bytes:
        """Return the next message.

        Raises:
            IncompleteResponseError: the connection ended, or the message is too large.
        """
        ...


@asynccontextmanager
async def open_websocket(
    base_url: str,
    path: str,
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
    connect_timeout_s: float = 5.0,
    limit_bytes: int = 2**26,
) -> AsyncGenerator[WebSocket]:
    """Open a websocket; it is closed where the context is left.

    Args:
        base_url: `http://` or `https://`; the path is appended to its path.
        path: with its query.
        key: sent as bearer token; empty for none.
        headers: further headers of the request.
        connect_timeout_s: for the connection and the handshake.
        limit_bytes: of one message.

    Raises:
        ConnectFailedError: the engine cannot be reached, or has no websocket there.
        ValueError: the URL, the key or a header is unusable.
    """
    import aiohttp  # noqa: PLC0415 - see above
    from yarl import URL  # noqa: PLC0415 - it comes with aiohttp

    address = BaseUrl.parse(base_url)
    scheme = "wss" if address.scheme == "https" else "ws"
    url = URL(f"{scheme}://{address.authority}{address.target(path)}", encoded=True)
    session = aiohttp.ClientSession(
        headers=fixed_headers(key, headers), cookie_jar=aiohttp.DummyCookieJar()
    )
    try:
        try:
            with anyio.fail_after(connect_timeout_s):
                connection = await session.ws_connect(
                    url, max_msg_size=limit_bytes, heartbeat=_HEARTBEAT_S
                )
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise ConnectFailedError(
                "The WebSocket of the model's engine cannot be reached.", retry_after_s=1
            ) from error
        try:
            yield _AiohttpSocket(connection)
        finally:
            with anyio.move_on_after(_LONGEST_CLOSING_S, shield=True):
                await connection.close()
    finally:
        with anyio.CancelScope(shield=True):
            await session.close()


class _AiohttpSocket:
    """A `WebSocket` of aiohttp."""

    def __init__(self, connection: "aiohttp.ClientWebSocketResponse") -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        """Return the next message of text or bytes."""
        message = await self._connection.receive()
        if isinstance(message.data, str | bytes) and message.type.name in {"TEXT", "BINARY"}:
            return message.data
        raise IncompleteResponseError("The engine's WebSocket was closed.")
