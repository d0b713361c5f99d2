"""Attempts: the engines of a route, each tried once, until one has begun to answer."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self, TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    InferenceFailedError,
)
from fondaco.ports import ChatEngine, Prompt
from fondaco.ports.incidents import Incident, report

_PassedOn: TypeAlias = InferenceFailedError | FieldNotTakenError
"""Why an engine left a call to the next one."""


class BrokenOffError(InferenceFailedError):
    """The engine failed after its first words, so that no other one can take over."""

    status = 502
    default = "The engine broke off its answer. What it delivered until then is charged."


class Failover:
    """One call's way through its engines: measured by one of them, answered by it or a later one."""

    __slots__ = ("_measured", "_plan", "_why", "engine", "ignored")

    def __init__(self, plan: tuple[ChatEngine, ...]) -> None:
        self._plan = plan
        """Those that are left, in their order."""
        self._measured: Prompt | None = None
        self._why: _PassedOn | None = None
        self.engine = ""
        """The name of the engine that answers, once it has begun."""
        self.ignored: tuple[str, ...] = ()
        """The fields of the request that mean nothing to that engine."""

    async def measure(self, request: ChatRequest) -> Prompt:
        """Return the prompt by the first engine that can measure it; those before it are out.

        Raises:
            EngineError, FieldNotTakenError: none can.
        """
        while self._plan:
            try:
                self._measured = await self._plan[0].measure(request)
            except (EngineError, FieldNotTakenError) as error:
                self.pass_on(request.model, error)
            else:
                return self._measured
        raise self._why or EngineUnavailableError

    def afresh(self) -> "Failover":
        """Return the way of another turn through the engines that are left."""
        return Failover(self._plan)

    def chat(self, request: ChatRequest) -> "Answer":
        """Return the answer of the first engine that begins one, to be entered."""
        return Answer(self, request)

    async def begin(self, request: ChatRequest) -> tuple[EventBatch, AsyncGenerator[EventBatch]]:
        """Return the first burst of the first engine that answers, and what follows it.

        Raises:
            EngineError, FieldNotTakenError: none began.
        """
        while self._plan:
            engine = self._plan[0]
            batches = engine.chat(request, self._measured)
            try:
                if not (first := await anext(batches, ())):
                    raise EngineError("The model's engine ended without an answer.")  # noqa: TRY301
            except (EngineError, FieldNotTakenError) as error:
                self.pass_on(request.model, error)
            else:
                self.engine = engine.name
                if request.options is not NO_OPTIONS:
                    self.ignored = engine.ignores(request)
                return first, batches
        raise self._why or EngineUnavailableError

    def pass_on(self, model: str, error: _PassedOn, told: _PassedOn | None = None) -> None:
        """Go on to the next engine, which has its own tokenizer.

        Of two failures the graver is told: a field is at fault only where every engine says so.

        Args:
            model: the id of the model.
            error: why.
            told: what the caller is told in its place, should nobody answer.
        """
        engine, self._plan = self._plan[0].name, self._plan[1:]
        if isinstance(error, InferenceFailedError):
            report(Incident.ENGINE_FAILED, reason=error.code, engine=engine, model=model)
        if self._plan:
            report(Incident.ENGINE_PASSED_OVER, reason=error.code, engine=engine, model=model)
        self._measured = None
        if self._why is None or isinstance(error, InferenceFailedError):
            self._why = told or error

    def end(self, model: str, error: _PassedOn) -> None:
        """End with the failure of the engine that answers: none can take over any more."""
        self._plan = self._plan[:1]
        self.pass_on(model, error)


class Answer:
    """The answer of one engine, as a context; once it has begun there is no fallback.

    The engine's own generator is read by whoever entered: one more in between would cost every
    burst a hundredth of what it costs in all.
    """

    __slots__ = ("_failover", "_request", "first", "rest")

    def __init__(self, failover: Failover, request: ChatRequest) -> None:
        self._failover = failover
        self._request = request
        self.first: EventBatch
        """What the engine said first."""
        self.rest: AsyncGenerator[EventBatch]

    async def __aenter__(self) -> Self:
        """Begin.

        Raises:
            EngineError, FieldNotTakenError: no engine did.
        """
        self.first, self.rest = await self._failover.begin(self._request)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the engine where it still runs.

        Raises:
            BrokenOffError: it failed, having begun.
        """
        await self.rest.aclose()
        if isinstance(error, InferenceFailedError | FieldNotTakenError):
            self._failover.end(self._request.model, error)
            if isinstance(error, EngineError | FieldNotTakenError) and not isinstance(
                error, EngineTimeoutError
            ):
                raise BrokenOffError from error
