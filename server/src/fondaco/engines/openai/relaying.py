"""Relaying: text that arrives is handed on where it arrives, while the engine's own generator waits."""

from fondaco.clients.connection import PooledResponse
from fondaco.clients.sse import EventParser
from fondaco.engines.openai.reply.reader import ReplyReader
from fondaco.ports import TextRelay


class Relaying:
    """Hands on the events of one streamed answer that differ from earlier ones in their text alone."""

    __slots__ = ("_defect", "_reader", "_relay", "_response", "_stopped")

    def __init__(self, response: PooledResponse, reader: ReplyReader, relay: TextRelay) -> None:
        """Prepare to relay; `wait` begins."""
        self._response = response
        self._reader = reader
        self._relay = relay
        self._defect: Exception | None = None
        self._stopped = False

    def wait(self, events: EventParser) -> None:
        """Relay from now on, as the generator waits for a piece, if the next one begins an event."""
        able = self._relay.ready and events.between_events
        self._response.relay_by(self._hand_on if able else None)

    def end(self) -> None:
        """Relay no more."""
        self._response.relay_by(None)

    def stopped(self) -> bool:
        """Whether the last text was too much for whoever takes it, so that the generator has to yield.

        Raises:
            Exception: a defect of whoever takes the text.
        """
        if self._defect is not None:
            raise self._defect
        stopped, self._stopped = self._stopped, False
        return stopped

    def _hand_on(self, piece: bytes) -> bool:
        """Hand on a piece that is one such event; return False, having done nothing, where it is not."""
        batch = self._reader.peek(piece)
        if not batch:
            return False
        try:
            going_on = self._relay.take(batch)
        except Exception as error:  # noqa: BLE001 - the generator raises it
            going_on, self._defect = False, error
        if not going_on:
            self._stopped = True
            self._response.relay_by(None)
            self._response.nudge()
        return True
