"""Whole replies: gathered before any of them is told, so that another engine can still take over."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fondaco.domain.chat import Burst, Turn
from fondaco.domain.errors import EngineError, EngineTimeoutError, InferenceFailedError
from fondaco.serving.attempts import Attempts, BrokenOffError
from fondaco.serving.conformity import UnfitAnswerError
from fondaco.serving.delivery import Delivery
from fondaco.serving.tally import Tally


async def gathered(
    turn: Turn, attempts: Attempts, delivery: Delivery | None, tally: Tally
) -> list[Burst]:
    """Return the answer of the first engine that completes one which is what it was promised to be.

    Raises:
        InferenceFailedError, FieldNotTakenError: none did. Nobody has got anything of what they said,
            and the tally is at nothing.
    """
    while True:
        first, rest = await attempts.begin(turn)
        try:
            async with aclosing(rest):
                if delivery is None:
                    return await _taken(first, rest, tally)
                async with aclosing(delivery.deliver(first, rest, tally)) as delivered:
                    return [burst async for burst in delivered]
        except InferenceFailedError as error:
            attempts.pass_on(turn.model, error, _untold(error))
            tally.restart()
            delivery = None if delivery is None else delivery.afresh()


async def _taken(first: Burst, rest: AsyncGenerator[Burst], tally: Tally) -> list[Burst]:
    """Return the bursts of an answer up to where what was sold ends."""
    taken = [tally.take(first)]
    at_once = tally.over  # not narrowed: the loop asks again
    if not at_once:
        async for burst in rest:
            taken.append(tally.take(burst))
            if tally.over:
                break
    return taken


def _untold(error: InferenceFailedError) -> InferenceFailedError:
    """Return a failure as its caller is told of it, who has got nothing and pays nothing."""
    if isinstance(error, UnfitAnswerError):
        return UnfitAnswerError(error.what, charged=False)
    if isinstance(error, EngineError) and not isinstance(error, EngineTimeoutError):
        return BrokenOffError(
            "The engine broke off its answer. Nothing was charged; please try again."
        )
    return error
