"""Failover of chat: one engine measures the prompt, it or a later one answers."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self, TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import EngineError, FieldNotTakenError, InferenceFailedError
from fondaco.ports import BegunAnswer, ChatEngine, Prompt, RelayingChatEngine, TextRelay
from fondaco.serving.read_on import ReadOn, next_batch
from fondaco.serving.routing.failover import Failover

Output: TypeAlias = tuple[EventBatch, AsyncGenerator[EventBatch]]
"""The first events of an engine's output, and the engine's own generator of the rest."""


class ChatFailover(Failover[ChatEngine]):
    """The failover of one chat request."""

    # `measure` and `start` repeat the loop of `first`: this saves a closure and two coroutines a request.

    relay: TextRelay | None = None
    begun: BegunAnswer | None = None
    """The first engine's answer, where it was asked for before `start`."""
    _prompt: Prompt | None = None
    _measured_by: ChatEngine | None = None
    ignored: tuple[str, ...] = ()
    """The request's fields that the engine that answers ignores."""

    async def measure(self, request: ChatRequest) -> Prompt:
        """Return the prompt as measured by the first engine that can.

        Raises:
            EngineError, FieldNotTakenError: none can.
        """
        while True:
            engine = self.engine
            try:
                prompt = await engine.measure(request)
            except (EngineError, FieldNotTakenError) as error:
                self.skip(error)
            else:
                self._prompt, self._measured_by = prompt, engine
                return prompt

    async def start(self, request: ChatRequest, read_on: ReadOn | None = None) -> Output:
        """Return the output of the first engine that starts one.

        Args:
            request: the chat request.
            read_on: reads replies that come in one piece, even once their caller has disconnected.

        Raises:
            EngineError, FieldNotTakenError: none did.
        """
        while True:
            if read_on is not None:
                read_on.leave()  # no engine starts to work for a caller who has gone
            engine = self.engine
            # Tokenizers differ between engines: reuse a prompt only with the engine that measured it.
            prompt = self._prompt if engine is self._measured_by else None
            events = self._asked(engine, request, prompt)
            try:
                limit_s = 0.0 if read_on is None else engine.read_on_s(request)
                if read_on is None or not limit_s:
                    first = await next_batch(events)
                else:
                    first = await read_on.read(next_batch(events), limit_s)
                if not first:
                    raise EngineError("The model's engine ended without a response.")  # noqa: TRY301
                if request.options is not NO_OPTIONS:
                    self.ignored = engine.ignores(request)
            except (EngineError, FieldNotTakenError) as error:
                self.skip(error)
            else:
                return first, events

    def _asked(
        self, engine: ChatEngine, request: ChatRequest, prompt: Prompt | None
    ) -> AsyncGenerator[EventBatch]:
        begun, self.begun = self.begun, None
        if begun is not None:
            return begun.events()
        if self.relay is not None and isinstance(engine, RelayingChatEngine):
            return engine.relayed(request, self.relay)
        return engine.chat(request, prompt)

    def answer(self, request: ChatRequest, relay: TextRelay | None = None) -> "Answer":
        """Return the answer of the first engine that starts one, as a context to be entered.

        Its text goes to `relay` where that is ready for it, and is not among the rest.
        """
        self.relay = relay
        return Answer(self, request)


class Answer:
    """The answer of one engine, as a context; once it has started, there is no failover.

    The engine's own generator is read directly: another one in between would add a hundredth to the
    cost of each batch.
    """

    __slots__ = ("_failover", "_request", "first", "rest")

    def __init__(self, failover: ChatFailover, request: ChatRequest) -> None:
        self._failover = failover
        self._request = request
        self.first: EventBatch
        """The first events."""
        self.rest: AsyncGenerator[EventBatch]
        """The engine's own generator of the rest."""

    async def __aenter__(self) -> Self:
        """Start.

        Raises:
            EngineError, FieldNotTakenError: no engine did.
        """
        self.first, self.rest = await self._failover.start(self._request)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the engine where it still runs.

        Raises:
            BrokenOffError: it failed after it had started.
        """
        await self.rest.aclose()
        if isinstance(error, InferenceFailedError | FieldNotTakenError):
            self._failover.end(error)
