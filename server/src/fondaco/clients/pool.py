"""A lean HTTP/1.1 client for engines: a pool of connections, with TLS or without, and little else."""

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

_KNOWN_HEADS = 64


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
        """Prepare the pool; nothing is dialled before the first request.

        `tls` says whom to trust, and is for `https://` alone.
        """
        fixed = {"Host": address.authority} | fixed_headers(key, headers)
        self._fixed = _lines(fixed)
        self._address = address
        self._heads: dict[tuple[str, str, bool], bytes] = {}
        self._limit = connections
        self._connect_timeout_s = connect_timeout_s
        self._first_byte_timeout_s = first_byte_timeout_s
        self._chunk_timeout_s = chunk_timeout_s
        self._total_timeout_s = total_timeout_s
        self._tls = tls
        self._places = connections
        """How many more connections may be opened."""
        self._idle: list[ClientConnection] = []
        self._open: set[ClientConnection] = set()
        self._queue: deque[asyncio.Future[ClientConnection | None]] = deque()
        self._closed = False

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        total_timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "_Exchange":
        """Send a request and wait for the head of the response; see `HttpClient.send`."""
        head = self._heads.get((method, path, bool(body))) or self._head(method, path, bool(body))
        more = _lines(expect_fit(headers)) if headers else b""
        request = b"%b%d\r\n%b\r\n%b" % (head, len(body), more, body)
        total_s = self._total_timeout_s if total_timeout_s is None else total_timeout_s
        return _Exchange(
            self, request, (self._first_byte_timeout_s, total_s, self._chunk_timeout_s)
        )

    async def aclose(self) -> None:
        """Close all connections; responses under way break off."""
        self._closed = True
        for connection in tuple(self._open):
            connection.abort()
        while self._queue:
            self._pass_on(None)
        await asyncio.sleep(0)  # the loop closes aborted sockets in its next round

    async def take(self) -> ClientConnection:
        """Return a free connection, a new one, or the next that comes free."""
        if self._idle:
            return self._idle.pop()
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                connection = None if self._claim_place() else await self._next_free()
                if connection is not None and not connection.closed:
                    return connection
                return await self._dial()
        except TimeoutError as error:
            raise ConnectFailedError(retry_after_s=1) from error

    async def replace(self) -> ClientConnection:
        """Return a new connection in the place of one that turned out to be closed."""
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                return await self._dial()
        except TimeoutError as error:
            raise ConnectFailedError(retry_after_s=1) from error

    def give_back(self, connection: ClientConnection) -> None:
        """Take a connection back at the end of its exchange."""
        self._pass_on(connection if connection.end() else None)

    def _head(self, method: str, path: str, has_body: bool) -> bytes:  # noqa: FBT001 - a cache key
        if len(self._heads) >= _KNOWN_HEADS:
            self._heads.clear()
        target = self._address.target(path)
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError(f"{path!r} is no path of a request.")
        typed = b"Content-Type: application/json\r\n" if has_body else b""
        head = b"%b%b%bContent-Length: " % (
            f"{method} {target} HTTP/1.1\r\n".encode(),
            self._fixed,
            typed,
        )
        self._heads[method, path, has_body] = head
        return head

    def _claim_place(self) -> bool:
        if not self._places:
            return False
        self._places -= 1
        return True

    async def _next_free(self) -> ClientConnection | None:
        """Wait in line for a connection, or for the place of one (None)."""
        ticket: asyncio.Future[ClientConnection | None] = asyncio.get_running_loop().create_future()
        self._queue.append(ticket)
        try:
            return await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._pass_on(ticket.result())
            else:
                with suppress(ValueError):
                    self._queue.remove(ticket)
            raise

    def _pass_on(self, connection: ClientConnection | None) -> None:
        """Give a free connection, or the place of a closed one (None), to the first in line."""
        while self._queue:
            ticket = self._queue.popleft()
            if not ticket.done():
                ticket.set_result(connection)
                return
        if connection is None:
            self._places += 1
        else:
            self._idle.append(connection)

    async def _dial(self) -> ClientConnection:
        """Open a connection in a place that the caller has claimed, or give up the place."""
        connection: ClientConnection | None = None
        try:
            if self._closed:
                raise ConnectFailedError("The connection to the model's engine has been shut down.")
            connection = await (self._opened() if self._tls is None else self._secured(self._tls))
        except OSError as error:
            raise ConnectFailedError(
                "The model's engine cannot be reached. Please try again later.", retry_after_s=1
            ) from error
        finally:
            if connection is None:
                self._pass_on(None)
        return connection

    async def _secured(self, tls: ssl.SSLContext) -> ClientConnection:
        """Connect to the first address of the host's that answers, each in its share of the time."""
        host, port = self._address.host, self._address.port
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        *others, last = [str(one[4][0]) for one in found]
        share_s = self._connect_timeout_s / len(found)
        for ip in others:
            with suppress(OSError):  # as a time-out is
                async with asyncio.timeout(share_s):
                    return await self._opened(ip, tls)
        return await self._opened(last, tls)

    async def _opened(self, host: str = "", tls: ssl.SSLContext | None = None) -> ClientConnection:
        """Open a connection to an address of the host's, or to the host."""
        loop = asyncio.get_running_loop()
        connection = ClientConnection(loop, self._lost)
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

    def _lost(self, connection: ClientConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:  # one in use is accounted for when its exchange ends
            self._idle.remove(connection)
            self._pass_on(None)


class _Exchange:
    """A request and its response, as an async context."""

    __slots__ = ("_connection", "_request", "_timeouts_s", "_upstream")

    def __init__(
        self, upstream: HttpPool, request: bytes, timeouts_s: tuple[float, float, float]
    ) -> None:
        self._upstream = upstream
        self._request = request
        self._timeouts_s = timeouts_s
        """To the first byte, in all, and between chunks."""
        self._connection: ClientConnection | None = None

    async def __aenter__(self) -> PooledResponse:
        self._connection = await self._upstream.take()
        try:
            return await self._ask(self._connection)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    async def _ask(self, connection: ClientConnection) -> PooledResponse:
        response = connection.ask(self._request, *self._timeouts_s)
        try:
            await response.head()
        except IncompleteResponseError:
            if not connection.used or connection.spoken:
                raise
        else:
            return response
        # The engine had closed the idle connection just as the request left.
        self._connection = None
        connection.end()
        self._connection = await self._upstream.replace()
        response = self._connection.ask(self._request, *self._timeouts_s)
        await response.head()
        return response

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._upstream.give_back(connection)


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
