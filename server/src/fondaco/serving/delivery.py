"""Delivery: what stands between an engine's answer and its caller, where a call asks for more than words."""

from collections.abc import AsyncGenerator

from fondaco.domain.chat import Burst
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

    def afresh(self) -> "Delivery":
        """Return the way of another engine's answer to the same call."""
        return Delivery(
            self.ignored,
            thinking=None if self._thinking is None else self._thinking.afresh(),
            conformity=None if self._conformity is None else self._conformity.afresh(),
            calls=None if self._calls is None else self._calls.afresh(),
        )

    async def deliver(
        self, first: Burst, rest: AsyncGenerator[Burst], tally: Tally
    ) -> AsyncGenerator[Burst]:
        """Yield what the caller gets of an answer that has begun, and count what was heard of it.

        It ends where what was sold does.

        Raises:
            InferenceFailedError: the answer is not what it was promised to be.
        """
        if shown := await self._take(first, tally):
            yield shown
        at_once = tally.over  # not narrowed: the loop asks again
        if at_once:
            return
        async for burst in rest:
            if shown := await self._take(burst, tally):
                yield shown
            if tally.over:
                break

    async def _take(self, burst: Burst, tally: Tally) -> Burst:
        taken = tally.take(burst)
        heard = self._hear(taken)
        if heard is not taken:
            tally.tell_apart(taken, heard)
        return await self._show(heard)

    def _hear(self, burst: Burst) -> Burst:
        """Return the burst with thoughts told apart from text."""
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
