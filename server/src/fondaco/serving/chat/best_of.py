"""Best of n: selects the choices with the highest log probability.

Source: POST /v4/beta/chat/completions, `best_of`.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.errors import InvalidModelError
from fondaco.serving.chat.call.events import CallEvent

_ChoiceEvent: TypeAlias = Text | Reasoning | Refusal | ToolPart | Opaque | Finish | PromptEcho


async def best_of(
    steps: AsyncGenerator[CallEvent], keep: int, model: str = "", *, of: int = 0
) -> AsyncGenerator[CallEvent]:
    """Yield the steps of a call with its best choices alone, as one batch; all of them are charged.

    The best have the highest mean log probability of a token; a choice without any comes last.

    Args:
        steps: of a request that asks for log probabilities.
        keep: how many choices are delivered; they are renumbered, from the best on.
        model: as its caller names it.
        of: how many choices each raw prompt has, from which its best are taken; 0: all are compared.

    Raises:
        InvalidModelError: the model gives no log probabilities.
    """
    collected: list[ChatEvent] = []
    try:
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, tuple):
                    collected += step
                    continue
                if collected and (best := chosen(collected, keep, of)):
                    yield best
                    collected.clear()
                yield step
    except InvalidModelError as error:
        if "logprobs" not in error.faults:
            raise
        raise InvalidModelError(
            f"The model {model!r} returns no log probabilities, which best_of needs. Leave best_of out.",
            faults={"best_of": ("Not supported by this model",)},
        ) from error


def chosen(events: Iterable[ChatEvent], keep: int, of: int = 0) -> EventBatch:
    """Return the events of the `keep` best choices, numbered from the best on.

    They are the best of each group of `of` choices, in the order of the groups; 0: of all choices.
    """
    by_choice: dict[int, list[_ChoiceEvent]] = {}
    for event in events:
        if not isinstance(event, UsageReported):
            by_choice.setdefault(event.choice, []).append(event)
    groups: dict[int, list[int]] = {}
    for choice in sorted(by_choice, key=lambda choice: -_mean(by_choice[choice])):
        groups.setdefault(choice // of if of else 0, []).append(choice)
    return tuple(
        replace(event, choice=group * keep + place)
        for group, ranked in sorted(groups.items())
        for place, choice in enumerate(ranked[:keep])
        for event in by_choice[choice]
    )


def _mean(events: Iterable[ChatEvent]) -> float:
    """Return the mean log probability of the events' tokens."""
    weights = [
        token.logprob
        for event in events
        if isinstance(event, Text)
        for token in event.logprobs or ()
    ]
    return sum(weights) / len(weights) if weights else float("-inf")
