"""h11 as the referee: what it understands of the same octets, and where we differ on purpose.

h11 is HTTP/1.1 in pure Python, made for correctness. Three things have to hold for any octets: however
they are cut into pieces, the same is understood; what both accept, they understand alike; and what one
of them alone accepts is on a list below, with the reason.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote

import h11

from fondaco.domain.errors import FondacoError
from fondaco.http.wire.request_head import RequestHead
from fondaco.http.wire.request_reader import RequestReader
from wire.rows import CHUNKED, HOST, chunks, get, head, post

_LIMIT = 16 * 2**10
_REPLY = h11.Response(status_code=404, headers=[("content-length", "0")])


@dataclass(frozen=True)
class Understood:
    """A request as a reader understood it."""

    method: bytes
    target: tuple[str, bytes] | None
    """Path and query; None where the target is something else."""
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """All that a reader made of octets."""

    requests: tuple[Understood, ...]
    error: str = ""
    """Why it refused the rest."""


def ours(pieces: Sequence[bytes], limit: int = _LIMIT) -> Outcome:
    """Return what the server's reader makes of octets that come in these pieces."""
    reading = _Reading(RequestReader(limit))
    try:
        for piece in pieces:
            reading.take(piece)
    except FondacoError as error:
        return Outcome(tuple(reading.requests), str(error))
    return Outcome(tuple(reading.requests))


@dataclass
class _Reading:
    """Reads as a connection does, and keeps what it reads."""

    reader: RequestReader
    requests: list[Understood] = field(default_factory=list)
    begun: RequestHead | None = None
    body: bytes = b""
    closed: bool = False

    def take(self, piece: bytes) -> None:
        self.reader.feed(piece)
        while not self.closed and self._step():
            pass

    def _step(self) -> bool:
        """Read one thing, and return whether there may be another."""
        if self.begun is None:
            self.begun = self.reader.head()
            if self.begun is None:
                return False
            self.body = self.begun.content or b""
        if not self.reader.body_complete:
            self.body += self.reader.body()
        if self.reader.body_complete:
            self.requests.append(_of_ours(self.begun, self.body))
            self.closed = self.begun.closes
            self.begun = None
            return True
        return self.reader.busy


def _of_ours(read: RequestHead, body: bytes) -> Understood:
    target = (read.path, read.query) if read.path.startswith("/") else None
    return Understood(read.method.encode(), target, tuple(map(_shown, read.fields)), body)


def theirs(octets: bytes) -> Outcome:
    """Return what h11 makes of octets."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_LIMIT)
    requests: list[Understood] = []
    begun: h11.Request | None = None
    body = b""
    try:
        connection.receive_data(octets)
        while True:
            event = connection.next_event()
            match event:
                case h11.Request():
                    begun, body = event, b""
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage() if begun is not None:
                    requests.append(_of_h11(begun, body))
                    connection.send(_REPLY)
                    connection.send(h11.EndOfMessage())
                    if connection.our_state is not h11.DONE:
                        return Outcome(tuple(requests))
                    connection.start_next_cycle()
                case _:
                    return Outcome(tuple(requests))
    except h11.RemoteProtocolError as error:
        return Outcome(tuple(requests), str(error) or "refused")


def _of_h11(read: h11.Request, body: bytes) -> Understood:
    path, _, query = read.target.partition(b"?")
    plain = (unquote(path.decode("latin-1")), query) if path.startswith(b"/") else None
    return Understood(read.method, plain, tuple(map(_shown, read.headers)), body)


def _shown(one: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a field; h11 shows transfer codings in lower case."""
    name, value = one
    return (name, value.lower()) if name == b"transfer-encoding" else (name, value)


@dataclass(frozen=True)
class Difference:
    """Something that only one of both accepts."""

    error: str
    """How the other one's error begins."""
    shows: Callable[[bytes], object]
    """Whether octets hold what the difference is about."""
    reason: str
    example: bytes


def _holds(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.DOTALL | re.IGNORECASE).search


_CONTROL = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n)"

_ANY = _holds(rb"")
"""Where the error says enough."""
_SIZES = rb"[0-9A-F][ \t]+\r?\n|[0-9A-F]{16}|;[^\n]*[\x00-\x08\x0b-\x1f\x7f]|;[^\n]{900}"
_BOTH = rb"Transfer-Encoding.*Content-Length|Content-Length.*Transfer-Encoding"
_LONG = b"a: " + b"x" * 20_000

