"""What a call's steps go through on demand: the best of several, a deadline, a prediction."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Reasoning,
    Text,
    TokenLogprob,
    UsageReported,
)
from fondaco.domain.errors import EngineTimeoutError
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import Report, Usage
from fondaco.serving.chat.best_of import best_of, chosen
from fondaco.serving.chat.call.events import CallEvent, CallFinished, CallStarted
from fondaco.serving.chat.deadline import within
from fondaco.serving.chat.prediction import predicted
from house import TOY

BEGAN = CallStarted(TOY, "first", Quota(1, 1, 1))
SETTLED = CallFinished(Usage(5, 0, 3))


async def steps(*some: CallEvent) -> AsyncGenerator[CallEvent]:
    for one in some:
        yield one


async def gathered(some: AsyncGenerator[CallEvent]) -> list[CallEvent]:
    return [one async for one in some]


def text(choice: int, said: str, *logprobs: float) -> Text:
    tokens = tuple(TokenLogprob("t", logprob, None) for logprob in logprobs)
    return Text(choice, said, len(tokens), tokens or None)


def told(batch: EventBatch) -> list[tuple[int, str]]:
    return [(event.choice, event.text) for event in batch if isinstance(event, Text)]


def test_the_best_has_the_highest_mean_not_the_highest_sum() -> None:
    events = [text(0, "short", -1.0), text(1, "long", -0.9, -0.9, -0.9)]
    assert told(chosen(events, 1)) == [(0, "long")]


def test_a_choice_without_log_probabilities_comes_last() -> None:
    assert told(chosen([text(0, "none"), text(1, "some", -9.0)], 2)) == [(0, "some"), (1, "none")]


def test_all_events_of_a_choice_go_with_it() -> None:
    events: list[ChatEvent] = [
        text(0, "a", -3.0),
        Reasoning(1, "hm"),
        text(1, "b", -1.0),
        Finish(0, "length"),
        Finish(1, "stop"),
        UsageReported(Report(3, None, 2)),
    ]
    batch = chosen(events, 1)
    assert batch == (Reasoning(0, "hm"), text(0, "b", -1.0), Finish(0, "stop"))


@given(
    st.lists(st.lists(st.floats(-20, 0), min_size=1, max_size=4), min_size=1, max_size=6),
    st.integers(1, 6),
)
def test_no_choice_that_is_left_out_is_better(weights: list[list[float]], keep: int) -> None:
    means = [sum(some) / len(some) for some in weights]
    events = [text(place, str(place), *some) for place, some in enumerate(weights)]
    kept = [means[int(said)] for _, said in told(chosen(events, keep))]
    assert kept == sorted(means, reverse=True)[:keep]


async def test_the_best_comes_in_one_burst_between_beginning_and_end() -> None:
    said: list[CallEvent] = [(text(0, "a", -2.0),), (text(1, "b", -1.0),), (text(1, "c", -1.0),)]
    found = await gathered(best_of(steps(BEGAN, *said, SETTLED), 1))
    assert found == [BEGAN, (text(0, "b", -1.0), text(0, "c", -1.0)), SETTLED]


async def test_what_comes_in_time_passes() -> None:
    passed = await gathered(within(steps(BEGAN, (), SETTLED), 60))
    assert passed == [BEGAN, (), SETTLED]


async def test_what_comes_too_late_is_cancelled_once_and_may_still_settle() -> None:
    cancelled: list[str] = []

    async def slow() -> AsyncGenerator[CallEvent]:
        yield BEGAN
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)  # as a settlement does
            cancelled.append("settled")
            raise

    call = within(slow(), 0.05)
    assert await anext(call) == BEGAN
    with pytest.raises(EngineTimeoutError, match=r"inference_timeout of 0\.05 s"):
        await anext(call)
    assert cancelled == ["settled"]


async def test_a_caller_that_stops_reading_closes_the_call() -> None:
    closed: list[bool] = []

    async def endless() -> AsyncGenerator[CallEvent]:
        try:
            while True:
                yield BEGAN
        finally:
            closed.append(True)

    wrapped = within(predicted(best_of(endless(), 1), "x"), 60)
    await anext(wrapped)
    await wrapped.aclose()
    assert closed == [True]


@pytest.mark.parametrize(
    ("ignored", "told_by_engine", "reported"),
    [((), 0, 0), (("prediction",), 0, 2), (("prediction",), 7, 7), ((), 7, 7)],
)
async def test_an_unused_prediction_is_rejected(
    ignored: tuple[str, ...], told_by_engine: int, reported: int
) -> None:
    began = replace(BEGAN, ignored=ignored)
    settled = CallFinished(Usage(rejected_prediction_tokens=told_by_engine))
    [*_, last] = await gathered(predicted(steps(began, settled), "12345678"))
    assert isinstance(last, CallFinished)
    assert last.usage.rejected_prediction_tokens == reported
