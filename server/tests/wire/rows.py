"""Raw requests with the RFCs' verdict on each: the form of the table, whose rows are in two files.

Where an RFC leaves a choice (MAY), the verdict is the strict one, and the row says so by its name.
"""

from dataclasses import dataclass

HOST = b"Host: localhost"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""What an attacker would like to be taken for a request; it is always part of something else."""
LENGTH = b"Content-Length: %d" % len(SMUGGLED)
CHUNKED = b"Transfer-Encoding: chunked"


@dataclass(frozen=True)
class Row:
    """One input, and what must come of it."""

    section: str
    """The RFC, and where in it."""
    name: str
    octets: bytes
    statuses: tuple[int, ...] = (200,)
    """Of the replies."""
    body: bytes = b""
    """What is understood as the body, where the first reply is 200."""
    path: str = "/x"
    """What is understood as the path, where the first reply is 200."""
    authority: bytes = b"localhost"
    """What is understood as the host, where the first reply is 200."""
    closes: bool = False
    """Whether the connection ends; after a refusal it always does."""

    @property
    def ends(self) -> bool:
        return self.closes or self.statuses[-1] != 200

    @property
    def id(self) -> str:
        return f"{self.section}: {self.name}"


def head(first: bytes, *lines: bytes) -> bytes:
    """Return a head of these lines."""
    return b"\r\n".join((first, *lines)) + b"\r\n\r\n"


def get(*lines: bytes, target: bytes = b"/x", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a GET with these fields after Host."""
    return head(b"GET %b %b" % (target, version), HOST, *lines)


def post(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a POST with these fields after Host, and what follows its head."""
    return head(b"POST /x " + version, HOST, *lines) + body


def chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return pieces as a body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def refused(section: str, name: str, octets: bytes, status: int = 400) -> Row:
    return Row(section, name, octets, (status,))
