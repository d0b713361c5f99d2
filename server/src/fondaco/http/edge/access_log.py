"""The access log: one record a reply, if the operator wants it, and nothing of what was said."""

import logging

from fondaco.http.exchange.exchange import CALLER_GONE, Answer, Exchange
from fondaco.ports import Clock

log = logging.getLogger("fondaco.access")


class AccessLog:
    """Writes who asked for what in numbers: method, route, status, time, size, and two ids."""

    def __init__(self, answer: Answer, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock

    async def answer(self, exchange: Exchange) -> None:
        """Have an exchange answered, and write its record, however it ends."""
        began = self._clock.monotonic()
        sent_bytes = exchange.count_sent()
        try:
            await self._answer(exchange)
        finally:
            seconds = self._clock.monotonic() - began
            fields = {
                "method": exchange.method,
                "route": exchange.route,
                "status": exchange.status or CALLER_GONE,
                "ms": round(seconds * 1000, 1),
                "bytes": sent_bytes(),
                "request_id": exchange.id,
                "key_id": exchange.key_id,
            }
            told = {name: value for name, value in fields.items() if value != ""}
            log.info("access", extra={"fields": told})
