"""Request heads: the request line, the header fields, and how the body that follows is framed.

The grammar is that of RFC 9110 and RFC 9112, without their optional leniency: what a proxy in front
of the server might read in another way is refused. `Upgrade` is not looked at, since an offer of
another protocol changes nothing about the request that makes it (RFC 9110, 7.8).
"""

import re
from typing import TypeVar
from urllib.parse import unquote

from fondaco.domain.errors import (
    ExpectationFailedError,
    HeadersTooLargeError,
    InvalidFileSizeError,
    InvalidRequestError,
    UnimplementedError,
    VersionNotSupportedError,
)
from fondaco.http.exchange.authority import expect_authority
from fondaco.http.exchange.exchange import Header

_METHODS = {
    name.encode(): name
    for name in ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
}
"""Accepted methods. CONNECT asks a proxy, which this server is not."""
_TEXT = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""All octets that are valid in lines of a head (RFC 9110, 5.5)."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)([^?]*)\??(.*)", re.IGNORECASE)
_MOST_FIELDS = 256
_MOST_DIGITS = 18
"""Of a length in bytes; longer ones fit no machine."""

# Parsed lines are cached, since most clients repeat them, except for values that may be secret
# or personal.
_RequestLine = tuple[str, str, bytes, bytes | None, bool]
_lines: dict[bytes, _RequestLine] = {}
"""Request lines without a query."""
_names: dict[bytes, bytes] = {}
"""Names of other fields as callers write them, with the same in lower case."""
_fields: dict[bytes, Header] = {}
"""Lines of fields that say how a client works."""
_HARMLESS = frozenset(
    {b"accept", b"accept-encoding", b"connection", b"content-type", b"host", b"user-agent"}
)
_MOST_KNOWN = 1_024
_LONGEST_KNOWN = 100
_T = TypeVar("_T")
_CODINGS = frozenset({b"gzip", b"x-gzip", b"compress", b"x-compress", b"deflate", b"identity"})
"""Transfer codings that exist beside `chunked`; none is implemented here."""


class RequestHead:
    """Request line and headers."""

    method: str
    path: str
    """Decoded."""
    query: bytes
    """As it was sent."""
    authority: bytes | None
    """The requested host, with its port if sent; optional in HTTP/1.0."""
    old: bool
    """Whether the caller speaks HTTP/1.0, which knows no chunks and no `100 Continue`."""
    fields: list[Header]
    headers: dict[bytes, bytes]
    """The value of each field; of several the last one, except where they make one list."""

    body_bytes: int | None
    """The length of the body; None: it comes in chunks."""

    # Defaults are class attributes: few requests change them.

    content: bytes | None = None
    """The body, if it arrived completely with the head."""
    closes = False
    """Whether the connection ends with the reply."""
    waits = False
    """Whether the client waits for `100 Continue` before it sends the body."""

    def __init__(self, octets: bytes) -> None:
        r"""Read a head, given without the empty line at its end.

        >>> head = RequestHead(b"POST /a%20b?c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3")
        >>> head.method, head.path, head.query, head.authority, head.body_bytes
        ('POST', '/a b', b'c', b'localhost', 3)

        Raises:
            InvalidRequestError: it breaks the grammar, or its body would have no certain end.
            UnimplementedError: its method or transfer coding is not implemented.
            VersionNotSupportedError: it is not HTTP/1.
            ExpectationFailedError: `Expect` has another value than `100-continue`.
            InvalidFileSizeError: its body is longer than any.
            HeadersTooLargeError: it has more fields than are read.
        """
        lines = lines_of(octets)
        first = lines[0]
        self.method, self.path, self.query, self.authority, self.old = _lines.get(
            first
        ) or request_line(first)
        fields = self.fields = fields_of(lines, 1)
        headers = self.headers = dict(fields)
        if len(headers) != len(fields):
            _join(fields, headers)
        host = headers.get(b"host")
        if host is not None:
            expect_authority(host)
        elif not self.old:
            raise InvalidRequestError("The request has no Host header. Send one.")
        self.authority = self.authority or host
        connection = headers.get(b"connection")
        if connection is None or connection == b"keep-alive":
            self.closes = self.old
        else:
            self.closes = self.old or b"close" in _members(connection)
        self.body_bytes = self._framing(headers)
        if b"expect" in headers:
            self._take_expectation(headers[b"expect"])

    def _framing(self, headers: dict[bytes, bytes]) -> int | None:
        """Return the length of the body, None for chunks (RFC 9112, 6.3)."""
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if coding is not None:
            if length is not None:
                raise InvalidRequestError(
                    "The request has both Transfer-Encoding and Content-Length. Send one of them."
                )
            if self.old:
                raise InvalidRequestError(
                    "HTTP/1.0 does not support Transfer-Encoding. Use HTTP/1.1."
                )
            if coding != b"chunked":
                _expect_chunked(coding)
            return None
        if length is None:
            return 0
        if not length.isdigit():
            raise InvalidRequestError("Content-Length is not a number of bytes.")
        if len(length) > _MOST_DIGITS:
            raise InvalidFileSizeError("Content-Length is too large.")
        return int(length)

    def _take_expectation(self, value: bytes) -> None:
        if self.old:
            return  # to be ignored: RFC 9110, 10.1.1
        if value.lower() != b"100-continue":
            raise ExpectationFailedError
        self.waits = True


