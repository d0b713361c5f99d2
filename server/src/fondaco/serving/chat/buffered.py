"""Whole replies: gathered before any of them is told, so that another engine can still take over."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineError, EngineTimeoutError, InferenceFailedError
from fondaco.serving.billing.token_meter import Tally
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.output.validation import InvalidOutputError
from fondaco.serving.routing.failover import BrokenOffError, Failover


async def gathered(
    request: ChatRequest, failover: Failover, output_pipeline: OutputPipeline | None, tally: Tally
) -> list[EventBatch]:
    """Return the answer of the first engine that completes one which is what it was promised to be.

    Raises:
        InferenceFailedError, FieldNotTakenError: none did. Nobody has got anything of what they said,
            and the tally is at nothing.
    """
    while True:
        first, rest = await failover.begin(request)
        try:
            async with aclosing(rest):
                if output_pipeline is None:
                    return await _taken(first, rest, tally)
                async with aclosing(output_pipeline.deliver(first, rest, tally)) as delivered:
                    return [batch async for batch in delivered]
        except InferenceFailedError as error:
            failover.pass_on(request.model, error, _untold(error))
            tally.restart()
            output_pipeline = None if output_pipeline is None else output_pipeline.afresh()


async def _taken(
    first: EventBatch, rest: AsyncGenerator[EventBatch], tally: Tally
) -> list[EventBatch]:
    """Return the bursts of an answer up to where what was sold ends."""
    taken = [tally.take(first)]
    at_once = tally.over  # not narrowed: the loop asks again
    if not at_once:
        async for batch in rest:
            taken.append(tally.take(batch))
            if tally.over:
                break
    return taken


def _untold(error: InferenceFailedError) -> InferenceFailedError:
    """Return a failure as its caller is told of it, who has got nothing and pays nothing."""
    if isinstance(error, InvalidOutputError):
        return InvalidOutputError(error.what, charged=False)
    if isinstance(error, EngineError) and not isinstance(error, EngineTimeoutError):
        return BrokenOffError(
            "The engine broke off its answer. Nothing was charged; please try again."
        )
    return error
