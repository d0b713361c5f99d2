"""An exchange over HTTP/1.1: heads and chunks as bytes."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Protocol

from fondaco.domain.errors import FondacoError
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.wire.request_head import RequestHead

STATUS_LINES = {one.value: f"HTTP/1.1 {one} {one.phrase}\r\n".encode() for one in HTTPStatus}
_WORTH_READING_BYTES = 256 * 2**10
"""Most bytes of a body that are read after the response, so that the connection can be reused."""


class ResponseTransport(Protocol):
    """A connection, as an exchange sees it."""

    @property
    def congested(self) -> bool:
        """Whether the caller takes the response more slowly than it is written."""
        ...

    def write(self, octets: bytes) -> None:
        """Send, unless the client has disconnected."""
        ...

    def listen(self) -> None:
        """Read on, as there is room for more of the body."""
        ...

    def answered(self) -> None:
        """Go on to the next request, as the response is complete."""
        ...

    async def drained(self) -> None:
        """Return once the response can continue, or the client has disconnected."""
        ...

    def close(self) -> None:
        """Close, once everything has been sent."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Http1Exchange(Exchange):
    """One request of an HTTP/1.1 connection, and its response."""

    closes = False
    """Whether the connection ends with the response."""
    waits = False
    """Whether the caller awaits `100 Continue` before it sends the body."""

    def __init__(self, line: ResponseTransport, head: RequestHead, client: str) -> None:
        """Take a request whose head has arrived.

        Args:
            line: the connection that carries the response.
            head: the request's head.
            client: the address at the other end of the connection.
        """
        super().__init__(
            head.method,
            head.path,
            query=head.query,
            fields=head.fields,
            headers=head.headers,
            client=client,
        )
        self.authority = head.authority or b""
        self.declared_bytes = head.body_bytes
        self.closes = head.closes
        self._line = line
        self._unframed = head.old
        """Whether pieces are no chunks: the length is known, or the client knows none (HTTP/1.0), and streams
        end with the connection."""

    def break_off(self, error: FondacoError) -> None:
        """Know that the rest of the body will not come, so no other request can follow it."""
        self.closes = True
        super().break_off(error)

    def respond(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response in one write."""
        self.started, self.status = True, status
        if not self.complete:
            self._leave_body()
        closing = b"connection: close\r\n\r\n" if self.closes else b"\r\n"
        self._line.write(b"".join((STATUS_LINES[status], self.head(lines), closing, body)))
        self._end()

    def start(self, status: int, lines: bytes, piece: bytes, *, sized: bool = False) -> None:
        """Send the head of a response and the first piece: a chunk, unless the length is known."""
        self.started, self.status = True, status
        self.closes = self.closes or (self._unframed and not sized)
        self._unframed = self._unframed or sized
        if not self.complete:
            self._leave_body()
        framing = b"" if self._unframed else b"transfer-encoding: chunked\r\n"
        closing = b"connection: close\r\n\r\n" if self.closes else b"\r\n"
        head = (STATUS_LINES[status], self.head(lines), framing, closing, self._framed(piece))
        self._line.write(b"".join(head))

    def write(self, piece: bytes) -> None:
        """Send a piece."""
        self._line.write(self._framed(piece))

    def finish(self, piece: bytes) -> None:
        """Send the last piece."""
        last = b"" if self._unframed else b"0\r\n\r\n"
        self._line.write(self._framed(piece) + last)
        self._end()

    @property
    def congested(self) -> bool:
        """Whether the caller takes the response more slowly than it is written."""
        return self._line.congested

    def drained(self) -> Awaitable[None]:
        """Return once the response can continue, or the client has disconnected."""
        return self._line.drained()

    def count_sent(self) -> Callable[[], int]:
        """Count the bytes that are sent from now on, heads and chunk sizes included."""
        line = self._line = CountingTransport(self._line)
        return lambda: line.sent_bytes

    def _read_on(self) -> None:
        if self.waits:
            self.waits = False
            if not self._size:
                self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._line.listen()

    def _cut_off(self) -> None:
        if self.abandoned:
            self._line.abort()
        else:
            self._line.close()

    def _leave_body(self) -> None:
        """Close after the response, unless the rest of the body has a known length and is small."""
        if (
            self.waits
            or self.declared_bytes is None
            or self.declared_bytes - self._size > _WORTH_READING_BYTES
        ):
            self.closes = True

    def _framed(self, piece: bytes) -> bytes:
        return piece if self._unframed or not piece else b"%x\r\n%b\r\n" % (len(piece), piece)

    def _end(self) -> None:
        super()._end()
        self._line.answered()


class CountingTransport:
    """A connection that counts the bytes that one exchange sends over it."""

    def __init__(self, line: ResponseTransport) -> None:
        self._line = line
        self.sent_bytes = 0

    @property
    def congested(self) -> bool:
        """Whether the caller takes the response more slowly than it is written."""
        return self._line.congested

    def write(self, octets: bytes) -> None:
        """Send and count."""
        self.sent_bytes += len(octets)
        self._line.write(octets)

    def listen(self) -> None:
        """Read on."""
        self._line.listen()

    def answered(self) -> None:
        """Go on to the next request."""
        self._line.answered()

    async def drained(self) -> None:
        """Return once there is room for more of the response."""
        await self._line.drained()

    def close(self) -> None:
        """Close, once everything has been sent."""
        self._line.close()

    def abort(self) -> None:
        """Close at once."""
        self._line.abort()
