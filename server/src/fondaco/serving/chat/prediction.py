"""Predicted outputs: accounting of a prediction where the engine does not use it.

Source: POST /v4/beta/chat/completions, `prediction`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from fondaco.domain.money.usage import Usage
from fondaco.serving.chat.call.events import CallEvent, CallFinished, CallStarted

_FIELD = "prediction"
_BYTES_A_TOKEN = 4
"""On average, where no tokenizer is at hand."""


async def predicted(steps: AsyncGenerator[CallEvent], prediction: str) -> AsyncGenerator[CallEvent]:
    """Yield the steps of a call whose usage tells that its prediction was rejected, if it was.

    An engine's own report counts; where one takes no predictions and none of its own counts came,
    their number is an estimate. They are not charged.
    """
    unused = False
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, CallStarted):
                unused = _FIELD in step.ignored
            elif isinstance(step, CallFinished) and unused:
                yield CallFinished(_rejected(step.usage, prediction))
                continue
            yield step


def _rejected(usage: Usage, prediction: str) -> Usage:
    if usage.rejected_prediction_tokens:
        return usage
    estimate = -(-len(prediction.encode()) // _BYTES_A_TOKEN)
    return replace(usage, rejected_prediction_tokens=estimate)
