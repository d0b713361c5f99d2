"""An HTTP client for the application in this process: a request is an ASGI scope, and no connection is made."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from fondaco.clients.client import ClientResponse, IncompleteResponseError
from fondaco.http.asgi.messages import Message, Receive, Scope, Send

_WAITING_PIECES = 64
"""Pieces of a body that may wait to be read; the application waits beyond."""
_CLIENT = ("127.0.0.1", 0)


class InProcessClient:
    """An `HttpClient` whose requests are answered by a function in this event loop."""

    def __init__(
        self,
        respond: Callable[[Scope, Receive, Send], Awaitable[None]],
        tasks: TaskGroup,
        *,
        prefix: str,
        headers: Mapping[str, str],
    ) -> None:
        """Prepare.

        Args:
            respond: responds to an `http` scope.
            tasks: in which responses are made; it outlives every request.
            prefix: the path that paths of requests are appended to.
            headers: of every request.
        """
        self._respond = respond
        self._tasks = tasks
        self._prefix = prefix
        self._headers = headers

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
        """Send a request; see `HttpClient.send`."""
        kind = {"Content-Type": content_type} if body else {}
        fields = {**self._headers, **(headers or {}), **kind, "Content-Length": str(len(body))}
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": f"{self._prefix}{target}",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
            "client": _CLIENT,
        }
        return self._answered(scope, body)

    async def aclose(self) -> None:
        """Close nothing: requests end with their contexts."""

    @asynccontextmanager
    async def _answered(self, scope: Scope, body: bytes) -> AsyncGenerator[ClientResponse]:
        response = InProcessResponse(body)
        self._tasks.start_soon(self._answer, scope, response)
        try:
            await response.head()
            yield response
        finally:
            response.leave()

    async def _answer(self, scope: Scope, response: "InProcessResponse") -> None:
        try:
            await self._respond(scope, response.receive, response.send)
        finally:
            response.end()


class InProcessResponse:
    """A response as the application sends it."""

    def __init__(self, body: bytes) -> None:
        """Prepare for the response to a request with this body."""
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.complete = False
        self._request_body: bytes | None = body
        self._started, self._left = anyio.Event(), anyio.Event()
        self._writer, self._reader = anyio.create_memory_object_stream[bytes](_WAITING_PIECES)

    async def head(self) -> None:
        """Wait for the head.

        Raises:
            IncompleteResponseError: there will be none.
        """
        await self._started.wait()
        if not self.status:
            raise IncompleteResponseError

    async def piece(self) -> bytes:
        """Return what has arrived of the body since the last piece, or nothing at its end."""
        try:
            return await self._reader.receive()
        except anyio.EndOfStream:
            if not self.complete:
                raise IncompleteResponseError from None
            return b""

    async def read(self, limit: int) -> bytes:
        """Return the whole body of at most `limit` bytes."""
        content = bytearray()
        while piece := await self.piece():
            content += piece
            if len(content) > limit:
                raise IncompleteResponseError(f"The response is larger than {limit:,} bytes.")
        return bytes(content)

    async def receive(self) -> Message:
        """Give the application the request's body, and then word that the reader has left."""
        if (body := self._request_body) is not None:
            self._request_body = None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message of the response.

        Raises:
            ConnectionResetError: the reader has left.
        """
        if message["type"] == "http.response.start":
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message["headers"]
            }
            self.status = message["status"]
            self._started.set()
            return
        more = message.get("more_body", False)
        if not more:
            self.complete = True
        try:
            if message["body"]:
                await self._writer.send(message["body"])
        except anyio.BrokenResourceError:
            raise ConnectionResetError from None
        if not more:
            self._writer.close()

    def end(self) -> None:
        """Say that the application sends nothing more."""
        self._writer.close()
        self._started.set()

    def leave(self) -> None:
        """Say that nothing more is read, which ends a response under way."""
        self._reader.close()
        self._left.set()
