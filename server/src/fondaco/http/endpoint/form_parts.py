"""The parts of a form, from the bytes of its body.

Source: RFC 7578; RFC 2046, section 5.1.
"""

import logging
from dataclasses import dataclass

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from fondaco.domain.errors import InvalidRequestError

MOST_PARTS = 64
MOST_HEADERS = 8
HEADER_BYTES = 4_096

_IDENTITY = {b"", b"7bit", b"8bit", b"binary"}
"""Values of `Content-Transfer-Encoding` that change nothing; the others are deprecated."""
_UTF_8 = {b"", b"utf-8", b"utf8", b"us-ascii", b"ascii"}
_LONGEST_NAME = 100
_SILENT = logging.getLogger("fondaco.forms")
"""Replaces the parser's logger, which warns of every damaged form; its sender receives the error."""
_SILENT.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a form."""

    name: str
    content: bytes
    is_file: bool


def parts_of(body: bytes, boundary: bytes) -> list[Part]:
    """Return the parts of a form, without those of file inputs that were left empty.

    Raises:
        InvalidRequestError: it is no form, ends early, or has too many parts or too large headers.
    """
    _expect_delimiters(body, boundary)
    collector = _Collector()
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": collector.begin,
            "on_header_field": collector.take_name,
            "on_header_value": collector.take_value,
            "on_header_end": collector.end_header,
            "on_part_data": collector.take_content,
            "on_part_end": collector.end,
            "on_end": collector.complete,
        },
        max_header_count=MOST_HEADERS,
        max_header_size=HEADER_BYTES,
    )
    parser.logger = _SILENT
    try:
        parser.write(body)
    except MultipartParseError as error:
        if "Maximum" in str(error):
            limit = f"{MOST_HEADERS} headers, of {HEADER_BYTES:,} bytes each"
            raise refusal(f"A part of the form has more than {limit}.") from None
        raise _invalid() from None
    if not collector.is_complete:
        raise _unfinished()
    return collector.parts


def _expect_delimiters(body: bytes, boundary: bytes) -> None:
    """Return if nothing in a form begins as a delimiter does but delimiters, up to the last one.

    RFC 2046 keeps their beginning out of all content. The parser takes content in large pieces, yet steps
    byte by byte through what may be a delimiter: 40 MB of that would take 15 seconds.

    Raises:
        InvalidRequestError: something else does, there are too many, or no last one.
    """
    opening = b"--" + boundary
    delimiter = b"\r\n" + opening
    after = len(opening) if body.startswith(opening) else _after(body, delimiter, 0)
    for _ in range(MOST_PARTS + 1):
        match body[after : after + 2]:
            case b"--":
                return
            case b"\r\n":
                after = _after(body, delimiter, after)
            case _:
                raise _invalid()
    raise refusal(f"The form has more than {MOST_PARTS} parts.")


def _after(body: bytes, delimiter: bytes, start: int) -> int:
    """Return where the next delimiter ends.

    Raises:
        InvalidRequestError: there is none.
    """
    at = body.find(delimiter, start)
    if at < 0:
        raise _unfinished() if start else _invalid()
    return at + len(delimiter)


def _invalid() -> InvalidRequestError:
    return refusal("The body is not multipart/form-data with the boundary of its header.")


def _unfinished() -> InvalidRequestError:
    return refusal("The form ends before its last boundary.")


def refusal(message: str) -> InvalidRequestError:
    """Return the error of a form that is at fault as a whole."""
    return InvalidRequestError(message, faults={"": (message,)})


class _Collector:
    """Assembles parts from the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.is_complete = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._content: list[bytes] = []

    def begin(self) -> None:
        self._headers, self._content = {}, []

    def take_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        name = self._name.lower()
        if name in self._headers:
            raise refusal("A part of the form repeats a header.")
        self._headers[name] = self._value.strip(b" \t")
        self._name = self._value = b""

    def take_content(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def end(self) -> None:
        part = _part(self._headers, b"".join(self._content))
        self._content = []
        if part is not None:
            self.parts.append(part)

    def complete(self) -> None:
        self.is_complete = True


def _part(headers: dict[bytes, bytes], content: bytes) -> Part | None:
    """Return a part; None for a file input that was left empty.

    Raises:
        InvalidRequestError: it has no name, or its content is encoded.
    """
    disposition, options = parse_options_header(headers.get(b"content-disposition", b""))
    try:
        name = options.get(b"name", b"").decode()
    except UnicodeDecodeError:
        raise refusal("The name of a part of the form is not UTF-8.") from None
    if disposition != b"form-data" or not name:
        raise refusal(
            'Each part of a form needs the header Content-Disposition: form-data; name="..."'
        )
    shown = name[:_LONGEST_NAME]
    if headers.get(b"content-transfer-encoding", b"").lower() not in _IDENTITY:
        raise refusal(f"The part {shown!r} has a Content-Transfer-Encoding. Send it unencoded.")
    kind, parameters = parse_options_header(headers.get(b"content-type", b""))
    if parameters.get(b"charset", b"").lower() not in _UTF_8:
        raise refusal(f"The part {shown!r} is not in UTF-8.")
    filename = options.get(b"filename")
    if filename == b"" and not content:
        return None
    is_file = filename is not None or not (kind in (b"", b"text") or kind.startswith(b"text/"))
    return Part(name, content, is_file)
