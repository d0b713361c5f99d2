"""The access log: one record per response, without content; off unless the operator enables it."""

import logging

from fondaco.http.exchange.exchange import CALLER_GONE, Exchange, Responder
from fondaco.ports import Clock

log = logging.getLogger("fondaco.access")


class AccessLog:
    """Writes method, route, status, duration, size, request id and key id of each response."""

    def __init__(self, answer: Responder, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock

    async def answer(self, exchange: Exchange) -> None:
        """Respond to an exchange, and write its record however it ends."""
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
            record = {name: value for name, value in fields.items() if value != ""}
            log.info("access", extra={"fields": record})
