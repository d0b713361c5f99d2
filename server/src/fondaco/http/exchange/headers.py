"""Header bytes: the default headers of every response, and header lines in general."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from fondaco import __version__
from fondaco.http.exchange.exchange import Header
from fondaco.ports import Clock


class DefaultHeaders:
    """The headers of every reply; all but the id are written once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0
        self._lines = b""

    def lines(self, request_id: str) -> bytes:
        """Return date, version, time and request id."""
        second = int(self._clock.now())
        if second != self._second:
            self._second = second
            timestamp = datetime.fromtimestamp(second, UTC)
            date = format_datetime(timestamp, usegmt=True)
            self._lines = (
                f"date: {date}\r\nx-venice-version: {__version__}\r\n"
                f"x-venice-timestamp: {timestamp:%Y-%m-%dT%H:%M:%S}.000Z\r\ncf-ray: "
            ).encode()
        return b"%b%b\r\n" % (self._lines, request_id.encode())


def lines_of(headers: Iterable[Header]) -> bytes:
    r"""Return headers as they are sent.

    >>> lines_of([(b"retry-after", b"1"), (b"allow", b"GET")])
    b'retry-after: 1\r\nallow: GET\r\n'
    """
    return b"".join([b"%b: %b\r\n" % header for header in headers])