def request_line(line: bytes) -> _RequestLine:
    """Return method, path, query, authority if named, and whether the version is 1.0.

    Raises:
        InvalidRequestError, UnimplementedError, VersionNotSupportedError: no request begins so.
    """
    parts = line.split(b" ")
    if len(parts) != 3:  # noqa: PLR2004 - method, target, version
        raise InvalidRequestError(_NO_REQUEST_LINE)
    name, target, version = parts
    old = version != b"HTTP/1.1" and _is_old(version)
    method = _METHODS.get(name)
    if method is None:
        raise _unknown_method(name)
    if not target.isascii() or b"#" in target or b"\t" in target:
        raise InvalidRequestError(
            "The request target contains an invalid character. Percent-encode it."
        )
    authority = None
    if target.startswith(b"/"):
        raw, _, query = target.partition(b"?")
    else:
        authority, raw, query = _other_target(method, target)
    path = raw.decode("ascii")
    read = (method, (unquote(path) if "%" in path else path), query, authority, old)
    if len(line) <= _LONGEST_KNOWN and not query:
        _cache_name(_lines, line, read)
    return read


def _is_old(version: bytes) -> bool:
    """Whether a version is HTTP/1.0; one above 1.1 is answered as 1.1 (RFC 9110, 2.5)."""
    match = _VERSION.fullmatch(version)
    if match is None:
        raise InvalidRequestError(_NO_REQUEST_LINE)
    if match[1] != b"1":
        raise VersionNotSupportedError
    return match[2] == b"0"


def _other_target(method: str, target: bytes) -> tuple[bytes | None, bytes, bytes]:
    """Return authority, path and query of a target that does not begin with its path."""
    if target == b"*" and method == "OPTIONS":
        return None, target, b""
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise InvalidRequestError(
            "The request target is neither a path, such as /healthz, nor an http:// URL."
        )
    authority, path, query = match.groups()
    if not authority:
        raise InvalidRequestError("The request target has no host.")
    expect_authority(authority)
    return authority, path or b"/", query


def lines_of(octets: bytes) -> list[bytes]:
    """Return the lines of a head or trailer, given without the line break at its end.

    Raises:
        InvalidRequestError: they hold what no line does, such as CR or LF alone.
    """
    lines = octets.split(b"\r\n")
    if len(octets.translate(None, _TEXT)) != 2 * len(lines) - 2:
        raise InvalidRequestError(STRAY_FOUND)
    return lines


def fields_of(lines: list[bytes], begin: int) -> list[Header]:
    """Return the fields that lines hold, from the one with the index `begin` on.

    Raises:
        InvalidRequestError: a line is no field.
        HeadersTooLargeError: there are too many.
    """
    if len(lines) > _MOST_FIELDS:
        raise HeadersTooLargeError(f"The request has more than {_MOST_FIELDS} header fields.")
    fields: list[Header] = []
    for line in lines[begin:] if begin else lines:
        field = _fields.get(line)
        if field is None:
            raw_name, colon, value = line.partition(b":")
            name = _names.get(raw_name)
            field = (name, value.strip(b" \t")) if name and colon else _field(line)
        fields.append(field)
    return fields


def _field(line: bytes) -> Header:
    """Return the field that a line holds, and remember what may be."""
    raw_name, colon, value = line.partition(b":")
    if not colon or _TOKEN.fullmatch(raw_name) is None:
        raise InvalidRequestError(_NO_FIELD)
    field = (raw_name.lower(), value.strip(b" \t"))
    if len(line) <= _LONGEST_KNOWN and (field[0] in _HARMLESS or field[0][:12] == b"x-stainless-"):
        _cache_name(_fields, line, field)
    elif len(raw_name) <= _LONGEST_KNOWN:
        _cache_name(_names, raw_name, field[0])
    return field


def _cache_name(known: dict[bytes, _T], raw_name: bytes, read: _T) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()  # bounded, so that no client can fill it for good
    known[raw_name] = read


def _join(fields: list[Header], headers: dict[bytes, bytes]) -> None:
    """Refuse repeated fields, except lists, whose values are joined (RFC 9110, 5.3)."""
    for name in (b"host", b"content-length"):
        if sum(one == name for one, _ in fields) > 1:
            raise InvalidRequestError(f"The request has more than one {name.decode()} header.")
    for name in (b"transfer-encoding", b"connection", b"expect"):
        if name in headers:
            headers[name] = b", ".join(value for one, value in fields if one == name)


def _members(value: bytes) -> list[bytes]:
    """Return the members of a list, in lower case."""
    return [member.strip(b" \t") for member in value.lower().split(b",")]


def _expect_chunked(coding: bytes) -> None:
    """Return if the only transfer coding is `chunked`, however it is written."""
    members = _members(coding)
    if members == [b"chunked"]:
        return
    names = [member.partition(b";")[0].strip(b" \t") for member in members]
    unknown = any(name not in _CODINGS and name != b"chunked" for name in names if name)
    certain = names[-1] == b"chunked" == members[-1] and names.count(b"chunked") == 1
    if (unknown or certain) and all(_TOKEN.fullmatch(name) for name in names):
        raise UnimplementedError("The only accepted transfer coding is `chunked`.")
    raise InvalidRequestError(
        "The end of the body is ambiguous: Transfer-Encoding must be `chunked`."
    )


def _unknown_method(name: bytes) -> InvalidRequestError | UnimplementedError:
    if _TOKEN.fullmatch(name) is None:
        return InvalidRequestError(_NO_REQUEST_LINE)
    return UnimplementedError(f"The method {name[:20].decode()} is not implemented.")


STRAY_FOUND = "The request's head or trailer contains a control character, or a line that does not end in CR LF."
_NO_REQUEST_LINE = "The request does not start with a line such as: GET /healthz HTTP/1.1"
_NO_FIELD = "A line of the request's head is not a header field such as: Host: localhost"
