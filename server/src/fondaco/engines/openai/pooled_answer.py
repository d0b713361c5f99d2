"""Answers that were asked for with no task waiting for them: read at once, or handed over to a task."""

from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus

from fondaco.clients.connection import PooledResponse
from fondaco.clients.pool import PooledExchange
from fondaco.clients.sse import DOCUMENT_LIMIT_BYTES
from fondaco.domain.chat.events import EventBatch
from fondaco.engines.openai.reply.reader import ReplyReader

_OK = HTTPStatus.OK.value
Resume = Callable[[PooledExchange], AsyncGenerator[EventBatch]]
"""Reads the answer of an exchange under way, as a task does."""


class PooledAnswer:
    """One non-streaming answer that is under way."""

    __slots__ = ("_batch", "_exchange", "_reader", "_response", "_resume")

    def __init__(self, exchange: PooledExchange, reader: ReplyReader, resume: Resume) -> None:
        """Prepare the answer of an exchange that was not sent yet; `reader` reads it."""
        self._exchange = exchange
        self._reader = reader
        self._resume = resume
        self._batch: EventBatch | None = None
        """Once the answer was read."""
        self._response: PooledResponse

    def send(self, settled: Callable[[], None]) -> None:
        """As `ports.BegunAnswer` says."""
        response = self._response = self._exchange.send()
        response.when_settled(settled)

    def forget(self) -> None:
        """As `ports.BegunAnswer` says."""
        self._response.when_settled(None)

    def batch(self) -> EventBatch:
        """As `ports.BegunAnswer` says; a refusal or failure is left to `events`."""
        response = self._response
        if response.failed or not response.complete or response.status != _OK:
            return ()
        body = response.received()
        if not body.startswith(b"{") or len(body) > DOCUMENT_LIMIT_BYTES:
            response.unread(body)
            return ()
        self._exchange.leave()
        self._batch = self._reader.read_last([body], done=True)
        return () if self._reader.failed else self._batch

    def events(self) -> AsyncGenerator[EventBatch]:
        """As `ports.BegunAnswer` says."""
        return self._resume(self._exchange) if self._batch is None else self._read(self._batch)

    async def _read(self, batch: EventBatch) -> AsyncGenerator[EventBatch]:
        """Yield what was read before."""
        if batch:
            yield batch
        self._reader.check()
