"""The exchange: one HTTP request and its response, as endpoints see them.

A front (`http/wire` for HTTP/1.1 of our own, `http/asgi` for ASGI servers) feeds the request in and
carries the response out; the edge and its endpoints know neither.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fondaco.domain.errors import FondacoError, InvalidFileSizeError, InvalidRequestError
from fondaco.domain.money.limits import Quota

Header = tuple[bytes, bytes]
"""Name in lower case, and value."""

CALLER_GONE = 499
"""The status in metrics if the client disconnected before the response."""
UNCOUNTED_BYTES = 64 * 2**10
"""Bytes of a body that are read ahead of demand."""
_MOST_FIELDS = 100
_SINGLE = frozenset(
    {
        *(b"authorization", b"x-api-key", b"x-selected-account-id", b"idempotency-key"),
        *(b"host", b"content-type", b"content-length", b"origin"),
        *(b"access-control-request-method", b"from", b"referer", b"user-agent", b"date"),
    }
)
"""Request headers of one value. All others are lists, or none that is read here."""
_SMALL_BYTES = 4_096
_SEPARATORS = {b"cookie": b"; "}
"""Between values of a header that was sent in several lines, where that is no comma (RFC 9113, 8.2.3)."""


class Exchange(ABC):
    """One request, with the means to read its body and to send the response.

    Each front has its own class of exchange, which adds how bytes are read and sent.
    """

    # Defaults are class attributes: most requests never change them, so they cost nothing.

    id = ""
    task: asyncio.Task[None] | None = None
    """The task that makes the response."""
    resume: Callable[[], Coroutine[Any, Any, None]] | None = None
    """Goes on, as a task, with a response that is made without one so far."""
    abandoned = False
    """Whether the client disconnected, which cancelled the task."""
    complete = False
    """Whether the whole body has arrived."""
    base_lines = b""
    """The headers of every response, as they are sent."""
    route = "unknown"
    """The path of the endpoint that answers, as a template, once that is known."""
    key_id = ""
    """The id of the key sent with the request, once that is known."""
    by_session = False
    """Whether the request uses a session instead of a key; `key_id` is then that of its key."""
    account_id: int | None = None
    """The account of that key, once that is known."""
    account_lines: Callable[[Quota | None], bytes] | None = None
    """Returns the headers that every response to the account carries besides."""
    quota: Quota | None = None
    """The rate limits of the call, for its headers, where the request is a call."""
    exposed = False
    """Whether a page of another origin may read the response: its headers are then listed for CORS."""
    started = False
    """Whether a response has started."""
    error_event: Callable[[FondacoError], bytes] | None = None
    """Writes the event that ends a stream with an error; None: as the API's dialect has it."""
    indivisible = False
    """Whether the started response is a file, which cannot contain an error."""
    status = 0
    room = UNCOUNTED_BYTES
    """Bytes of the body that are currently accepted; raised when the body is read."""
    _at_end: tuple[Callable[[], None], ...] = ()
    """Called when the exchange is no longer needed."""
    authority: bytes = b""
    """The host, perhaps with a port, that the request is for."""
    secure = False
    """Whether the request came to this server over TLS."""
    mount = ""
    """The path below which the application is mounted, such as `/ai`; empty: at the root."""
    declared_bytes: int | None = None
    """The length of the body, where its sender declares it."""
    ended = False
    """Whether the response is complete, or never will be."""
    _broken: FondacoError | None = None
    """Why the rest of the body will never come."""
    _size = 0
    _arrival: asyncio.Future[None] | None = None

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query: bytes = b"",
        fields: Sequence[Header] = (),
        headers: dict[bytes, bytes] | None = None,
        client: str = "",
    ) -> None:
        """Take a request whose head has arrived.

        Args:
            method: in upper case.
            path: decoded.
            query: as it was sent.
            fields: the headers, names in lower case.
            headers: the same, as one value a name, where that is known already.
            client: the address at the other end of the connection.
        """
        self.method = method
        self.path = path
        self.query = query
        self.headers = dict(fields) if headers is None else headers
        self.client = client
        self._fields = fields
        self._body: list[bytes | bytearray] = []

    @property
    def has_repeated(self) -> bool:
        """Whether a header was sent on several lines."""
        return len(self.headers) != len(self._fields)

    def arrived(self, limit_bytes: int) -> bytes | None:
        """Return the body if it has arrived in one piece within the limit; `body` returns it all the same."""
        body = self._body
        if not self.complete or len(body) != 1 or self._size > limit_bytes:
            return None
        return bytes(body[0])

    def drop_body(self) -> None:
        """Forget a body that was read by `arrived`."""
        self._body.clear()

    def join_repeated(self) -> None:
        """Join the values of a header that is sent on several lines, as lists may be (RFC 9110, 5.3).

        Raises:
            InvalidRequestError: a header with a single value was sent twice, which is ambiguous.
        """
        headers, fields = self.headers, self._fields
        if len(headers) == len(fields):
            return
        joined: dict[bytes, list[bytes]] = {}
        for name, value in fields:
            joined.setdefault(name, []).append(value)
        for name, values in joined.items():
            if len(values) > 1 and name in _SINGLE:
                raise InvalidRequestError(
                    f"The header {name.decode()} was sent {len(values)} times; send it once."
                )
            headers[name] = _SEPARATORS.get(name, b", ").join(values)

    def forwarded_for(self) -> list[str]:
        """Return the addresses in `X-Forwarded-For`, the nearest last."""
        lines = (value for name, value in self._fields if name == b"x-forwarded-for")
        return b",".join(lines).decode("latin-1").split(",")

    def query_pairs(self) -> list[tuple[str, str]]:
        """Return the query's names and values, decoded.

        Raises:
            InvalidRequestError: there are more than a hundred.
        """
        text = self.query.decode("latin-1")
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            message = f"The query has more than {_MOST_FIELDS} fields."
            raise InvalidRequestError(message) from None

    async def exceeds(self, limit_bytes: int) -> bool:
        """Whether the body is larger than that; if that is unknown, so much of it is read."""
        declared = self.declared_bytes
        if declared is not None:
            return declared > limit_bytes
        if not self.complete:
            await self._rest(limit_bytes)
        return self._size > limit_bytes

    async def body(self, limit_bytes: int) -> bytes:
        """Return the request's body, once; the connection itself holds the deadline for it.

        Raises:
            InvalidFileSizeError: it is larger than `limit_bytes`.
            RequestTimeoutError: it did not arrive in time.
            InvalidRequestError, HeadersTooLargeError: it is not framed as HTTP says.
        """
        declared = self.declared_bytes
        if declared is not None and declared > limit_bytes:
            raise _too_large(limit_bytes)
        if not self.complete:  # most bodies arrive with their head
            await self._rest(limit_bytes)
        if self._size > limit_bytes:
            raise _too_large(limit_bytes)
        # Free the pieces: a large body must not stay in memory until the response ends.
        pieces, self._body = self._body, []
        return b"".join(pieces)

    async def _rest(self, limit_bytes: int) -> None:
        """Wait until the body is complete, or larger than `limit_bytes`."""
        self.room = limit_bytes
        self._read_on()
        while not self.complete and self._size <= limit_bytes:
            if self._broken is not None:
                raise self._broken
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival

    # Called by a front.

    def take(self, piece: bytes) -> None:
        """Take a piece of the body; after the response, none is kept."""
        self._size += len(piece)
        if self.ended:
            return
        body = self._body
        if not body or len(piece) > _SMALL_BYTES:
            body.append(piece)
        elif isinstance(last := body[-1], bytearray):
            last += piece
        else:  # join small pieces, whose overhead would exceed their content
            body.append(bytearray(piece))
        if self._arrival is not None:
            self._wake()

    def end_body(self) -> None:
        """Know that the whole body has arrived."""
        self.complete = True
        if self._arrival is not None:
            self._wake()

    def break_off(self, error: FondacoError) -> None:
        """Know that the rest of the body will not come; reading it raises `error`."""
        self._broken = error
        if self._arrival is not None:
            self._wake()

    @property
    def full(self) -> bool:
        """Whether no more of the body should be read for now."""
        return self._size > self.room and not self.ended

    def abandon(self) -> None:
        """Cancel the task of the response, because the client disconnected.

        The task itself is cancelled, once: a cancel scope a request would cost a tenth of the call.
        """
        if self.resume is not None:
            self.abandoned = True
            # Its first step takes the work over; a task cancelled before that never begins.
            asyncio.get_running_loop().call_soon(self.hand_over().cancel)
            return
        if self.task is not None and not self.abandoned:
            self.abandoned = True
            self.task.cancel()

    def hand_over(self) -> asyncio.Task[None]:
        """Have a task go on with a response that is made without one so far, and return it."""
        if self.resume is None:
            raise RuntimeError("The response is made by a task already.")
        task = self.task = asyncio.get_running_loop().create_task(self.resume())
        self.resume = None
        return task

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # The response.

    def head(self, lines: bytes) -> bytes:
        """Return the headers of a response: those of every response to this request, and its own."""
        if self.account_lines is None:
            head = self.base_lines + lines
        else:
            head = b"".join((self.base_lines, self.account_lines(self.quota), lines))
        return head + _exposing(head) if self.exposed else head

    @abstractmethod
    def respond(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response.

        Args:
            status: of HTTP.
            lines: its headers beside those of every response, as lines that each end in CR LF; they
                include the body's length.
            body: all of it; empty for a response to HEAD.
        """

    @abstractmethod
    def start(self, status: int, lines: bytes, piece: bytes, *, sized: bool = False) -> None:
        """Send the head of a response, and the first piece of its body.

        Args:
            status: of HTTP.
            lines: its headers beside those of every response.
            piece: of the body.
            sized: whether `lines` include the body's length; else it is unknown.
        """

    @abstractmethod
    def write(self, piece: bytes) -> None:
        """Send a piece of the body of a response that was started."""

    @abstractmethod
    def finish(self, piece: bytes) -> None:
        """Send the last piece of the body of a response that was started."""

    @property
    @abstractmethod
    def congested(self) -> bool:
        """Whether the caller takes the response more slowly than it is written."""

    @abstractmethod
    def drained(self) -> Awaitable[None]:
        """Return once the response can continue, or the client has disconnected."""

    @abstractmethod
    def count_sent(self) -> Callable[[], int]:
        """Count the bytes that are sent from now on; return a function that returns their number."""

    def at_end(self, release: Callable[[], None]) -> None:
        """Have `release` called when the exchange is no longer needed, after earlier ones."""
        self._at_end += (release,)

    def leave(self) -> None:
        """End the exchange; where the response is not complete, the connection ends with it."""
        for release in self._at_end:
            release()
        self._at_end = ()
        if not self.ended:
            self.ended = True
            self._cut_off()

    @abstractmethod
    def _read_on(self) -> None:
        """Have more of the body read, as there is room for it."""

    @abstractmethod
    def _cut_off(self) -> None:
        """End the connection, or the caller's share of it, without a complete response."""

    def _end(self) -> None:
        """Note that the response is complete."""
        self.ended = True
        self._body.clear()


Responder = Callable[[Exchange], Coroutine[Any, Any, None]]
"""Makes the response to an exchange; `Edge.answer` is one."""
FastResponder = Callable[[Exchange], bool]
"""Makes the response to an exchange without a task, or returns False and has done nothing."""


def _exposing(head: bytes) -> bytes:
    """Return the header that lets a page read all headers of a response (Fetch: CORS-exposed)."""
    names = dict.fromkeys(line.partition(b":")[0] for line in head.splitlines())
    shown = (name for name in names if not name.startswith(b"access-control-"))
    return b"access-control-expose-headers: %b\r\n" % b", ".join(shown)


def _too_large(limit_bytes: int) -> InvalidFileSizeError:
    return InvalidFileSizeError(f"The request's body exceeds {limit_bytes} bytes.")
