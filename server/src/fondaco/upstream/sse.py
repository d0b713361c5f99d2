"""Server-sent events: bytes in any portions in, the payloads of whole events out."""

from fondaco.domain.errors import EngineError

EVENT_LIMIT_BYTES = 2**20
_DONE = b"[DONE]"


class Events:
    r"""A stream of events, taken apart as it arrives.

    >>> events = Events()
    >>> events.feed(b'data: {"a":1}\n\nda'), events.feed(b"ta: [DONE]\n\n"), events.finished
    ([b'{"a":1}'], [], True)

    Source: the HTML standard, "Parsing an event stream".
    """

    __slots__ = ("_held", "_rest", "finished")

    def __init__(self) -> None:
        self.finished = False
        """Whether `[DONE]` has come; whatever follows it is ignored."""
        self._rest = b""
        self._held = b""
        """A carriage return whose line feed may be still on its way."""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the payloads of the events that `piece` completes, `[DONE]` excepted.

        Raises:
            EngineError: an event is larger than `EVENT_LIMIT_BYTES`.
        """
        if not (self._rest or self._held or self.finished):
            payloads = _plain(piece)
            if payloads:
                return self._until_done(payloads)
        if self.finished:
            return []
        if self._held or b"\r" in piece:
            piece = self._with_line_feeds(piece)
        stream = self._rest + piece if self._rest else piece
        *blocks, self._rest = stream.split(b"\n\n")
        if len(stream) > EVENT_LIMIT_BYTES:
            _check(blocks, self._rest)
        payloads = [payload for block in blocks if (payload := _payload(block)) is not None]
        return self._until_done(payloads)

    def end(self) -> list[bytes]:
        """Return the payload of a last event that nothing but the end of the stream completes."""
        return self.feed(b"\n\n")

    def _until_done(self, payloads: list[bytes]) -> list[bytes]:
        if _DONE in payloads:
            self.finished = True
            self._rest = b""
            del payloads[payloads.index(_DONE) :]
        return payloads

    def _with_line_feeds(self, piece: bytes) -> bytes:
        piece = self._held + piece
        self._held = b"\r" if piece.endswith(b"\r") else b""
        return piece.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _plain(piece: bytes) -> list[bytes]:
    """Return the payloads of whole events of one line of data each, as nearly all are, or nothing."""
    if (
        not piece.startswith(b"data: ")
        or not piece.endswith(b"\n\n")
        or b"\r" in piece
        or len(piece) > EVENT_LIMIT_BYTES
    ):
        return []
    payloads = piece[6:-2].split(b"\n\ndata: ")
    return payloads if piece.count(b"\n") == 2 * len(payloads) else []


def _payload(block: bytes) -> bytes | None:
    """Return the data lines of an event, joined, or None where it has none."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:]
    found: list[bytes] = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            found.append(value.removeprefix(b" "))
    return b"\n".join(found) if found else None


def _check(blocks: list[bytes], rest: bytes) -> None:
    # The rest may end with the first of the two line feeds that end an event.
    if len(rest) > EVENT_LIMIT_BYTES + 1 or any(len(b) > EVENT_LIMIT_BYTES for b in blocks):
        raise EngineError("The model's engine sent an event that is larger than a mebibyte.")
