"""Whole replies: buffered until they are complete, so that another engine can still take over."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineError, EngineTimeoutError, InferenceFailedError
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.output.validation import InvalidOutputError
from fondaco.serving.read_on import ReadOn
from fondaco.serving.routing.failover import BrokenOffError


async def buffered(
    request: ChatRequest,
    failover: ChatFailover,
    output_pipeline: OutputPipeline | None,
    meter: TokenMeter,
    stopping: Callable[[], bool],
) -> list[EventBatch]:
    """Return the output of the first engine that completes a valid one.

    A caller's disconnect stops an engine that streams; a reply that comes in one piece is read to its end,
    unless the server is `stopping`.

    Raises:
        InferenceFailedError, FieldNotTakenError: none did. The caller has got no output, and the meter
            is at nothing.
        CancelledError: the caller has disconnected. The meter has counted what is known of the output.
    """
    read_on = ReadOn(stopping)
    while True:
        first, rest = await failover.start(request, read_on)
        try:
            batches = await _read(first, rest, output_pipeline, meter)
        except InferenceFailedError as error:
            failover.skip(error, shown=_uncharged(error))
            meter.restart()
            output_pipeline = None if output_pipeline is None else output_pipeline.restarted()
        else:
            read_on.leave()
            return batches


async def _read(
    first: EventBatch,
    rest: AsyncGenerator[EventBatch],
    output_pipeline: OutputPipeline | None,
    meter: TokenMeter,
) -> list[EventBatch]:
    """Return the output of one engine as far as its limit, and stop the engine."""
    try:
        if output_pipeline is not None:
            async with aclosing(output_pipeline.deliver(first, rest, meter)) as delivered:
                return [batch async for batch in delivered]
        taken = [meter.take(first)]
        # A variable, so that mypy does not narrow the attribute for the loop.
        at_once = meter.cut_off
        if not at_once:
            async for batch in rest:
                taken.append(meter.take(batch))
                if meter.cut_off:
                    break
        return taken
    finally:  # faster than `aclosing`, which adds three calls
        await rest.aclose()


def _uncharged(error: InferenceFailedError) -> InferenceFailedError:
    """Return a failure as its caller sees it, who has got no output and pays nothing."""
    if isinstance(error, InvalidOutputError):
        return InvalidOutputError(error.what, charged=False)
    if isinstance(error, EngineError) and not isinstance(error, EngineTimeoutError):
        return BrokenOffError(
            "The engine ended its response early. Nothing was charged; please try again."
        )
    return error
