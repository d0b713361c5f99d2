"""Whole replies, gathered: engines that fail on the way, callers who go away, thoughts that are cut."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from fondaco.domain.chat.events import EventBatch, Finish, Reasoning, Text, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningField
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import (
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.money.usage import Report
from fondaco.ports import Prompt
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.output.reasoning import ReasoningFilter

TURN = ChatRequest("toy", (Message(Role.USER, "Count!"),), 8)


class Scripted:
    """An engine that says some words, and then fails, hangs or ends."""

    def __init__(self, name: str, *words: str, then: FondacoError | str = "stop") -> None:
        self.name = name
        self._words = words
        self._then = then
        self.hanging = asyncio.Event()
        self.closed = False

    async def measure(self, request: ChatRequest) -> Prompt:
        return Prompt(10)

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        try:
            for word in self._words:
                yield (Text(0, word),)
            if isinstance(self._then, FondacoError):
                raise self._then
            if self._then == "hang":
                self.hanging.set()
                await asyncio.Event().wait()
            yield (Finish(0, "stop"), UsageReported(Report(10, 0, len(self._words))))
        finally:
            self.closed = True

    def read_on_s(self, request: ChatRequest) -> float:
        return 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        return ()

    async def probe(self) -> None:
        return


def tally(most: int = 8) -> TokenMeter:
    return TokenMeter(Prompt(10), most)


def said(batches: Sequence[EventBatch]) -> str:
    return "".join(e.text for batch in batches for e in batch if isinstance(e, Text))


async def gather(
    *engines: Scripted,
    counted: TokenMeter | None = None,
    output_pipeline: OutputPipeline | None = None,
) -> list[EventBatch]:
    failover = ChatFailover(engines, "toy")
    return await buffered(
        TURN, failover, output_pipeline or OutputPipeline(), counted or tally(), lambda: False
    )


@pytest.mark.parametrize(
    "error", [EngineError(), EngineTimeoutError(), EngineUnavailableError(), EngineRefusedError()]
)
@pytest.mark.parametrize("words", [(), ("a",), ("a", "b", "c")])
async def test_the_next_engine_takes_over_from_nothing(
    words: tuple[str, ...], error: FondacoError
) -> None:
    first, second = Scripted("first", *words, then=error), Scripted("second", "x", "y")
    counted = tally()
    assert said(await gather(first, second, counted=counted)) == "xy"
    assert counted.usage.output_tokens == 2
    assert first.closed
    assert second.closed


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ((EngineError(), EngineError()), 502),
        ((EngineError(), EngineTimeoutError()), 504),
        ((EngineTimeoutError(), EngineUnavailableError()), 502),
        ((EngineError(), FieldNotTakenError("no")), 502),
    ],
)
async def test_if_all_engines_fail_the_last_grave_failure_is_raised_and_nothing_charged(
    errors: tuple[FondacoError, ...], status: int
) -> None:
    counted = tally()
    engines = [
        Scripted(
            str(number), *(() if isinstance(error, FieldNotTakenError) else ("a",)), then=error
        )
        for number, error in enumerate(errors)
    ]
    with pytest.raises(FondacoError) as raised:
        await gather(*engines, counted=counted)
    assert raised.value.status == status
    assert counted.usage.output_tokens == 0


async def test_a_request_that_is_at_fault_itself_is_not_tried_elsewhere() -> None:
    second = Scripted("second", "x")
    with pytest.raises(InvalidRequestError):
        await gather(Scripted("first", then=InvalidRequestError("no")), second)
    assert not second.closed


async def test_who_goes_away_during_the_second_try_has_had_what_that_produced() -> None:
    first = Scripted("first", "a", "b", "c", "d", then=EngineError())
    second, counted = Scripted("second", "x", "y", then="hang"), tally()
    task = asyncio.ensure_future(gather(first, second, counted=counted))
    await second.hanging.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert counted.usage.output_tokens == 2
    assert second.closed


async def test_an_engine_that_goes_on_is_closed_where_the_limit_is() -> None:
    engine, counted = Scripted("first", *"abcdefghijkl", then="hang"), tally(5)
    batches = await gather(engine, counted=counted)
    assert said(batches) == "abcde"
    assert batches[-1] == (Finish(0, "length"),)
    assert engine.closed
    assert not engine.hanging.is_set()


async def test_thoughts_within_tags_are_cut_where_the_limit_is_and_count_as_what_they_are() -> None:
    counted = tally(6)
    engine = Scripted("first", "<think>", "a", "b", "</think>", "c", "d", "e", "f", then="hang")
    way = OutputPipeline(thinking=ReasoningFilter(tags=True, shown=ReasoningField.FIELD))
    batches = await gather(engine, counted=counted, output_pipeline=way)
    assert said(batches) == "cd"
    thoughts = [e for batch in batches for e in batch if isinstance(e, Reasoning)]
    assert "".join(thought.text for thought in thoughts) == "ab"
    assert batches[-1] == (Finish(0, "length"),)
    assert (counted.usage.output_tokens, counted.usage.reasoning_tokens) == (6, 4)


async def test_reasoning_that_is_cut_off_is_returned_in_part() -> None:
    counted = tally(3)
    engine = Scripted("first", "<think>", "a", " b", " c", " d", then="hang")
    way = OutputPipeline(thinking=ReasoningFilter(tags=True, shown=ReasoningField.FIELD))
    batches = await gather(engine, counted=counted, output_pipeline=way)
    thoughts = [e for batch in batches for e in batch if isinstance(e, Reasoning)]
    assert "".join(thought.text for thought in thoughts) == "a b"
    assert (counted.usage.output_tokens, counted.usage.reasoning_tokens) == (3, 3)


async def test_another_engine_begins_with_thoughts_of_its_own() -> None:
    way = OutputPipeline(thinking=ReasoningFilter(tags=True, shown=ReasoningField.FIELD))
    first = Scripted("first", "<think>", "a", then=EngineError())
    second, counted = Scripted("second", "<think>", "z", "</think>", "x"), tally()
    batches = await gather(first, second, counted=counted, output_pipeline=way)
    assert said(batches) == "x"
    assert counted.usage.reasoning_tokens == 3
