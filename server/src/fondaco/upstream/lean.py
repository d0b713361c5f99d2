"""A lean HTTP/1.1 client for plain-http engines: a pool of connections and little else."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

from fondaco.upstream.address import Address, expect_fit, fixed_headers
from fondaco.upstream.client import ConnectFailedError, ReplyCutError
from fondaco.upstream.connection import Connection, LeanReply

_KNOWN_HEADS = 64


class LeanUpstream:
    """One engine's address with its pool of kept-alive connections, for use in one event loop."""

    def __init__(
        self,
        address: Address,
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        connections: int = 256,
        connect_timeout_s: float = 5.0,
        first_byte_timeout_s: float = 120.0,
        total_timeout_s: float = 1800.0,
    ) -> None:
        """Prepare the pool; nothing is dialled before the first request."""
        fixed = {"Host": address.authority} | fixed_headers(key, headers)
        self._fixed = _lines(fixed)
        self._address = address
        self._heads: dict[tuple[str, str, bool], bytes] = {}
        self._limit = connections
        self._connect_timeout_s = connect_timeout_s
        self._first_byte_timeout_s = first_byte_timeout_s
        self._total_timeout_s = total_timeout_s
        self._places = connections
        """How many more connections may be opened."""
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._queue: deque[asyncio.Future[Connection | None]] = deque()
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
        """Send a request and wait for the head of the reply; see `Upstream.send`."""
        head = self._heads.get((method, path, bool(body))) or self._head(method, path, bool(body))
        more = _lines(expect_fit(headers)) if headers else b""
        request = b"%b%d\r\n%b\r\n%b" % (head, len(body), more, body)
        total_s = self._total_timeout_s if total_timeout_s is None else total_timeout_s
        return _Exchange(self, request, self._first_byte_timeout_s, total_s)

    async def aclose(self) -> None:
        """Close all connections; replies under way break off."""
        self._closed = True
        for connection in tuple(self._open):
            connection.abort()
        while self._queue:
            self._pass_on(None)
        await asyncio.sleep(0)  # the loop closes aborted sockets in its next round

    async def take(self) -> Connection:
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

    async def replace(self) -> Connection:
        """Return a new connection in the place of one that turned out to be closed."""
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                return await self._dial()
        except TimeoutError as error:
            raise ConnectFailedError(retry_after_s=1) from error

    def give_back(self, connection: Connection) -> None:
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

    async def _next_free(self) -> Connection | None:
        """Wait in line for a connection, or for the place of one (None)."""
        ticket: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
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

    def _pass_on(self, connection: Connection | None) -> None:
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

    async def _dial(self) -> Connection:
        """Open a connection in a place that the caller has claimed, or give up the place."""
        loop = asyncio.get_running_loop()
        connection = Connection(loop, self._lost)
        self._open.add(connection)
        dialled = False
        try:
            if self._closed:
                raise ConnectFailedError("The connection to the model's engine has been shut down.")
            await loop.create_connection(lambda: connection, self._address.host, self._address.port)
            dialled = True
        except OSError as error:
            raise ConnectFailedError(
                "The model's engine cannot be reached. Please try again later.", retry_after_s=1
            ) from error
        finally:
            if not dialled:
                connection.abort()
                self._open.discard(connection)
                self._pass_on(None)
        return connection

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:  # one in use is accounted for when its exchange ends
            self._idle.remove(connection)
            self._pass_on(None)


class _Exchange:
    """A request and its reply, as an async context."""

    __slots__ = ("_connection", "_first_s", "_request", "_total_s", "_upstream")

    def __init__(
        self, upstream: LeanUpstream, request: bytes, first_s: float, total_s: float
    ) -> None:
        self._upstream = upstream
        self._request = request
        self._first_s = first_s
        self._total_s = total_s
        self._connection: Connection | None = None

    async def __aenter__(self) -> LeanReply:
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

    async def _ask(self, connection: Connection) -> LeanReply:
        reply = connection.ask(self._request, self._first_s, self._total_s)
        try:
            await reply.head()
        except ReplyCutError:
            if not connection.used or connection.spoken:
                raise
        else:
            return reply
        # The engine had closed the idle connection just as the request left.
        self._connection = None
        connection.end()
        self._connection = await self._upstream.replace()
        reply = self._connection.ask(self._request, self._first_s, self._total_s)
        await reply.head()
        return reply

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._upstream.give_back(connection)


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
