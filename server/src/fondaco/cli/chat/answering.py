"""One answer: asked for, shown as it arrives, and kept as far as it came."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import anyio
import orjson

from fondaco.cli.chat.answer import Answer, AnswerPiece
from fondaco.cli.chat.charges import ModelPrice, Spent, answer_line
from fondaco.cli.chat.conversation import Dialogue
from fondaco.cli.chat.screen import Screen
from fondaco.cli.connecting.api import Api
from fondaco.cli.connecting.downloading import once_downloaded
from fondaco.cli.connecting.unwrapped import unwrapped
from fondaco.cli.exits import Exit, FailedError
from fondaco.clients.sse import EventParser
from fondaco.domain.errors import EngineError
from fondaco.system import SystemClock

_PATH = "/chat/completions"
_TICK_S = 1.0


@dataclass(slots=True)
class AnswerTiming:
    """The times of an answer's first and last piece."""

    first: float = 0.0
    last: float = 0.0

    def piece(self) -> None:
        """Note that a piece came."""
        self.last = SystemClock.monotonic()
        self.first = self.first or self.last


class Asker:
    """Asks the questions of a conversation, and shows the answers."""

    def __init__(self, api: Api, screen: Screen, conversation: Dialogue) -> None:
        """Prepare."""
        self._api = api
        self._screen = screen
        self._conversation = conversation
        self._prices: dict[str, ModelPrice | None] = {}
        self.spent = Spent()
        self.waiting: anyio.CancelScope | None = None
        """Stops the answer under way, if one is."""

    async def ask(self, *, show: bool = True) -> Answer:
        """Have the conversation answered, and add the answer to it.

        An answer that is stopped, or breaks off, is kept as far as it came.

        Raises:
            FailedError: the server refuses, or the answer broke off.
        """
        answer, timing = Answer(), AnswerTiming()
        try:
            with anyio.CancelScope() as self.waiting:
                await once_downloaded(
                    self._api,
                    self._conversation.model,
                    partial(self._answered, answer, timing, show=show),
                    quiet=self._screen.quiet,
                )
        finally:
            is_stopped = self.waiting is not None and self.waiting.cancel_called
            self.waiting = None
            self._conversation.answer(answer.text)
        if is_stopped:
            self._screen.note("Stopped.")
        else:
            await self._sum_up(answer, timing)
        return answer

    async def _answered(self, answer: Answer, timing: AnswerTiming, *, show: bool) -> None:
        try:
            with unwrapped():
                async with anyio.create_task_group() as tasks:
                    if show:
                        tasks.start_soon(self._show_wait, timing)
                    async with aclosing(self._pieces(answer)) as pieces:
                        async for piece in pieces:
                            timing.piece()
                            if show:
                                self._show(piece)
                    tasks.cancel_scope.cancel()
        finally:
            self._screen.end()

    async def _pieces(self, answer: Answer) -> AsyncGenerator[AnswerPiece]:
        """Yield what there is to show, as it arrives.

        Raises:
            FailedError: the server refuses, sends nonsense, or breaks off.
        """
        body = orjson.dumps(self._conversation.request())
        events = EventParser()
        async with self._api.sent("POST", _PATH, body) as response:
            while raw := await response.piece():
                for payload in _payloads(events, raw):
                    if piece := answer.take(payload):
                        yield piece
            for payload in () if events.finished else _payloads(events, b""):
                if piece := answer.take(payload):
                    yield piece
        if not answer.finish_reason and not (events.finished and answer.text):
            raise FailedError(
                f"{self._api.place} closed the stream before the answer was complete.",
                Exit.UNREACHABLE,
            )

    def _show(self, piece: AnswerPiece) -> None:
        if piece.reasoning:
            self._screen.reasoning(piece.reasoning)
        if piece.text:
            self._screen.text(piece.text)

    async def _show_wait(self, timing: AnswerTiming) -> None:
        seconds = 0
        while not timing.first:
            self._screen.wait(seconds)
            await anyio.sleep(_TICK_S)
            seconds += 1

    async def _sum_up(self, answer: Answer, timing: AnswerTiming) -> None:
        for number, source in enumerate(answer.sources):
            self._screen.note(f"[{number}] {source}")
        price = await self._price(answer.model) if self._api.charges and answer.tokens else None
        line = answer_line(answer, timing.last - timing.first, price, charged=self._api.charges)
        if answer.tokens is not None:
            self.spent.add(answer.tokens, price)
        if line:
            self._screen.note(line)

    async def _price(self, model: str) -> ModelPrice | None:
        """Return the price of a model, where the server tells it; asked for once."""
        if model not in self._prices:
            try:
                self._prices[model] = ModelPrice.of(await self._api.get(f"/models/{quote(model)}"))
            except FailedError:
                self._prices[model] = None  # not every API has this endpoint
        return self._prices[model]


def _payloads(events: EventParser, raw: bytes) -> list[bytes]:
    """Return the payloads that a piece of the body completes; an empty piece is its end.

    Raises:
        FailedError: an event is too large.
    """
    try:
        return events.feed(raw) if raw else events.end()
    except EngineError as error:
        raise FailedError("The server sent an event that is too large.") from error
