"""Whole replies that come in one piece, whose caller disconnects before they are there."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from fondaco.domain.chat.events import EventBatch, Finish, Text, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.money.usage import Report
from fondaco.ports import Prompt
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.failover import ChatFailover

REQUEST = ChatRequest("toy", (Message(Role.USER, "Count!"),), 8)
REPLY: EventBatch = (Text(0, "one two"), Finish(0, "stop"), UsageReported(Report(10, 0, 3)))
THREE = ("one", "two", "three")
THREE_PROMPTS = ChatRequest(
    "toy", (), 8, choices=len(THREE), options=ChatOptions(raw=RawPrompts(THREE))
)
LONG_S, SHORT_S = 60.0, 0.05


class InOnePiece:
    """An engine that says nothing until it is told to, and then everything."""

    def __init__(self, name: str = "first", *, read_on_s: float = LONG_S) -> None:
        self.name = name
        self.asked = asyncio.Event()
        self.may_reply = asyncio.Event()
        self.closed = asyncio.Event()
        self.fails: Exception | None = None
        self._read_on_s = read_on_s

    async def measure(self, request: ChatRequest) -> Prompt:
        return Prompt(10)

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        try:
            self.asked.set()
            await self.may_reply.wait()
            if self.fails is not None:
                raise self.fails
            yield REPLY
        finally:
            self.closed.set()

    def read_on_s(self, request: ChatRequest) -> float:
        return self._read_on_s

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        return ()

    async def probe(self) -> None:
        return


class OneByOne(InOnePiece):
    """An engine that completes one prompt of a request after the other, each when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0

    async def begin(self, number: int) -> None:
        """Let it reply to all prompts before one, and see that this one has begun."""
        for _ in range(number - 1):
            await self.asked.wait()
            self.asked.clear()
            self.may_reply.set()
        await self.asked.wait()

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        try:
            for number in range(len(THREE)):
                self.begun += 1
                self.asked.set()
                await self.may_reply.wait()
                self.may_reply.clear()
                yield (Text(number, "one two", 2), Finish(number, "stop"))
        finally:
            self.closed.set()


class Caller:
    """A call's task, and what it has been charged for."""

    def __init__(self, *engines: InOnePiece, request: ChatRequest = REQUEST) -> None:
        self.meter = TokenMeter(Prompt(10), 8, request.choices)
        self.server_stops = False
        failover = ChatFailover(engines, "toy")
        reply = buffered(request, failover, None, self.meter, lambda: self.server_stops)
        self.task = asyncio.ensure_future(reply)

    async def disconnect(self) -> None:
        """Have the task cancelled, and see that it goes on for a moment."""
        self.task.cancel()
        await asyncio.sleep(0.01)

    async def ended(self) -> bool:
        """Wait for the task's end, and return whether it ended as cancelled."""
        await asyncio.wait((self.task,), timeout=5)
        assert self.task.done()
        return self.task.cancelled()

    @property
    def output_tokens(self) -> int:
        return self.meter.usage.output_tokens


async def test_a_reply_is_read_to_its_end_and_counted_before_the_cancellation_goes_on() -> None:
    engine = InOnePiece()
    caller = Caller(engine)
    await engine.asked.wait()
    await caller.disconnect()
    assert not caller.task.done()
    engine.may_reply.set()
    assert await caller.ended()
    assert caller.output_tokens == 3


async def test_a_reply_that_takes_longer_than_the_limit_is_left_uncounted() -> None:
    engine = InOnePiece(read_on_s=SHORT_S)
    caller = Caller(engine)
    await engine.asked.wait()
    await caller.disconnect()
    assert await caller.ended()
    assert engine.closed.is_set()
    assert caller.output_tokens == 0


async def test_a_server_that_stops_reads_nothing_on() -> None:
    engine = InOnePiece()
    caller = Caller(engine)
    await engine.asked.wait()
    caller.server_stops = True
    await caller.disconnect()
    assert await caller.ended()
    assert engine.closed.is_set()
    assert caller.output_tokens == 0


async def test_a_second_cancellation_ends_the_reading_at_once() -> None:
    engine = InOnePiece()
    caller = Caller(engine)
    await engine.asked.wait()
    await caller.disconnect()
    await caller.disconnect()
    assert await caller.ended()
    assert engine.closed.is_set()
    assert caller.output_tokens == 0


async def test_an_engine_that_fails_after_the_disconnect_is_not_replaced() -> None:
    first, second = InOnePiece("first"), InOnePiece("second")
    caller = Caller(first, second)
    await first.asked.wait()
    await caller.disconnect()
    first.fails = EngineError()
    first.may_reply.set()
    assert await caller.ended()
    assert not second.asked.is_set()
    assert caller.output_tokens == 0


@pytest.mark.parametrize("error", [EngineError(), InvalidRequestError("Too long.")])
async def test_a_failure_after_the_disconnect_does_not_undo_it(error: Exception) -> None:
    engine = InOnePiece()
    caller = Caller(engine)
    await engine.asked.wait()
    await caller.disconnect()
    engine.fails = error
    engine.may_reply.set()
    assert await caller.ended()
    assert caller.output_tokens == 0


@pytest.mark.parametrize("running", [1, 2])
async def test_of_several_prompts_the_running_one_is_read_to_its_end_and_none_begins(
    running: int,
) -> None:
    engine = OneByOne()
    caller = Caller(engine, request=THREE_PROMPTS)
    await engine.begin(running)
    await caller.disconnect()
    assert not caller.task.done()
    engine.may_reply.set()
    assert await caller.ended()
    assert engine.begun == running
    assert caller.output_tokens == 2 * running
    assert engine.closed.is_set()


async def test_an_engine_that_streams_is_stopped_at_once() -> None:
    engine = InOnePiece(read_on_s=0)
    caller = Caller(engine)
    await engine.asked.wait()
    await caller.disconnect()
    assert await caller.ended()
    assert engine.closed.is_set()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_caller_who_stays_gets_what_the_first_or_the_next_engine_replies(
    *, fails: bool
) -> None:
    first, second = InOnePiece("first"), InOnePiece("second")
    first.fails = EngineError() if fails else None
    first.may_reply.set()
    second.may_reply.set()
    caller = Caller(first, second)
    assert await caller.task == [REPLY]
    assert second.asked.is_set() is fails
    assert caller.output_tokens == 3
