"""Delivery: what stands between an engine's answer and its caller, where a call asks for more than words."""

from collections.abc import AsyncGenerator

from fondaco.domain.chat import Burst
from fondaco.serving.attempts import Answer
from fondaco.serving.conformity import Conformity
from fondaco.serving.tally import Tally
from fondaco.serving.thinking import Thinking
from fondaco.serving.tool_conformity import ToolConformity


class Delivery:
    """The way of one call's events: heard first, so that they are counted, then shown."""

    __slots__ = ("_calls", "_conformity", "_thinking", "ignored")

    def __init__(
        self,
        ignored: tuple[str, ...] = (),
        *,
        thinking: Thinking | None = None,
        conformity: Conformity | None = None,
        calls: ToolConformity | None = None,
    ) -> None:
        """Prepare.

        Args:
            ignored: names the fields of the request that mean nothing to its model.
            thinking: the way of its thoughts; None: as the engine tells them.
            conformity: what its text is held to; None: to nothing.
            calls: what its calls of functions are held to; likewise.
        """
        self._calls = calls
        self._conformity = conformity
        self.ignored = ignored
        self._thinking = thinking

    async def deliver(self, answer: Answer, tally: Tally) -> AsyncGenerator[Burst]:
        """Yield what the caller gets of an answer that has begun, and count what was heard of it.

        Raises:
            InferenceFailedError: the answer is not what it was promised to be.
        """
        if shown := await self._take(answer.first, tally):
            yield shown
        async for burst in answer.rest:
            if shown := await self._take(burst, tally):
                yield shown

    async def _take(self, burst: Burst, tally: Tally) -> Burst:
        heard = self._hear(burst)
        tally.add(heard)
        return await self._show(heard)

    def _hear(self, burst: Burst) -> Burst:
        """Return the burst as it is counted: thoughts are told apart from text."""
        return burst if self._thinking is None else self._thinking.hear(burst)

    async def _show(self, burst: Burst) -> Burst:
        """Return what the caller gets of a burst that was heard; perhaps nothing.

        Raises:
            InferenceFailedError: the answer is not what it was promised to be.
        """
        if self._conformity is not None:
            await self._conformity.expect(burst)
        if self._calls is not None:
            await self._calls.expect(burst)
        # Last of all, as it may put thoughts into the text.
        return burst if self._thinking is None else self._thinking.show(burst)
