"""A parser of server-sent events."""

from venice_ai.exceptions import InvalidResponseError

LARGEST_EVENT_BYTES = 16 * 2**20


class Events:
    r"""Gives the data of events, in whatever pieces a stream comes.

    Comments and other fields are skipped. Lines end with a line feed, or with both characters.

    >>> events = Events()
    >>> events.feed(b"data: 1\n\n: ping\n\ndata: 2\r\n"), events.feed(b"\r\ndata")
    ([b'1'], [b'2'])
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that this piece ends.

        Raises:
            InvalidResponseError: An event is larger than 16 MiB.
        """
        text = self._rest + piece if self._rest else piece
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        *events, rest = text.split(b"\n\n")
        if len(rest) > LARGEST_EVENT_BYTES:
            raise InvalidResponseError(
                f"An event of the stream exceeds {LARGEST_EVENT_BYTES!r} bytes."
            )
        self._rest = rest
        return [data for event in events if (data := _data(event)) is not None]


def _data(event: bytes) -> bytes | None:
    """Return an event's data; None: it has none."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = [
        line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
    ]
    return b"\n".join(lines) if lines else None
