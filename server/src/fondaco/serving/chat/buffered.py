"""Whole replies: buffered until they are complete, so that another engine can still take over."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
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
    with ReadOn(stopping) as read_on:
        while True:
            first, rest = await failover.start(request, read_on)
            limit_s = failover.engine.read_on_s(request) if _has_parts(request) else 0.0
            parts = read_on.each(rest, limit_s) if limit_s else rest
            try:
                return await _read(first, parts, rest, output_pipeline, meter)
            except InferenceFailedError as error:
                failover.skip(error, shown=_uncharged(error))
                meter.restart()
                output_pipeline = None if output_pipeline is None else output_pipeline.restarted()


def _has_parts(request: ChatRequest) -> bool:
    """Whether an engine may complete the prompts of a request one after the other."""
    raw = None if request.options is NO_OPTIONS else request.options.raw
    return raw is not None and len(raw.prompts) > 1


async def _read(
    first: EventBatch,
    parts: AsyncGenerator[EventBatch],
    rest: AsyncGenerator[EventBatch],
    output_pipeline: OutputPipeline | None,
    meter: TokenMeter,
) -> list[EventBatch]:
    """Return the output of one engine as far as its limit, and stop the engine, which yields `rest`.

    `parts` is the same, as it is read for a caller who may disconnect.
    """
    try:
        if output_pipeline is not None:
            async with aclosing(output_pipeline.deliver(first, parts, meter)) as delivered:
                return [batch async for batch in delivered]
        taken = [meter.take(first)]
        # A variable, so that mypy does not narrow the attribute for the loop.
        at_once = meter.cut_off
        if not at_once:
            async for batch in parts:
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
