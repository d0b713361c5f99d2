"""Best of n: selects the choices with the highest log probability.

Source: POST /v4/beta/chat/completions, `best_of`.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.errors import InvalidModelError
from fondaco.serving.chat.pipeline import CallEvent


async def best_of(
    steps: AsyncGenerator[CallEvent], keep: int, model: str = ""
) -> AsyncGenerator[CallEvent]:
    """Yield the steps of a call with its best choices alone, as one batch; all of them are charged.

    The best have the highest mean log probability of a token; a choice without any comes last.

    Args:
        steps: of a request that asks for log probabilities.
        keep: how many choices are delivered; they are numbered anew, from the best on.
        model: as its caller names it.

    Raises:
        InvalidModelError: the model gives no log probabilities.
    """
    heard: list[ChatEvent] = []
    try:
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, tuple):
                    heard += step
                    continue
                if heard and (best := chosen(heard, keep)):
                    yield best
                    heard.clear()
                yield step
    except InvalidModelError as error:
        if "logprobs" not in error.faults:
            raise
        raise InvalidModelError(
            f"The model {model!r} gives no log probabilities, and best_of chooses by them. Leave it out.",
            faults={"best_of": ("Not supported by this model",)},
        ) from error


def chosen(events: Iterable[ChatEvent], keep: int) -> EventBatch:
    """Return the events of the `keep` best choices, numbered from the best on."""
    by_choice: dict[int, list[Text | Reasoning | Refusal | ToolPart | Opaque | Finish]] = {}
    for event in events:
        if not isinstance(event, UsageReported):
            by_choice.setdefault(event.choice, []).append(event)
    ranked = sorted(by_choice, key=lambda choice: -_mean(by_choice[choice]))
    return tuple(
        replace(event, choice=place)
        for place, choice in enumerate(ranked[:keep])
        for event in by_choice[choice]
    )


def _mean(events: Iterable[ChatEvent]) -> float:
    """Return the mean log probability of what was said."""
    weights = [
        token.logprob
        for event in events
        if isinstance(event, Text)
        for token in event.logprobs or ()
    ]
    return sum(weights) / len(weights) if weights else float("-inf")
