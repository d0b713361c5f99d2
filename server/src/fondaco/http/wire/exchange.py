"""The exchange: one HTTP request and the reply to it, over a connection."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl

from fondaco.domain.errors import FondacoError, InvalidFileSizeError, InvalidRequestError
from fondaco.domain.money.limits import Quota
from fondaco.http.wire.request_head import Header

__all__ = ["STATUS_LINES", "Exchange", "Header", "Line"]

STATUS_LINES = {one.value: f"HTTP/1.1 {one} {one.phrase}\r\n".encode() for one in HTTPStatus}
CALLER_GONE = 499
"""The status that is counted where nobody was left to answer."""
UNCOUNTED_BYTES = 64 * 2**10
"""Of a body, so much is read before anybody asks for it."""
_MOST_FIELDS = 100
_SINGLE = frozenset(
    {
        *(b"authorization", b"x-api-key", b"x-selected-account-id", b"idempotency-key"),
        *(b"host", b"content-type", b"content-length", b"origin"),
        *(b"access-control-request-method", b"from", b"referer", b"user-agent", b"date"),
    }
)
"""Request headers of one value. All others are lists, or none that is read here."""
_WORTH_READING = 256 * 2**10
"""So much of a body is read after the reply, that the connection may be used again."""
_SMALL = 4_096


class Line(Protocol):
    """The connection, as an exchange sees it."""

    @property
    def congested(self) -> bool:
        """Whether the caller takes the reply more slowly than it is written."""
        ...

    def write(self, octets: bytes) -> None:
        """Send; to a caller who went away, nothing."""
        ...

    def listen(self) -> None:
        """Read on, as there is room for more of the body."""
        ...

    def answered(self) -> None:
        """Go on to the next request, as the reply is complete."""
        ...

    async def drained(self) -> None:
        """Return once there is room for more of the reply, or nobody to take it."""
        ...

    def close(self) -> None:
        """Close, once everything has been sent."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


LineT = TypeVar("LineT", bound=Line)


