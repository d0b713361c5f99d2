"""The request reader: parses requests from the bytes of a connection, in pieces of any size.

A body ends where RFC 9112, 6.3 says, whatever else its head offers; nothing is ever skipped to find
the next request. Work is linear in the received bytes, and done in slices.
"""

import re

from fondaco.domain.errors import HeadersTooLargeError, InvalidRequestError
from fondaco.http.wire.request_head import (
    STRAY_FOUND,
    RequestHead,
    fields_of,
    lines_of,
    request_line,
)

_END = b"\r\n\r\n"
_STRAY = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
"""Bytes that no head may contain: control characters, and CR or LF alone."""
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})([ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_PARTIAL_CHUNK_LINE = re.compile(rb"[0-9A-Fa-f]{1,15}([ \t]*(;[\t\x20-\x7e\x80-\xff]*)?)\r?")
_LONGEST_CHUNK_LINE = 1_024
_CHUNKS_A_SLICE = 512
"""Chunks that are read before other connections have their turn: half a millisecond."""
_USUAL_OVERHEAD = 16
_MOST_OVERHEAD = 16 * 2**10
"""Bytes of chunk lines beyond 16 and two for each byte of content, as Go's net/http bounds it."""


class RequestReader:
    """Reads one request after another: its head, then its body until that is complete.

    After an error it cannot be used again: the start of the next request is unknown.
    """

    def __init__(self, head_limit_bytes: int) -> None:
        """Read heads, and trailers, of at most that size."""
        self._limit = head_limit_bytes
        self._unread: bytes | bytearray = b""
        self._at = 0
        """Offset of the first byte in `_unread` that was not read yet."""
        self._searched = 0
        """Offset up to which there is no end of a head or trailer."""
        self._blank = False
        """Whether an empty line preceded the head."""
        self._line_checked = False
        """Whether the request line of an incomplete head was checked."""
        self._remaining: int | None = 0
        """Bytes of the body, or of its chunk, still to be read; None before the line with a chunk's size."""
        self._chunked = False
        self._trailer = False
        self._overhead = 0
        self.body_complete = True
        """Whether the body of the last head was read to its end."""
        self.busy = False
        """Whether `body` returned only the first slice of the input."""

    def feed(self, octets: bytes) -> None:
        """Add input."""
        at = self._at
        if at == len(self._unread):
            self._unread = octets
            self._searched = 0
        else:
            unread = self._unread
            if isinstance(unread, bytes):
                unread = self._unread = bytearray(unread[at:])
            elif at:
                del unread[:at]
            self._searched -= at
            unread += octets
        self._at = 0

    @property
    def unread_bytes(self) -> int:
        """Number of bytes that were added but not read."""
        return len(self._unread) - self._at

    @property
    def started(self) -> bool:
        """Whether part of the next head has arrived; an empty line does not count."""
        # A tuple, here and below: a bytearray is unhashable.
        return self.unread_bytes > 1 or self._unread[self._at :] not in (b"", b"\r")

    def head(self) -> RequestHead | None:
        """Return the next head, once all of it has arrived; call it when the body before is complete.

        Raises:
            FondacoError: the input is not a request; see `RequestHead`.
        """
        unread, at = self._unread, self._at
        if not unread:
            return None
        if unread[at : at + 1] == b"\r":
            at = self._skip_blank()
        end = unread.find(_END, self._searched or at)
        if end < 0 or end - at > self._limit:
            self._wait_for_head()
            return None
        octets = unread[at:end]
        head = RequestHead(octets if isinstance(octets, bytes) else bytes(octets))
        at = end + 4
        length = head.body_bytes
        self.body_complete = length == 0
        if length and at + length <= len(unread):
            head.content = bytes(unread[at : at + length])
            at += length
            self.body_complete = True
        if at == len(unread):
            self._unread, at = b"", 0  # content is not kept for as long as the connection idles
        self._at = at
        self._remaining = length
        if self._searched or self._blank or self._chunked:
            self._reset()
        self._chunked = length is None
        return head

    def _skip_blank(self) -> int:
        """Ignore an empty line before a request, but not many (RFC 9112, 2.2)."""
        if self._unread.startswith(b"\r\n", self._at):
            if self._blank:
                raise InvalidRequestError("There are empty lines before the request.")
            self._blank = True
            self._at += 2
            self._searched = 0
        return self._at

    def _reset(self) -> None:
        """Reset the state of an incomplete head, or of chunks."""
        self._searched = self._overhead = 0
        self._blank = self._line_checked = False

    def body(self) -> bytes:
        """Return the received part of the body, or a slice of it: call again while `busy`.

        Raises:
            InvalidRequestError: the chunks break the grammar.
            HeadersTooLargeError: the trailer is too large.
        """
        content = self._chunks() if self._chunked else self._piece()
        if self._at == len(self._unread):
            self._unread, self._at, self._searched = b"", 0, 0
        return content

    def _piece(self) -> bytes:
        """Return the received part of content of known length."""
        unread, at, remaining = self._unread, self._at, self._remaining or 0
        end = min(at + remaining, len(unread))
        piece = bytes(unread if at == 0 and end == len(unread) else unread[at:end])
        self._at = end
        self._remaining = remaining - (end - at)
        if not self._remaining and not self._chunked:
            self.body_complete = True
        return piece

    def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        self.busy = False
        for _ in range(_CHUNKS_A_SLICE):
            if self._trailer:
                self._end_trailer()
                break
            if self._remaining is None:
                if not self._begin_chunk():
                    break
                continue
            if self._remaining:
                pieces.append(self._piece())
            if self._remaining or not self._end_chunk():
                break
        else:
            self.busy = True
        return b"".join(pieces)

    def _begin_chunk(self) -> bool:
        """Read the line with a chunk's size; return whether it was complete."""
        unread, at = self._unread, self._at
        line = _CHUNK.match(unread, at)
        if line is None or line.end() - at > _LONGEST_CHUNK_LINE:
            rest = bytes(unread[at : at + _LONGEST_CHUNK_LINE + 1])
            if rest and (
                len(rest) > _LONGEST_CHUNK_LINE or not _PARTIAL_CHUNK_LINE.fullmatch(rest)
            ):
                raise InvalidRequestError("The body's chunks are not framed according to RFC 9112.")
            return False
        size = int(line[1], 16)
        self._at = line.end()
        overhead = self._overhead + line.end() - at + 2 - _USUAL_OVERHEAD - 2 * size
        self._overhead = max(0, overhead)
        if self._overhead > _MOST_OVERHEAD:
            raise InvalidRequestError("The body's chunks have more extensions than content.")
        self._remaining = size
        if not size:
            self._trailer = True
            self._searched = 0
        return True

    def _end_chunk(self) -> bool:
        """Read the line break after a chunk's content; return whether it was complete."""
        after = self._unread[self._at : self._at + 2]
        if after == b"\r\n":
            self._at += 2
            self._remaining = None
            return True
        if after not in (b"", b"\r"):
            raise InvalidRequestError("A chunk of the body is longer than its declared size.")
        return False

    def _end_trailer(self) -> None:
        """Read and discard the trailer fields after the last chunk; the body ends with them."""
        unread, at = self._unread, self._at
        if unread.startswith(b"\r\n", at):
            end = at - 2  # no trailer fields
        else:
            end = unread.find(_END, max(at, self._searched))
            if end < 0 or end - at > self._limit:
                self._wait_for_end("trailer")
                return
            fields_of(lines_of(bytes(unread[at:end])), 0)
        self._at = end + 4
        self._searched = 0
        self._trailer = False
        self.body_complete = True

    def _wait_for_head(self) -> None:
        self._wait_for_end("head")
        unread, at = self._unread, self._at
        if not self._line_checked and (end := unread.find(b"\r\n", at)) >= 0:
            request_line(bytes(unread[at:end]))
            self._line_checked = True  # `_searched` is now past the line

    def _wait_for_end(self, part: str) -> None:
        """Return if the received bytes may still become a head or trailer.

        Raises:
            HeadersTooLargeError: it is too large already.
            InvalidRequestError: it never will.
        """
        unread, at = self._unread, self._at
        if len(unread) - at > self._limit:
            raise HeadersTooLargeError(
                f"The request's {part} exceeds {self._limit} bytes. Send fewer or shorter fields."
            )
        # Bytes before `at` are consumed, but the expression's lookbehind would see them.
        stray = unread[at : at + 1] == b"\n" or _STRAY.search(unread, max(at, self._searched))
        if stray:
            raise InvalidRequestError(STRAY_FOUND)
        self._searched = max(at, len(unread) - 3)  # 0 means that nothing was searched
