"""The access log: one record per response, without content; off unless the operator enables it."""

import logging
from collections.abc import Callable
from functools import partial

from fondaco.http.exchange.exchange import CALLER_GONE, Exchange, FastResponder, Responder
from fondaco.ports import Clock

log = logging.getLogger("fondaco.access")


class AccessLog:
    """Writes method, route, status, duration, size, request id and key id of each response."""

    def __init__(self, answer: Responder, fast_path: FastResponder, clock: Clock) -> None:
        self._answer = answer
        self._fast_path = fast_path
        self._clock = clock

    async def answer(self, exchange: Exchange) -> None:
        """Respond to an exchange, and write its record however it ends."""
        began = self._clock.monotonic()
        sent_bytes = exchange.count_sent()
        try:
            await self._answer(exchange)
        finally:
            self._record(exchange, began, sent_bytes)

    def answer_fast(self, exchange: Exchange) -> bool:
        """Begin to respond to an exchange without a task; its record is written once the exchange ends."""
        began = self._clock.monotonic()
        if not self._fast_path(exchange):
            return False
        # Nothing has been sent yet.
        exchange.at_end(partial(self._record, exchange, began, exchange.count_sent()))
        return True

    def _record(self, exchange: Exchange, began: float, sent_bytes: Callable[[], int]) -> None:
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
