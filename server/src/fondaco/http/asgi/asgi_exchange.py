"""An exchange over ASGI: the body from `http.request` messages, the response as messages."""

import asyncio
from collections.abc import Callable

from fondaco.domain.errors import FondacoError, InvalidRequestError, RequestTimeoutError
from fondaco.http.asgi.messages import Message, Receive, Scope, Send
from fondaco.http.exchange.exchange import Exchange, Header

_HIGH_WATER_BYTES = 64 * 2**10
"""Bytes that may wait for the server to take them; the response is congested beyond."""
_OF_SERVER = frozenset({b"connection", b"date", b"keep-alive", b"transfer-encoding", b"upgrade"})
"""Response headers that are the server's: HTTP/2 forbids most of them, and servers add the date."""
_MOST_DIGITS = 18
"""Digits of a `Content-Length`; a longer one fits no machine."""


class AsgiExchange(Exchange):
    """One `http` scope of an ASGI server, and its response.

    Writing never waits: `send_all` hands to the server what was written, and `receive_all` feeds the
    body in. Each runs in a task beside the one that makes the response.
    """

    _head: Message | None = None
    """The head of the response, until the server has it."""
    _buffered_bytes = 0
    """Bytes of body that the server does not have yet."""
    _cut = False
    """Whether the response ends incomplete."""
    _sending: asyncio.Timeout | None = None
    """The wait for the server to take the response, which ends where the response is cut off."""
    _write_waiter: asyncio.Future[None] | None = None
    _emptied: asyncio.Future[None] | None = None
    _body_waiter: asyncio.Future[None] | None = None
    _counted_bytes = 0

    def __init__(self, scope: Scope) -> None:
        """Take the request of an `http` scope."""
        fields: list[Header] = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        self.mount = scope.get("root_path", "").rstrip("/")
        super().__init__(
            scope["method"],
            _below(self.mount, scope["path"]),
            query=scope.get("query_string") or b"",
            fields=fields,
            client=(scope.get("client") or ("",))[0],
        )
        self.authority = self.headers.get(b"host", b"")
        self.secure = scope.get("scheme") == "https"
        length = self.headers.get(b"content-length", b"")
        if length.isdigit() and len(length) <= _MOST_DIGITS:
            self.declared_bytes = int(length)
        self._pieces: list[bytes] = []
        self._sends_body_at_once = b"expect" not in self.headers

    @property
    def head_bytes(self) -> int:
        """The size of the request's head, as HTTP/1.1 would write its fields."""
        return sum(len(name) + len(value) + 4 for name, value in self._fields)

    # Called by endpoints and the edge.

    def respond(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response."""
        self._begin(status, lines, body)
        self._end()

    def start(
        self, status: int, lines: bytes, piece: bytes, *, sized: bool = False
    ) -> None:  # `sized` is ignored: servers do the framing
        """Send the head of a response, and the first piece of its body."""
        self._begin(status, lines, piece)

    def write(self, piece: bytes) -> None:
        """Send a piece of the body."""
        self._pieces.append(piece)
        self._buffered_bytes += len(piece)
        self._counted_bytes += len(piece)
        _wake(self._write_waiter)

    def finish(self, piece: bytes) -> None:
        """Send the last piece of the body."""
        self.write(piece)
        self._end()

    @property
    def congested(self) -> bool:
        """Whether the server reads the response more slowly than it is written."""
        return self._buffered_bytes > _HIGH_WATER_BYTES

    async def drained(self) -> None:
        """Return once there is room for more of the response."""
        while self.congested and not self.ended:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def count_sent(self) -> Callable[[], int]:
        """Return a function that returns the bytes of header fields and body that were sent."""
        return lambda: self._counted_bytes

    def _begin(self, status: int, lines: bytes, piece: bytes) -> None:
        self.started, self.status = True, status
        head = self.head(lines)
        self._counted_bytes += len(head)
        self._head = {
            "type": "http.response.start",
            "status": status,
            "headers": _fields_of(head),
        }
        self.write(piece)

    def _end(self) -> None:
        super()._end()
        _wake(self._write_waiter)

    def _cut_off(self) -> None:
        self._cut = True
        _wake(self._write_waiter)
        _wake(self._emptied)
        if self._sending is not None:
            # Last, so that data the server accepts at once is still sent.
            self._sending.reschedule(asyncio.get_running_loop().time())

    def _read_on(self) -> None:
        self._sends_body_at_once = True
        _wake(self._body_waiter)

    # Called by the application.

    async def send_all(self, send: Send) -> bool:
        """Hand the response to the server as it is written; return whether it was complete.

        Servers wait without end for a caller who reads nothing, so a response that was cut off meanwhile
        is given up.
        """
        try:
            async with asyncio.timeout(None) as self._sending:
                return await self._send_pieces(send)
        except OSError:  # the client disconnected (ASGI 2.4), or the deadline passed
            return False
        finally:
            self._sending = None

    async def _send_pieces(self, send: Send) -> bool:
        while True:
            while self._head is None and not self._pieces and not self.ended:
                self._write_waiter = asyncio.get_running_loop().create_future()
                await self._write_waiter
            if self._head is not None:
                head, self._head = self._head, None
                await send(head)
            pieces, self._pieces = self._pieces, []
            body, last = b"".join(pieces), self.ended
            if self._cut and not body:
                return False
            if body or last:
                more = not last or self._cut
                await send({"type": "http.response.body", "body": body, "more_body": more})
                self._buffered_bytes -= len(body)
                _wake(self._emptied)
            if last:
                return not self._cut

    async def receive_all(self, receive: Receive, body_timeout_s: float) -> None:
        """Feed the body in as there is room for it, then wait for the caller to go away.

        A caller that goes away before the response is complete has its exchange abandoned. The first
        `receive` makes servers send `100 Continue`, so it waits until the body is wanted.
        """
        left_s = body_timeout_s
        loop = asyncio.get_running_loop()
        while not self.complete:
            while self.full or not self._sends_body_at_once:
                self._body_waiter = loop.create_future()
                await self._body_waiter
            began = loop.time()
            try:
                async with asyncio.timeout(left_s):
                    message = await receive()
            except TimeoutError:
                self.break_off(RequestTimeoutError())
                return
            left_s -= loop.time() - began
            if not self._feed(message):
                return
        while (await receive())["type"] != "http.disconnect":
            pass
        self.caller_left()

    def _feed(self, message: Message) -> bool:
        """Take a message with a piece of the body; return whether to go on."""
        if message["type"] == "http.disconnect":
            self.caller_left()
            return False
        self.take(message.get("body") or b"")
        if self.declared_bytes is not None and self._size > self.declared_bytes:
            self.break_off(_longer_than_declared())
            return False
        if not message.get("more_body", False):
            self.end_body()
        return True

    def caller_left(self) -> None:
        """Abandon the exchange, unless its response is complete."""
        if not self.ended:
            self.abandon()


def _below(mount: str, path: str) -> str:
    """Return the path below where the application is mounted."""
    below = path.removeprefix(mount)
    return below if below.startswith("/") else path


def _fields_of(head: bytes) -> list[Header]:
    """Return header fields from lines, without those that are the server's."""
    fields = []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name and name not in _OF_SERVER:
            fields.append((name, value))
    return fields


def _longer_than_declared() -> FondacoError:
    return InvalidRequestError("The request's body is longer than its Content-Length says.")


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
