"""The output pipeline: splits reasoning, validates output formats and tool calls, where a request needs it."""

from collections.abc import AsyncGenerator

from fondaco.domain.chat.events import EventBatch
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.output.reasoning import ReasoningFilter
from fondaco.serving.chat.output.tool_validation import ToolCallValidation
from fondaco.serving.chat.output.validation import OutputValidation


class OutputPipeline:
    """Post-processes the events of one call: parsed first, so that they are counted, then validated."""

    __slots__ = ("_calls", "_thinking", "_validation", "ignored")

    def __init__(
        self,
        ignored: tuple[str, ...] = (),
        *,
        thinking: ReasoningFilter | None = None,
        validation: OutputValidation | None = None,
        calls: ToolCallValidation | None = None,
    ) -> None:
        """Prepare.

        Args:
            ignored: the fields of the request that its model ignores.
            thinking: separates and places reasoning; None: it passes as the engine reports it.
            validation: validates the text against the output format; None: it has none.
            calls: validates function calls; None: there are none.
        """
        self._calls = calls
        self._validation = validation
        self.ignored = ignored
        self._thinking = thinking

    def restarted(self) -> "OutputPipeline":
        """Return the pipeline of another engine's answer to the same call."""
        return OutputPipeline(
            self.ignored,
            thinking=None if self._thinking is None else self._thinking.restarted(),
            validation=None if self._validation is None else self._validation.restarted(),
            calls=None if self._calls is None else self._calls.restarted(),
        )

    async def deliver(
        self, first: EventBatch, rest: AsyncGenerator[EventBatch], meter: TokenMeter
    ) -> AsyncGenerator[EventBatch]:
        """Yield the caller's events of an answer that has started, and count its output.

        It ends where what was sold does.

        Raises:
            InferenceFailedError: the answer is not what it was promised to be.
        """
        if shown := await self._take(first, meter):
            yield shown
        at_once = meter.cut_off  # a variable, so that mypy does not narrow the attribute
        if at_once:
            return
        async for batch in rest:
            if shown := await self._take(batch, meter):
                yield shown
            if meter.cut_off:
                break

    async def _take(self, batch: EventBatch, meter: TokenMeter) -> EventBatch:
        taken = meter.take(batch)
        parsed = self._parse(taken)
        if parsed is not taken:
            meter.reclassify(taken, parsed)
        return await self._validated(parsed)

    def _parse(self, batch: EventBatch) -> EventBatch:
        """Return the batch with reasoning separated from text."""
        return batch if self._thinking is None else self._thinking.parse(batch)

    async def _validated(self, batch: EventBatch) -> EventBatch:
        """Return the caller's part of a parsed batch; may be empty.

        Raises:
            InferenceFailedError: the answer is not what it was promised to be.
        """
        if self._validation is not None:
            await self._validation.expect(batch)
        if self._calls is not None:
            await self._calls.expect(batch)
        # The last step, since it may move reasoning into the text.
        return batch if self._thinking is None else self._thinking.to_output(batch)
