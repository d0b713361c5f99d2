"""Several raw prompts, completed one after another by engines that take one at a time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

from fondaco.domain.chat.events import ChatEvent, EventBatch, PromptEcho, UsageReported
from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.money.usage import Report
from fondaco.ports import Prompt

Complete: TypeAlias = Callable[[ChatRequest, Prompt | None], AsyncGenerator[EventBatch]]
"""Completes a single prompt, as `ChatEngine.chat` does."""


async def one_by_one(
    request: ChatRequest, prompt: Prompt | None, complete: Complete
) -> AsyncGenerator[EventBatch]:
    """Yield the completions of all raw prompts, as one answer.

    If prompts are counted exactly, each one's count is reported with its first events, so that a caller
    who disconnects is not charged for prompts that never ran.
    """
    before = Report(0, 0, 0)
    for number, part in enumerate(request.of_each_prompt()):
        measured = prompt.parts[number] if prompt is not None and prompt.parts else None
        first, report = number * part.choices, Report()
        events: list[ChatEvent] = []
        if measured is not None and measured.exact:
            events.append(UsageReported(_sum(before, Report(measured.input_tokens, 0, 0))))
        async with aclosing(complete(part, measured)) as batches:
            async for batch in batches:
                for event in batch:
                    if isinstance(event, UsageReported):
                        report = event.report.over(report)
                        events.append(UsageReported(_sum(before, report)))
                    else:
                        events.append(replace(event, choice=first + event.choice))
                yield tuple(events)
                events.clear()
        before = _sum(before, report)


def _sum(one: Report, other: Report) -> Report:
    """Return the usage of two prompts; a part that either lacks is missing."""
    return Report(
        _plus(one.input_tokens, other.input_tokens),
        _plus(one.cached_input_tokens, other.cached_input_tokens),
        _plus(one.output_tokens, other.output_tokens),
        discarded=one.discarded or other.discarded,
    )


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def echoes(request: ChatRequest, raw: RawPrompts) -> EventBatch:
    """Return an echo for each choice of prompts that are texts, without log probabilities."""
    each = request.choices // len(raw.prompts)
    return tuple(
        PromptEcho(number * each + choice, prompt)
        for number, prompt in enumerate(raw.prompts)
        if isinstance(prompt, str)
        for choice in range(each)
    )