STRICTER = (
    Difference(
        *("The request's head or trailer contains", _holds(_CONTROL)),
        "LF alone (RFC 9112, 2.2: a choice), control characters (RFC 9110, 5.5: a choice)",
        get(b"A: \x01"),
    ),
    Difference(
        *("A line of the request's head", _holds(rb"\n[ \t]"), "folded: RFC 9112, 5.2: a choice"),
        get(b"A: b", b" c"),
    ),
    Difference(
        *("The method ", _ANY, "what no resource here takes: RFC 9110, 9.1"),
        head(b"BREW /x HTTP/1.1", HOST),
    ),
    Difference(
        *("The server supports only HTTP/1", _holds(rb"HTTP/[02-9]"), "RFC 9110, 15.6.6"),
        get(version=b"HTTP/2.0"),
    ),
    Difference(
        *("The request target contains", _holds(rb"#"), "a fragment: RFC 9112, 3.2"),
        get(target=b"/x#y"),
    ),
    Difference(
        *("The request target is neither", _ANY, "RFC 9112, 3.2; h11 leaves targets to its user"),
        get(target=b"x"),
    ),
    Difference(
        *("The request target has no host", _holds(rb"://[/? ]"), "RFC 9110, 4.2.1"),
        get(target=b"http:///x"),
    ),
    Difference(
        *("The Host must be", _ANY, "RFC 9112, 3.2; h11 leaves the value to its user"),
        head(b"GET /x HTTP/1.1", b"Host: a@b"),
    ),
    Difference(
        *("The request has no Host", _holds(rb"HTTP/1\.[2-9]"), "h11 asks it of HTTP/1.1 alone"),
        head(b"GET /x HTTP/1.2"),
    ),
    Difference(
        *("The request has both", _holds(_BOTH), "RFC 9112, 6.3: a choice; how smuggling begins"),
        post(CHUNKED, b"Content-Length: 3", body=chunks()),
    ),
    Difference(
        *("HTTP/1.0 does not support Transfer-Encoding", _holds(rb"HTTP/1\.0"), "RFC 9112, 6.1"),
        post(CHUNKED, body=chunks(), version=b"HTTP/1.0"),
    ),
    Difference(
        *("Content-Length is not a number", _holds(rb"Content-Length:[^\r\n]*,")),
        "equal lengths in a list: RFC 9112, 6.3: a choice",
        post(b"Content-Length: 3, 3", body=b"abc"),
    ),
    Difference(
        *("The request has more than one content-length", _ANY, "equal lengths: likewise"),
        post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"),
    ),
    Difference(
        *("Content-Length is too large", _holds(rb"[0-9]{19}"), "no body is as long"),
        post(b"Content-Length: 0000000000000000003", body=b"abc"),
    ),
    Difference(
        *("The only supported expectation", _holds(rb"Expect"), "RFC 9110, 10.1.1: a choice"),
        get(b"Expect: more"),
    ),
    Difference(
        *("The body's chunks are not framed", _holds(_SIZES)),
        "blanks after a size, which h11 forgives; control characters, and very long lines",
        post(CHUNKED, body=b"3 \r\nabc\r\n0\r\n\r\n"),
    ),
    Difference(
        *("The body's chunks have more", _holds(rb";"), "RFC 9112, 7.1.1: to be bounded"),
        post(CHUNKED, body=(b"1;" + b"a" * 900 + b"\r\nx\r\n") * 30 + chunks()),
    ),
    Difference(
        *("The request has more than 256", _ANY, "RFC 9110, 5.4: a limit of ours"),
        get(*[b"a: b"] * 300),
    ),
    Difference(
        *("The request's head exceeds", _ANY, "h11 bounds what is unfinished alone"),
        get(_LONG),
    ),
    Difference(
        *("The request's trailer exceeds", _ANY, "likewise"),
        post(CHUNKED, body=chunks(end=b"0\r\n" + _LONG + b"\r\n\r\n")),
    ),
)
"""What h11 accepts and we refuse."""

LENIENT = (
    Difference(
        *("no request line received", _holds(rb"\r\n"), "one empty line: RFC 9112, 2.2: SHOULD"),
        b"\r\n" + get(),
    ),
    Difference(
        *(
            "illegal chunk header",
            _holds(rb"[ \t];"),
            "blanks before an extension: RFC 9112, 7.1.1",
        ),
        post(CHUNKED, body=b"3 ;a\r\nabc\r\n0\r\n\r\n"),
    ),
    *(
        Difference(
            *(error, _holds(rb"\r\n0+[ \t;\r]"), "of a trailer, which counts for nothing"),
            post(CHUNKED, body=chunks(end=b"0\r\n%b\r\n\r\n" % trailer)),
        )
        for error, trailer in (
            ("bad Content-Length", b"Content-Length: x"),
            ("conflicting Content-Length", b"Content-Length: 1\r\nContent-Length: 2"),
            ("Only Transfer-Encoding", b"Transfer-Encoding: gzip"),
            (
                "multiple Transfer-Encoding",
                b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            ),
        )
    ),
)
"""What we accept and h11 refuses."""


def pieces_of(octets: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Return octets cut at these places."""
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(octets)}), len(octets)]
    return [octets[begin:end] for begin, end in pairwise(bounds)]


def dispute(octets: bytes, cuts: Sequence[int]) -> str:
    """Return what is wrong, if anything: the octets are also read in pieces, cut at these places."""
    mine = ours([octets])
    in_pieces = ours(pieces_of(octets, cuts))
    if in_pieces.requests != mine.requests or bool(in_pieces.error) != bool(mine.error):
        return f"cut at {cuts} it is read as {in_pieces}, else as {mine}"
    other = theirs(octets)
    shared = min(len(mine.requests), len(other.requests))
    for one, two in zip(mine.requests, other.requests, strict=False):
        if not _chunk_template(one, two):
            return f"we understand {one}, h11 {two}"
    if mine.error and len(other.requests) > shared:
        return _unexplained(mine.error, STRICTER, octets, "h11 accepts what we refuse")
    if other.error and len(mine.requests) > shared:
        return _unexplained(other.error, LENIENT, octets, "we accept what h11 refuses")
    if not mine.error and not other.error and len(mine.requests) != len(other.requests):
        return f"we read {len(mine.requests)} requests, h11 {len(other.requests)}"
    return ""


def _chunk_template(one: Understood, two: Understood) -> bool:
    if one.target is not None and two.target is not None and one.target != two.target:
        return False
    return (one.method, one.fields, one.body) == (two.method, two.fields, two.body)


def _unexplained(error: str, known: Sequence[Difference], octets: bytes, what: str) -> str:
    if any(error.startswith(one.error) and one.shows(octets) for one in known):
        return ""
    return f"{what}: {error}"
