"""Server-sent events: an incremental parser from bytes to the payloads of whole events."""

from fondaco.domain.errors import EngineError

EVENT_LIMIT_BYTES = 16 * 2**20
"""Limit of one event: an image within a delta is several mebibytes."""
DOCUMENT_LIMIT_BYTES = 64 * 2**20
_DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"
_KEEP_ALIVES = frozenset({b"", b"null"})
"""Payloads that some engines send to keep a connection alive."""
_SHORT = 16


class EventParser:
    r"""An incremental parser of one stream of server-sent events.

    >>> events = EventParser()
    >>> events.feed(b'data: {"a":1}\n\nda'), events.feed(b"ta: [DONE]\n\n"), events.finished
    ([b'{"a":1}'], [], True)

    A JSON document in place of a stream is accepted too: it is one payload, which the end completes.

    >>> events = EventParser()
    >>> events.feed(b'{"a":\n\n'), events.feed(b"1}"), events.end(), events.finished
    ([], [], [b'{"a":\n\n1}'], True)

    Source: the HTML standard, "Parsing an event stream".
    """

    __slots__ = ("_document", "_held", "_rest", "_started", "finished")

    def __init__(self) -> None:
        self.finished = False
        """Whether `[DONE]` or a whole document has arrived; anything after it is ignored."""
        self._started = False
        """Whether anything but whitespace has arrived."""
        self._document = False
        self._rest = bytearray()
        """The incomplete event, or document, so far."""
        self._held = b""
        """A carriage return whose line feed may still arrive."""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the payloads of the events that `piece` completes, `[DONE]` excepted.

        Raises:
            EngineError: an event is larger than `EVENT_LIMIT_BYTES`, or a document than
                `DOCUMENT_LIMIT_BYTES`.
        """
        if not (self._rest or self._held or self.finished):
            payloads = _plain(piece)
            if payloads:
                self._started = True
                return self._until_done(payloads)
        if self.finished:
            return []
        if not self._started:
            self._detect_document(piece)
        if self._document:
            self._append(piece, DOCUMENT_LIMIT_BYTES)
            return []
        if self._held or b"\r" in piece:
            piece = self._with_line_feeds(piece)
        return self._until_done(self._payloads(piece))

    @property
    def between_events(self) -> bool:
        """Whether the next piece begins an event."""
        return not (self._rest or self._held or self.finished)

    def end(self) -> list[bytes]:
        """Return the payload of a final event, or a document, that the end of the stream completes."""
        if not self._document:
            return self.feed(b"\n\n")
        self.finished = True
        document = bytes(self._rest).removeprefix(_BOM)
        self._rest.clear()
        return [document]

    def _detect_document(self, piece: bytes) -> None:
        """Detect a document instead of events, whose lines never start with a brace."""
        start = (bytes(self._rest[: len(_BOM)]) + piece).removeprefix(_BOM).lstrip()
        self._started = bool(start) and not _BOM.startswith(start)
        self._document = start.startswith((b"{", b"["))

    def _payloads(self, piece: bytes) -> list[bytes]:
        """Return the payloads that a piece completes; each byte is scanned once."""
        seen = max(0, len(self._rest) - 1)
        self._rest += piece
        if self._rest.find(b"\n\n", seen) < 0:
            # An event may end with a line feed.
            _expect_at_most(EVENT_LIMIT_BYTES + 1, len(self._rest))
            return []
        *blocks, rest = bytes(self._rest).split(b"\n\n")
        self._rest = bytearray(rest)
        _expect_at_most(EVENT_LIMIT_BYTES, *map(len, blocks))
        return [payload for block in blocks if (payload := _payload(block)) is not None]

    def _append(self, piece: bytes, limit: int) -> None:
        self._rest += piece
        _expect_at_most(limit, len(self._rest))

    def _until_done(self, payloads: list[bytes]) -> list[bytes]:
        if _DONE in payloads:
            self.finished = True
            self._rest.clear()
            del payloads[payloads.index(_DONE) :]
        return payloads

    def _with_line_feeds(self, piece: bytes) -> bytes:
        piece = self._held + piece
        self._held = b"\r" if piece.endswith(b"\r") else b""
        return piece.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _plain(piece: bytes) -> list[bytes]:
    """Fast path: return the payloads of whole events of one data line each, else nothing."""
    if (
        not piece.startswith(b"data: ")
        or not piece.endswith((b"}\n\n", b"[DONE]\n\n"))
        or b"\r" in piece
        or len(piece) > EVENT_LIMIT_BYTES
    ):
        return []
    payloads = piece[6:-2].split(b"\n\ndata: ")
    return payloads if piece.count(b"\n") == 2 * len(payloads) else []


def _payload(block: bytes) -> bytes | None:
    """Return the joined data lines of an event, or None if they are empty or a keep-alive."""
    if block.startswith(b"data: ") and b"\n" not in block:
        payload = block[6:]
    else:
        values: list[bytes] = []
        for line in block.split(b"\n"):
            name, _, value = line.removeprefix(_BOM).partition(b":")
            if name == b"data":
                values.append(value.removeprefix(b" "))
        payload = b"\n".join(values)
    bare = payload.strip() if len(payload) < _SHORT else payload
    if bare in _KEEP_ALIVES:
        return None
    return _DONE if bare == _DONE else payload


def _expect_at_most(limit: int, *sizes: int) -> None:
    if any(size > limit for size in sizes):
        raise EngineError(
            f"The model's engine sent an event that is larger than {limit // 2**20} mebibytes."
        )
