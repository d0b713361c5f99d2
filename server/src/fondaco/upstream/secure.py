"""The client for engines behind TLS: the same seam over aiohttp."""

import asyncio
import ssl
from collections.abc import Mapping
from types import SimpleNamespace, TracebackType

import aiohttp

from fondaco.domain.errors import EngineTimeoutError
from fondaco.upstream.address import Address, expect_fit, fixed_headers
from fondaco.upstream.client import ConnectFailedError, FirstByteTimeoutError, ReplyCutError


class SecureUpstream:
    """One engine's address with aiohttp's pool of connections, for use in one event loop."""

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
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare the pool; `tls` trusts other certificates than the system's."""
        self._headers = fixed_headers(key, headers)
        self._address = address
        self._connections = connections
        self._connect_timeout_s = connect_timeout_s
        self._first_byte_timeout_s = first_byte_timeout_s
        self._total_timeout_s = total_timeout_s
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
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
        url = f"{self._address.scheme}://{self._address.authority}{self._address.target(path)}"
        total_s = self._total_timeout_s if total_timeout_s is None else total_timeout_s
        typed = {"Content-Type": "application/json"} if body else {}
        more = typed | expect_fit(headers or {})
        return _Exchange(self, (method, url, body, more), self._first_byte_timeout_s, total_s)

    async def aclose(self) -> None:
        """Close all connections; replies under way break off."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def session(self) -> aiohttp.ClientSession:
        """Return the session, which aiohttp wants made inside the event loop."""
        if self._closed:
            raise ConnectFailedError("The connection to the model's engine has been shut down.")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, ssl=True if self._tls is None else self._tls
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_timeout_s),
                trace_configs=[_traced()],
            )
        return self._session


class _Exchange:
    """A request and its reply, as an async context."""

    __slots__ = ("_first_s", "_reply", "_request", "_total_s", "_upstream")

    def __init__(
        self,
        upstream: SecureUpstream,
        request: tuple[str, str, bytes, dict[str, str]],
        first_s: float,
        total_s: float,
    ) -> None:
        self._upstream = upstream
        self._request = request
        self._first_s = first_s
        self._total_s = total_s
        self._reply: aiohttp.ClientResponse | None = None

    async def __aenter__(self) -> "_SecureReply":
        deadline = asyncio.get_running_loop().time() + self._total_s
        try:
            async with asyncio.timeout_at(deadline) as limit:
                attempt = _Attempt(limit, deadline, self._first_s)
                try:
                    self._reply = await self._ask(attempt)
                except ReplyCutError:
                    if not attempt.reused:
                        raise
                    # The engine had closed the idle connection just as the request left.
                    self._reply = await self._ask(_Attempt(limit, deadline, self._first_s))
        except TimeoutError as error:
            late = asyncio.get_running_loop().time() >= deadline
            raise (EngineTimeoutError if late else FirstByteTimeoutError) from error
        return _SecureReply(self._reply, deadline)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reply is not None:
            self._reply.close()  # a reply that was read to its end has given its connection back

    async def _ask(self, attempt: "_Attempt") -> aiohttp.ClientResponse:
        method, url, body, headers = self._request
        try:
            return await self._upstream.session().request(
                method,
                url,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=attempt,
            )
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise ConnectFailedError(
                "The model's engine cannot be reached. Please try again later.", retry_after_s=1
            ) from error
        except aiohttp.ClientError as error:
            raise ReplyCutError("The engine's reply broke off.") from error


class _SecureReply:
    """A reply as it arrives."""

    __slots__ = ("_deadline", "_reply")

    def __init__(self, reply: aiohttp.ClientResponse, deadline: float) -> None:
        self._reply = reply
        self._deadline = deadline

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return {name.lower(): value for name, value in self._reply.headers.items()}

    @property
    def complete(self) -> bool:
        """Whether the whole body has arrived, read or not."""
        return self._reply.content.is_eof()

    async def piece(self) -> bytes:
        """Return what has arrived of the body since the last piece, or nothing at its end."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._reply.content.readany()
        except TimeoutError as error:
            raise EngineTimeoutError from error
        except aiohttp.ClientError as error:
            raise ReplyCutError("The engine's reply broke off.") from error

    async def read(self, limit: int) -> bytes:
        """Return the whole body of at most `limit` bytes."""
        body = bytearray()
        while piece := await self.piece():
            body += piece
            if len(body) > limit:
                raise ReplyCutError(f"The engine's reply is larger than {limit:,} bytes.")
        return bytes(body)


class _Attempt:
    """What aiohttp tells about one attempt to send a request."""

    __slots__ = ("_deadline", "_first_s", "_limit", "reused")

    def __init__(self, limit: asyncio.Timeout, deadline: float, first_s: float) -> None:
        self.reused = False
        """Whether its connection had served before."""
        self._limit = limit
        self._deadline = deadline
        self._first_s = first_s
        limit.reschedule(deadline)

    def sent(self) -> None:
        """Start the time for the first byte."""
        first = asyncio.get_running_loop().time() + self._first_s
        self._limit.reschedule(min(first, self._deadline))


def _traced() -> aiohttp.TraceConfig:
    """Return the trace that tells an attempt how it goes."""
    trace = aiohttp.TraceConfig()

    async def reused(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        event: aiohttp.TraceConnectionReuseconnParams,
    ) -> None:
        context.trace_request_ctx.reused = True

    async def sent(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        event: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.sent()

    trace.on_connection_reuseconn.append(reused)
    trace.on_request_headers_sent.append(sent)
    return trace