class Exchange:
    """One request, with the means to read its body and to answer it."""

    # What most requests leave as it is stands here, so that nothing is set for each.

    id = ""
    task: asyncio.Task[None] | None = None
    """What works on the answer."""
    abandoned = False
    """Whether the caller went away, so that the task was cancelled."""
    complete = False
    """Whether the whole body has arrived."""
    base_lines = b""
    """The headers of every reply, as they are sent."""
    route = "unknown"
    """The path of the endpoint that answers, as a template, once that is known."""
    key_id = ""
    """The id of the key that came with the request, once that is known."""
    account_id: int | None = None
    """Whose key came with the request, once that is known."""
    account_lines: Callable[[Quota | None], bytes] | None = None
    """What every reply to the account carries besides."""
    quota: Quota | None = None
    """What the limits of the call show, where the request is one."""
    exposed = False
    """Whether a page of another origin may read the reply, whose headers are then named for it."""
    started = False
    """Whether a reply has begun."""
    status = 0
    room = UNCOUNTED_BYTES
    """How many bytes of body are taken; more, once somebody asks for it."""
    at_end: Callable[[], None] | None = None
    """What is to be done once nothing of the exchange is needed."""
    authority: bytes = b""
    """The host, perhaps with a port, that is asked."""
    declared_bytes: int | None = None
    """The length of the body, where its sender tells beforehand."""
    waits = False
    """Whether the caller waits to be told before it sends the body."""
    _broken: FondacoError | None = None
    """Why the rest of the body will never come."""
    _size = 0
    _arrival: asyncio.Future[None] | None = None
    _ended = False

    def __init__(
        self,
        line: Line,
        method: str,
        path: str,
        *,
        query: bytes = b"",
        fields: Sequence[Header] = (),
        headers: dict[bytes, bytes] | None = None,
        client: str = "",
        closes: bool = False,
        unframed: bool = False,
    ) -> None:
        """Take a request whose head has arrived.

        Args:
            line: where the reply goes.
            method: in upper case.
            path: decoded.
            query: as it was sent.
            fields: the headers, names in lower case.
            headers: the same, as one value a name, where that is known already.
            client: the address at the other end of the connection.
            closes: whether the connection ends with the reply.
            unframed: whether the caller knows no chunks (HTTP/1.0): streams end with the connection.
        """
        self.method = method
        self.path = path
        self.query = query
        self.headers = dict(fields) if headers is None else headers
        self.client = client
        self.closes = closes
        self._line = line
        self._fields = fields
        self._unframed = unframed
        self._body: list[bytes | bytearray] = []

    def join_repeated(self) -> None:
        """Join what a header says on several lines, as lists may be sent (RFC 9110, 5.3).

        Raises:
            InvalidRequestError: a header of one value came twice; which is meant, nobody can know.
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
            headers[name] = b", ".join(values)

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
        """Whether the body is larger than that; where nobody tells, so much of it is read."""
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
        if not self.complete:  # nearly all have arrived with their head
            await self._rest(limit_bytes)
        if self._size > limit_bytes:
            raise _too_large(limit_bytes)
        # Large ones are not kept for as long as the answer takes.
        pieces, self._body = self._body, []
        return b"".join(pieces)

    async def _rest(self, limit_bytes: int) -> None:
        if self.waits:
            self.waits = False
            if not self._size:
                self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.room = limit_bytes
        self._line.listen()
        while not self.complete and self._size <= limit_bytes:
            if self._broken is not None:
                raise self._broken
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival

    def over(self, wrap: Callable[[Line], LineT]) -> LineT:
        """Send the reply over what `wrap` makes of the connection, and return that."""
        line = wrap(self._line)
        self._line = line
        return line

    # What the connection calls.

    def take(self, piece: bytes) -> None:
        """Take a piece of the body; what comes after the reply is of no use."""
        self._size += len(piece)
        if self._ended:
            return
        body = self._body
        if not body or len(piece) > _SMALL:
            body.append(piece)
        elif isinstance(last := body[-1], bytearray):
            last += piece
        else:  # many small pieces would need more memory than what is in them
            body.append(bytearray(piece))
        if self._arrival is not None:
            self._wake()

    def end_body(self) -> None:
        """Know that the whole body has arrived."""
        self.complete = True
        if self._arrival is not None:
            self._wake()

    def break_off(self, error: FondacoError) -> None:
        """Know that the rest of the body will not come; who reads it gets `error`."""
        self._broken = error
        self.closes = True
        if self._arrival is not None:
            self._wake()

    @property
    def full(self) -> bool:
        """Whether no more of the body should be read for now."""
        return self._size > self.room and not self._ended

    def abandon(self) -> None:
        """Cancel whatever works on the answer, because the caller went away.

        The task itself is cancelled, once: a cancel scope a request would cost a tenth of the call.
        """
        if self.task is not None and not self.abandoned:
            self.abandoned = True
            self.task.cancel()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # The reply.

    def head(self, lines: bytes) -> bytes:
        """Return the headers of a reply: those that every reply to this request carries, and its own."""
        if self.account_lines is None:
            head = self.base_lines + lines
        else:
            head = b"".join((self.base_lines, self.account_lines(self.quota), lines))
        return head + _exposing(head) if self.exposed else head

    def reply(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole reply in one write.

        Args:
            status: of HTTP.
            lines: its headers beside those of every reply; they tell the body's length.
            body: all of it, or nothing where only the head was asked for.
        """
        self.started, self.status = True, status
        if not self.complete:
            self._leave_body()
        closing = b"connection: close\r\n\r\n" if self.closes else b"\r\n"
        self._line.write(b"".join((STATUS_LINES[status], self.head(lines), closing, body)))
        self._end()

    def start(self, status: int, lines: bytes, piece: bytes) -> None:
        """Send the head of a reply of unknown length, and the first piece of its body."""
        self.started, self.status = True, status
        self.closes = self.closes or self._unframed
        if not self.complete:
            self._leave_body()
        framing = b"" if self._unframed else b"transfer-encoding: chunked\r\n"
        closing = b"connection: close\r\n\r\n" if self.closes else b"\r\n"
        head = (STATUS_LINES[status], self.head(lines), framing, closing, self._framed(piece))
        self._line.write(b"".join(head))

    def write(self, piece: bytes) -> None:
        """Send a piece of the body of a reply that was started."""
        self._line.write(self._framed(piece))

    def finish(self, piece: bytes) -> None:
        """Send the last piece of the body of a reply that was started."""
        last = b"" if self._unframed else b"0\r\n\r\n"
        self._line.write(self._framed(piece) + last)
        self._end()

    @property
    def congested(self) -> bool:
        """Whether the caller takes the reply more slowly than it is written."""
        return self._line.congested

    def drained(self) -> Awaitable[None]:
        """Return once there is room for more of the reply."""
        return self._line.drained()

    def leave(self) -> None:
        """Close the connection, unless the reply is complete: nobody else will answer."""
        if self.at_end is not None:
            self.at_end()
        if self._ended:
            return
        self._ended = True
        if self.abandoned:
            self._line.abort()
        else:
            self._line.close()

    def _leave_body(self) -> None:
        """Close after the reply, unless what is still to come is certain, and little."""
        if (
            self.waits
            or self.declared_bytes is None
            or self.declared_bytes - self._size > _WORTH_READING
        ):
            self.closes = True

    def _framed(self, piece: bytes) -> bytes:
        return piece if self._unframed or not piece else b"%x\r\n%b\r\n" % (len(piece), piece)

    def _end(self) -> None:
        self._ended = True
        self._body.clear()
        self._line.answered()


def _exposing(head: bytes) -> bytes:
    """Return the header that lets a page read all headers of a reply (Fetch: CORS-exposed)."""
    names = dict.fromkeys(line.partition(b":")[0] for line in head.splitlines())
    shown = (name for name in names if not name.startswith(b"access-control-"))
    return b"access-control-expose-headers: %b\r\n" % b", ".join(shown)


def _too_large(limit_bytes: int) -> InvalidFileSizeError:
    return InvalidFileSizeError(f"The request's body exceeds {limit_bytes} bytes.")
