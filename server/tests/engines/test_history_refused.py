"""Engines that refuse reasoning of earlier answers by its name: they are asked without it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from contracts.chat_engine import accumulator, counting
from fake_upstream import Asked, FakeUpstream, Wire, speak
from fondaco.clients.connect import connect
from fondaco.domain.chat.message import Message, Role, ToolUse
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.errors import FondacoError
from fondaco.engines.openai.engine import OpenAICompatible

GROQ = "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property '{}' is unsupported)]"
SIGNED = {"google": {"thought_signature": "s"}}


@dataclass
class Hands:
    """A clock that is set by hand."""

    at_s: float = 0.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


def refuses(name: str, status: int = 400) -> object:
    async def script(wire: Wire, asked: Asked) -> bool:
        if any(name in message or name in str(message) for message in asked.body["messages"]):
            await wire.whole(status, {"error": {"message": GROQ.format(name)}})
            return True
        return await speak(wire, asked)

    return script


def request(*, stream: bool = True, **more: object) -> ChatRequest:
    answer = Message(Role.ASSISTANT, "Yes", **more)  # type: ignore[arg-type]  # of messages
    return counting("counter", messages=(answer, Message(Role.USER, "And?")), stream=stream)


async def asked(fake: FakeUpstream, one: ChatRequest, **more: object) -> OpenAICompatible:
    upstream = connect(fake.base_url)
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, **more)  # type: ignore[arg-type]
    try:
        await accumulator(engine, one, None)
        await accumulator(engine, one, None)
    finally:
        await upstream.aclose()
    return engine


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("whole_as_stream", [True, False])
async def test_an_engine_that_knows_no_reasoning_is_asked_without_it(
    fake: FakeUpstream, status: int, *, whole_as_stream: bool
) -> None:
    fake.always(refuses("reasoning_content", status))  # type: ignore[arg-type]
    one = request(reasoning="Hm.", stream=False)
    await asked(fake, one, whole_as_stream=whole_as_stream)
    sent = ["reasoning_content" in request.body["messages"][0] for request in fake.asked]
    assert sent == [True, False, False], "the second call knows it already"


@pytest.mark.parametrize("whole_as_stream", [True, False])
async def test_one_connection_is_enough_to_ask_once_more(
    fake: FakeUpstream, *, whole_as_stream: bool
) -> None:
    fake.always(refuses("reasoning_content"))  # type: ignore[arg-type]
    one = request(reasoning="Hm.", stream=False)
    upstream = connect(fake.base_url, connections=1, connect_timeout_s=0.5)
    models = {"counter": "toy"}
    engine = OpenAICompatible("faker", upstream, models, whole_as_stream=whole_as_stream)
    try:
        await accumulator(engine, one, None)
    finally:
        await upstream.aclose()


async def test_what_it_is_not_given_back_is_named(fake: FakeUpstream) -> None:
    fake.always(refuses("extra_content"))  # type: ignore[arg-type]
    use = ToolUse("c1", "f", "{}", {"extra_content": SIGNED})
    one = request(tool_calls=(use,))
    hint = "messages.tool_calls.extra_content"
    one = counting("counter", messages=one.messages, options=ChatOptions(hints={hint: True}))
    engine = await asked(fake, one)
    assert engine.ignores(one) == (hint,)


async def test_it_is_tried_again_after_a_while(fake: FakeUpstream) -> None:
    fake.next(refuses("reasoning_content"))  # type: ignore[arg-type]
    hands = Hands()
    upstream = connect(fake.base_url)
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, monotonic=hands)
    one = request(reasoning="Hm.")
    await accumulator(engine, one, None)
    hands.at_s = 601.0
    await accumulator(engine, one, None)
    await upstream.aclose()
    assert "reasoning_content" in fake.asked[-1].body["messages"][0]


async def test_another_refusal_is_the_callers_to_know(fake: FakeUpstream) -> None:
    fake.always(refuses("Yes"))  # type: ignore[arg-type]
    with pytest.raises(FondacoError):
        await asked(fake, request(reasoning="Hm."))
    assert len(fake.asked) == 1


async def test_an_engine_that_refuses_all_the_same_is_not_asked_for_ever(
    fake: FakeUpstream,
) -> None:
    async def never(wire: Wire, request: Asked) -> bool:
        await wire.whole(400, {"error": {"message": "reasoning_content is missing"}})
        return True

    fake.always(never)
    with pytest.raises(FondacoError, match="reasoning_content is missing"):
        await asked(fake, request(reasoning="Hm."))
    assert len(fake.asked) == 2
