"""Attempts: the engines of a route, each tried once, until one has begun to answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeAlias

from fondaco.domain.chat import Burst, Turn
from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    InferenceFailedError,
)
from fondaco.ports import ChatEngine, Prompt

_PassedOn: TypeAlias = EngineError | FieldNotTakenError
"""Why an engine left a call to the next one."""


class BrokenOffError(InferenceFailedError):
    """The engine failed after its first words, so that no other one can take over."""

    default = "The engine broke off its answer. What it delivered until then is charged."


class Attempts:
    """One call's way through its engines: measured by one of them, answered by it or a later one."""

    __slots__ = ("_measured", "_plan", "_why", "engine")

    def __init__(self, plan: tuple[ChatEngine, ...]) -> None:
        self._plan = plan
        self._measured: Prompt | None = None
        self._why: _PassedOn | None = None
        self.engine = ""
        """The name of the engine that answers, once it has begun."""

    async def measure(self, turn: Turn) -> Prompt:
        """Return the prompt by the first engine that can measure it; those before it are out.

        Raises:
            EngineError, FieldNotTakenError: none can.
        """
        for index, engine in enumerate(self._plan):
            try:
                self._measured = await engine.measure(turn)
            except (EngineError, FieldNotTakenError) as error:
                self._pass_on(error)
            else:
                self._plan = self._plan[index:] if index else self._plan
                return self._measured
        raise self._why or EngineUnavailableError

    async def chat(self, turn: Turn) -> AsyncGenerator[Burst]:
        """Yield the bursts of the first engine that answers; no fallback once one has begun.

        Raises:
            EngineError, FieldNotTakenError: none began.
            BrokenOffError, EngineTimeoutError: one began and did not end.
        """
        for engine in self._plan:
            try:
                async with aclosing(engine.chat(turn, self._measured)) as bursts:
                    async for burst in bursts:
                        if not self.engine:
                            self.engine = engine.name
                        yield burst
            except (EngineError, FieldNotTakenError) as error:
                if not self.engine:
                    self._pass_on(error)
                elif isinstance(error, EngineTimeoutError):
                    raise
                else:
                    raise BrokenOffError from error
            else:
                return
        raise self._why or EngineUnavailableError

    def _pass_on(self, error: _PassedOn) -> None:
        """Go on to the next engine, which has its own tokenizer.

        Of two failures the graver is told: a field is at fault only where every engine says so.
        """
        self._measured = None
        if self._why is None or isinstance(error, EngineError):
            self._why = error
