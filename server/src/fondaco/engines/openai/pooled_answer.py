"""Answers that were asked for with no task waiting for them: read at once, or handed over to a task."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus

from fondaco.clients.connection import PooledResponse
from fondaco.clients.pool import PooledExchange
from fondaco.domain.chat.events import EventBatch
from fondaco.engines.openai.reply import plain_document

_OK = HTTPStatus.OK.value
Resume = Callable[[PooledExchange], AsyncGenerator[EventBatch]]
"""Reads the answer of an exchange under way, as a task does."""


class PooledAnswer:
    """One non-streaming answer that is under way."""

    __slots__ = ("_batch", "_exchange", "_late", "_response", "_resume")

    def __init__(self, exchange: PooledExchange, resume: Resume) -> None:
        """Prepare the answer of an exchange that was not sent yet."""
        self._exchange = exchange
        self._resume = resume
        self._batch: EventBatch = ()
        """Once the answer was read."""
        self._late: asyncio.Handle | None = None
        """Scheduled while no connection is idle."""
        self._response: PooledResponse | None = None

    def send(self, settled: Callable[[], None]) -> None:
        """As `ports.BegunAnswer` says."""
        if not self._send(settled):
            # Answers that have arrived in this round of the loop give their connections back.
            self._late = asyncio.get_running_loop().call_soon(self._send_late, settled)

    def forget(self) -> None:
        """As `ports.BegunAnswer` says."""
        if self._late is not None:
            self._late.cancel()
        if self._response is not None:
            self._response.when_settled(None)

    def batch(self) -> EventBatch:
        """As `ports.BegunAnswer` says; all but plain documents are left to `events`."""
        response = self._response
        if response is None or not response.complete or response.status != _OK:
            return ()
        batch = self._batch = plain_document.events_of(response.unread_body)
        if batch:
            self._exchange.leave()
        return batch

    def events(self) -> AsyncGenerator[EventBatch]:
        """As `ports.BegunAnswer` says."""
        return _yielding(self._batch) if self._batch else self._resume(self._exchange)

    def _send(self, settled: Callable[[], None]) -> bool:
        """Send the request over an idle connection; return whether there was one."""
        response = self._response = self._exchange.send()
        if response is None:
            return False
        response.when_settled(settled)
        return True

    def _send_late(self, settled: Callable[[], None]) -> None:
        """Send the request now, or leave it to a task, which may open a connection."""
        self._late = None
        if not self._send(settled):
            settled()


async def _yielding(batch: EventBatch) -> AsyncGenerator[EventBatch]:
    yield batch
