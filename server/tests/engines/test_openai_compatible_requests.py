"""What the engine for OpenAI-compatible upstreams asks for and counts."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import anyio
import pytest

from contracts.chat_engine import Answer, accumulator, counting
from fake_upstream import FakeUpstream, refusing
from fondaco.clients.connect import connect
from fondaco.domain.chat.message import Message, Role, ToolUse
from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.domain.errors import EngineError, FieldNotTakenError
from fondaco.engines.openai.engine import OpenAICompatible
from hand_clock import HandClock


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(dialect="vllm", key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAICompatible]:
    upstream = connect(
        fake.base_url, key="k", connections=4, first_byte_timeout_s=0.3, total_timeout_s=0.6
    )
    yield OpenAICompatible("faker", upstream, {"counter": "toy"}, dialect="vllm")
    await upstream.aclose()


class Dialects:
    """Makes engines of other dialects at the same address."""

    def __init__(self, fake: FakeUpstream) -> None:
        self._fake = fake
        self._upstreams = AsyncExitStack()

    def __call__(self, dialect: str, *, whole_as_stream: bool = False) -> OpenAICompatible:
        upstream = connect(self._fake.base_url, key="k")
        self._upstreams.push_async_callback(upstream.aclose)
        models = {"counter": "toy"}
        return OpenAICompatible(
            "faker", upstream, models, dialect=dialect, whole_as_stream=whole_as_stream
        )

    async def aclose(self) -> None:
        await self._upstreams.aclose()


@pytest.fixture
async def speaking(fake: FakeUpstream) -> AsyncGenerator[Dialects]:
    dialects = Dialects(fake)
    yield dialects
    await dialects.aclose()


async def _ask(engine: OpenAICompatible, request: ChatRequest | None = None) -> Answer:
    with anyio.fail_after(10):
        return await accumulator(engine, request or counting("counter"), None)


# What it asks for.


async def test_a_turn_is_put_in_the_words_of_the_engine(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    request = ChatRequest(
        model="counter",
        messages=(
            Message(Role.SYSTEM, ("Be", "brief")),
            Message(Role.USER, "Add", name="ann"),
            Message(
                Role.ASSISTANT,
                None,
                tool_calls=(ToolUse("c1", "add", '{"a":1}'),),
                reasoning="It is a sum.",
            ),
            Message(Role.TOOL, "2", tool_call_id="c1"),
        ),
        max_output_tokens=5,
        sampling=Sampling(
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            min_p=0.1,
            frequency_penalty=0.2,
            presence_penalty=0.3,
            repetition_penalty=1.1,
            seed=3,
            stop=("x",),
            stop_token_ids=(7,),
        ),
        choices=2,
        top_logprobs=1,
        cache_scope="account-1",
    )
    await _ask(engine, request)
    assert fake.asked[0].headers["authorization"] == "Bearer k"
    assert fake.asked[0].body == {
        "model": "toy",
        "messages": [
            {
                "role": "system",
                "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}],
            },
            {"role": "user", "content": "Add", "name": "ann"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "add", "arguments": '{"a":1}'},
                    }
                ],
                "reasoning": "It is a sum.",
            },
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ],
        "max_completion_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.1,
        "frequency_penalty": 0.2,
        "presence_penalty": 0.3,
        "repetition_penalty": 1.1,
        "seed": 3,
        "stop": ["x"],
        "stop_token_ids": [7],
        "n": 2,
        "logprobs": True,
        "top_logprobs": 1,
        "cache_salt": "account-1",
    }


async def test_what_is_not_named_is_not_sent(engine: OpenAICompatible, fake: FakeUpstream) -> None:
    await _ask(engine, ChatRequest("counter", (Message(Role.USER, "Hi"),), 5))
    assert set(fake.asked[0].body) == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize(
    ("dialect", "sampling", "field"),
    [
        ("openai", Sampling(top_k=4), "top_k"),
        ("openai", Sampling(min_p=0.1), "min_p"),
        ("openai", Sampling(repetition_penalty=1.1), "repetition_penalty"),
        ("ollama", Sampling(stop_token_ids=(1,)), "stop_token_ids"),
        ("llama-server", Sampling(stop_token_ids=(1,)), "stop_token_ids"),
    ],
)
async def test_what_an_engine_does_not_take_is_refused_by_name(
    fake: FakeUpstream, speaking: Dialects, dialect: str, sampling: Sampling, field: str
) -> None:
    with pytest.raises(FieldNotTakenError, match=f"`{field}`.*'faker'") as refused:
        await _ask(speaking(dialect), counting("counter", sampling=sampling))
    assert field in refused.value.faults
    assert not fake.asked


async def test_several_choices_are_refused_where_the_engine_gives_one(
    fake: FakeUpstream, speaking: Dialects
) -> None:
    with pytest.raises(FieldNotTakenError, match="`n`"):
        await _ask(speaking("ollama"), counting("counter", choices=2))


async def test_a_scoped_call_reuses_no_cache_where_the_engine_cannot_part_scopes(
    fake: FakeUpstream,
    speaking: Dialects,
) -> None:
    engine = speaking("llama-server")
    await _ask(engine, counting("counter", cache_scope="account-1"))
    await _ask(engine, counting("counter"))
    assert fake.asked[0].body["cache_prompt"] is False
    assert "cache_prompt" not in fake.asked[1].body


@pytest.mark.parametrize(
    ("whole_as_stream", "choices", "streamed"),
    [(True, 1, True), (False, 1, False), (False, 2, True)],
)
async def test_a_whole_answer_is_asked_for_as_the_count_needs_it(
    fake: FakeUpstream, speaking: Dialects, *, whole_as_stream: bool, choices: int, streamed: bool
) -> None:
    engine = speaking("llama-server", whole_as_stream=whole_as_stream)
    await _ask(engine, counting("counter", stream=False, choices=choices))
    assert fake.asked[0].body.get("stream", False) is streamed


async def test_a_model_that_the_engine_lacks_is_not_asked_for(engine: OpenAICompatible) -> None:
    with pytest.raises(EngineError, match="'other'"):
        await _ask(engine, counting("other"))


async def test_an_engine_without_models_fails_its_probe(fake: FakeUpstream) -> None:
    with pytest.raises(EngineError, match="no models"):
        await OpenAICompatible("faker", connect(fake.base_url), {}).probe()


# What it counts.


async def test_vllm_counts_beside_the_path_of_its_api(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    assert (await engine.measure(counting("counter"))).exact
    assert fake.counted[0].path == "/tokenize"


async def test_an_engine_without_its_tokenizer_is_bounded_and_asked_again_after_a_while(
    fake: FakeUpstream,
) -> None:
    clock = HandClock()
    upstream = connect(fake.base_url, key="k")
    engine = OpenAICompatible(
        "faker", upstream, {"counter": "toy"}, dialect="vllm", monotonic=clock.monotonic
    )
    asked: list[int] = []
    for wait_s in (0, 59, 1, 119, 1, 239, 1):
        clock.at += wait_s
        fake.count_next.append(refusing(404))
        assert not (await engine.measure(counting("counter"))).exact
        asked.append(len(fake.counted))
        fake.count_next.clear()
    assert asked == [1, 1, 2, 2, 3, 3, 4]
    clock.at += 3600
    assert (await engine.measure(counting("counter"))).exact
    fake.count_next.append(refusing(404))
    await engine.measure(counting("counter"))
    clock.at += 60
    assert (await engine.measure(counting("counter"))).exact
    await upstream.aclose()


async def test_the_bound_needs_no_engine(fake: FakeUpstream) -> None:
    engine = OpenAICompatible("gone", connect("http://127.0.0.1:9/v1"), {"counter": "toy"})
    short = await engine.measure(ChatRequest("counter", (Message(Role.USER, "é"),), 5))
    long = await engine.measure(ChatRequest("counter", (Message(Role.USER, "é" * 1000),), 5))
    assert long.input_tokens - short.input_tokens == 1998
