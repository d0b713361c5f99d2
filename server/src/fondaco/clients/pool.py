"""A minimal HTTP/1.1 client for engines: a pool of connections, with or without TLS."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from types import TracebackType

from fondaco.clients.base_url import BaseUrl, expect_fit, fixed_headers
from fondaco.clients.client import ConnectFailedError, IncompleteResponseError
from fondaco.clients.connection import ClientConnection, PooledResponse

_MOST_CACHED_HEADS = 64


class HttpPool:
    """One engine's address with its pool of kept-alive connections, for use in one event loop."""

    def __init__(
        self,
        address: BaseUrl,
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        connections: int = 256,
        connect_timeout_s: float = 5.0,
        first_byte_timeout_s: float = 120.0,
        chunk_timeout_s: float = inf,
        total_timeout_s: float = 1800.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare the pool; the first request opens the first connection.

        `tls` is the context for `https://`; None for `http://`.
        """
        fixed = {"Host": address.authority} | fixed_headers(key, headers)
        self._fixed = _lines(fixed)
        self._address = address
        self._heads: dict[tuple[str, str, str], bytes] = {}
        self._limit = connections
        self._connect_timeout_s = connect_timeout_s
        self._first_byte_timeout_s = first_byte_timeout_s
        self._chunk_timeout_s = chunk_timeout_s
        self._total_timeout_s = total_timeout_s
        self._tls = tls
        self._free_slots = connections
        """Number of connections that may still be opened."""
        self._idle: list[ClientConnection] = []
        self._open: set[ClientConnection] = set()
        self._queue: deque[asyncio.Future[ClientConnection | None]] = deque()
        self._closed = False

    @property
    def running(self) -> int:
        """Number of connections that have a request."""
        return len(self._open) - len(self._idle)

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a connection."""
        return len(self._queue)

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
    ) -> "PooledExchange":
        """Send a request and wait for the head of the response; see `HttpClient.send`."""
        kind = content_type if body else ""
        head = self._heads.get((method, path, kind)) or self._head(method, path, kind)
        extra = _lines(expect_fit(headers)) if headers else b""
        request = b"%b%d\r\n%b\r\n%b" % (head, len(body), extra, body)
        total_s = self._total_timeout_s if total_timeout_s is None else total_timeout_s
        first_byte_s = (
            self._first_byte_timeout_s if first_byte_timeout_s is None else first_byte_timeout_s
        )
        return PooledExchange(self, request, (first_byte_s, total_s, self._chunk_timeout_s))

    async def aclose(self) -> None:
        """Close all connections; responses under way break off."""
        self._closed = True
        for connection in tuple(self._open):
            connection.abort()
        while self._queue:
            self._pass_on(None)
        await asyncio.sleep(0)  # lets the event loop close the aborted sockets

    def take_idle(self) -> ClientConnection | None:
        """Return an idle connection, if there is one."""
        return self._idle.pop() if self._idle and not self._idle[-1].closed else None

    async def take(self) -> ClientConnection:
        """Return an idle connection, a new one, or the next that is given back."""
        if self._idle:
            return self._idle.pop()
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                connection = None if self._claim_slot() else await self._next_free()
                if connection is not None and not connection.closed:
                    return connection
                return await self._dial()
        except TimeoutError as error:
            raise ConnectFailedError(retry_after_s=1) from error

    async def replace(self) -> ClientConnection:
        """Return a new connection in the slot of one that turned out to be closed."""
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                return await self._dial()
        except TimeoutError as error:
            raise ConnectFailedError(retry_after_s=1) from error

    def give_back(self, connection: ClientConnection) -> None:
        """Take a connection back at the end of its exchange."""
        self._pass_on(connection if connection.end() else None)

    def _head(self, method: str, path: str, content_type: str) -> bytes:
        """Return the head of a request up to its length; the type is empty where it has no body."""
        if len(self._heads) >= _MOST_CACHED_HEADS:
            self._heads.clear()
        target = self._address.target(path)
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError(f"{path!r} is not a valid request path.")
        kind = _lines({"Content-Type": content_type}) if content_type else b""
        head = b"%b%b%bContent-Length: " % (
            f"{method} {target} HTTP/1.1\r\n".encode(),
            self._fixed,
            kind,
        )
        self._heads[method, path, content_type] = head
        return head

    def _claim_slot(self) -> bool:
        if not self._free_slots:
            return False
        self._free_slots -= 1
        return True

    async def _next_free(self) -> ClientConnection | None:
        """Wait in line for a connection, or for the slot of a closed one (None)."""
        waiter: asyncio.Future[ClientConnection | None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._pass_on(waiter.result())
            else:
                with suppress(ValueError):
                    self._queue.remove(waiter)
            raise

    def _pass_on(self, connection: ClientConnection | None) -> None:
        """Give a free connection, or the slot of a closed one (None), to the first in line."""
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._free_slots += 1
        else:
            self._idle.append(connection)

    async def _dial(self) -> ClientConnection:
        """Open a connection in the slot that the caller has claimed; release the slot on failure."""
        connection: ClientConnection | None = None
        try:
            if self._closed:
                raise ConnectFailedError("The connection to the model's engine was shut down.")
            connection = await (
                self._open_connection() if self._tls is None else self._open_tls(self._tls)
            )
        except OSError as error:
            raise ConnectFailedError(
                "The model's engine cannot be reached. Please try again later.", retry_after_s=1
            ) from error
        finally:
            if connection is None:
                self._pass_on(None)
        return connection

    async def _open_tls(self, tls: ssl.SSLContext) -> ClientConnection:
        """Connect to the host's first address that answers; each gets an equal share of the time-out."""
        host, port = self._address.host, self._address.port
        addresses = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        *first_ips, last_ip = [str(one[4][0]) for one in addresses]
        share_s = self._connect_timeout_s / len(addresses)
        for ip in first_ips:
            with suppress(OSError):  # a TimeoutError is an OSError
                async with asyncio.timeout(share_s):
                    return await self._open_connection(ip, tls)
        return await self._open_connection(last_ip, tls)

    async def _open_connection(
        self, host: str = "", tls: ssl.SSLContext | None = None
    ) -> ClientConnection:
        """Open a connection to an IP address of the host, or to the host by name."""
        loop = asyncio.get_running_loop()
        connection = ClientConnection(loop, self._on_lost)
        self._open.add(connection)
        opened = False
        try:
            await loop.create_connection(
                lambda: connection,
                host or self._address.host,
                self._address.port,
                ssl=tls,
                server_hostname=None if tls is None else self._address.host,
            )
            opened = True
        finally:
            if not opened:
                connection.abort()
                self._open.discard(connection)
        return connection

    def _on_lost(self, connection: ClientConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            # A connection in use frees its slot at the end of its exchange.
            self._idle.remove(connection)
            self._pass_on(None)


class PooledExchange:
    """A request and its response, as an async context."""

    __slots__ = ("_connection", "_request", "_sent", "_timeouts_s", "_upstream")

    def __init__(
        self, upstream: HttpPool, request: bytes, timeouts_s: tuple[float, float, float]
    ) -> None:
        self._upstream = upstream
        self._request = request
        self._timeouts_s = timeouts_s
        """First byte, total, and between chunks."""
        self._connection: ClientConnection | None = None
        self._sent: PooledResponse | None = None

    def send(self) -> PooledResponse | None:
        """Send the request before the context is entered, over an idle connection; None: there is none.

        Leave the context, or call `leave`, in any case.
        """
        connection = self._connection = self._upstream.take_idle()
        if connection is None:
            return None
        response = self._sent = connection.ask(self._request, *self._timeouts_s)
        return response

    async def __aenter__(self) -> PooledResponse:
        if self._connection is None:
            self._connection = await self._upstream.take()
        try:
            return await self._ask(self._connection)
        except BaseException:
            self.leave()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    async def _ask(self, connection: ClientConnection) -> PooledResponse:
        response = self._sent or connection.ask(self._request, *self._timeouts_s)
        try:
            await response.head()
        except IncompleteResponseError:
            if not connection.used or connection.receiving:
                raise
        else:
            return response
        # The engine closed the idle connection just before the request was sent.
        self._connection = None
        connection.end()
        self._connection = await self._upstream.replace()
        response = self._connection.ask(self._request, *self._timeouts_s)
        await response.head()
        return response

    def leave(self) -> None:
        """Give the connection back; where the response is not complete, close it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._upstream.give_back(connection)


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
