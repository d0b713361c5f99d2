"""The access log: one record a reply, if the operator wants it, and nothing of what was said."""

import logging

from fondaco.http.wire.connection_limits import Answer
from fondaco.http.wire.exchange import CALLER_GONE, Exchange, Line
from fondaco.ports import Clock

log = logging.getLogger("fondaco.access")


class CountingLine:
    """A connection that counts what is sent over it for one exchange."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.sent_bytes = 0

    @property
    def congested(self) -> bool:
        """As the connection says."""
        return self._line.congested

    def write(self, octets: bytes) -> None:
        """Send and count."""
        self.sent_bytes += len(octets)
        self._line.write(octets)

    def listen(self) -> None:
        """Read on."""
        self._line.listen()

    def answered(self) -> None:
        """Go on to the next request."""
        self._line.answered()

    async def drained(self) -> None:
        """Return once there is room for more of the reply."""
        await self._line.drained()

    def close(self) -> None:
        """Close, once everything has been sent."""
        self._line.close()

    def abort(self) -> None:
        """Close at once."""
        self._line.abort()


class AccessLog:
    """Writes who asked for what in numbers: method, route, status, time, size, and two ids."""

    def __init__(self, answer: Answer, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock

    async def answer(self, exchange: Exchange) -> None:
        """Have an exchange answered, and write its record, however it ends."""
        began = self._clock.monotonic()
        line = exchange.over(CountingLine)
        try:
            await self._answer(exchange)
        finally:
            seconds = self._clock.monotonic() - began
            fields = {
                "method": exchange.method,
                "route": exchange.route,
                "status": exchange.status or CALLER_GONE,
                "ms": round(seconds * 1000, 1),
                "bytes": line.sent_bytes,
                "request_id": exchange.id,
                "key_id": exchange.key_id,
            }
            told = {name: value for name, value in fields.items() if value != ""}
            log.info("access", extra={"fields": told})
