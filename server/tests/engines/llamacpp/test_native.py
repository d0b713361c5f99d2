"""The engine's dialect: what OpenAI's fields mean survives llama.cpp's habits."""

from dataclasses import replace

import orjson
import pytest

from contracts.chat_engine import accumulator, answer, counting
from fondaco.domain.chat.events import Finish, Text
from fondaco.domain.chat.message import PREFIX, Message, Role, ToolUse
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import EngineError
from fondaco.engines.llamacpp import native
from fondaco.engines.llamacpp.conversation import conversation
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.slot_table import SlotAssignment
from fondaco.ports import Prompt

GREEDY = Sampling(temperature=0.0, seed=7)


async def ids_of(engine: LlamaCpp, text: str) -> tuple[int, ...]:
    upstream = (await engine._running("")).upstream
    body = orjson.dumps({"content": text, "add_special": False, "parse_special": False})
    async with upstream.send("POST", "/tokenize", body) as reply:
        return tuple(orjson.loads(await reply.read(2**20))["tokens"])


async def raw(engine: LlamaCpp, text: str) -> Prompt:
    token_ids = await ids_of(engine, text)
    return Prompt(len(token_ids), token_ids=token_ids)


async def test_a_measured_prompt_counts_what_the_engine_itself_counts(engine: LlamaCpp) -> None:
    request = counting("smollm2-135m")
    measured = await engine.measure(request)
    upstream = (await engine._running("")).upstream
    body = conversation(request, tools=False)
    async with upstream.send("POST", "/v1/chat/completions/input_tokens", body) as reply:
        counted = orjson.loads(await reply.read(2**20))["input_tokens"]
    assert measured.input_tokens == counted


async def test_a_stop_token_ends_the_answer_and_is_not_part_of_it(engine: LlamaCpp) -> None:
    request = counting("smollm2-135m")
    full = await answer(engine, replace(request, top_logprobs=0))
    third = full.logprobs[2]
    (stop,) = await ids_of(engine, third.token)
    told = await answer(engine, replace(request, sampling=replace(GREEDY, stop_token_ids=(stop,))))
    first = next(n for n, token in enumerate(full.logprobs) if token.token == third.token)
    assert told.text == "".join(token.token for token in full.logprobs[:first])
    assert told.finishes == [(0, "stop")]
    assert told.usage is not None
    assert told.usage.output_tokens == first + 1


async def test_a_stop_token_gives_out_what_was_held_back_for_a_stop_string(
    engine: LlamaCpp,
) -> None:
    request = counting("smollm2-135m")
    full = await answer(engine, replace(request, top_logprobs=0))
    second, third = full.logprobs[1], full.logprobs[2]
    (stop_id,) = await ids_of(engine, third.token)
    never = second.token + third.token + "never"
    sampling = replace(GREEDY, stop=(never,), stop_token_ids=(stop_id,))
    told = await answer(engine, replace(request, sampling=sampling))
    assert told.text == full.logprobs[0].token + second.token


@pytest.mark.parametrize("temperature", [0.0, 1.5])
async def test_logprobs_name_each_token_though_its_text_was_held_back(
    engine: LlamaCpp, temperature: float
) -> None:
    request = counting("smollm2-135m", top_logprobs=0, sampling=Sampling(temperature, seed=3))
    free = await answer(engine, request)
    never = free.logprobs[1].token + free.logprobs[2].token + "never"
    held = await answer(engine, replace(request, sampling=replace(request.sampling, stop=(never,))))
    assert held.text == free.text
    assert [token.token for token in held.logprobs] == [token.token for token in free.logprobs]


async def test_characters_of_several_tokens_arrive_whole_and_are_counted(
    engine: LlamaCpp,
) -> None:
    request = ChatRequest("smollm2-135m", (), max_output_tokens=6, sampling=GREEDY)
    told = await accumulator(engine, request, await raw(engine, "🦊🐻🐼🦊🐻🐼🦊🐻🐼🦊🐻"))
    assert "\ufffd" not in told.text
    assert told.text
    assert told.tokens > len(told.text)
    assert told.usage is not None
    assert told.tokens <= told.usage.output_tokens == 6


async def test_a_choice_is_the_same_in_a_wave_and_with_its_own_seed(engine: LlamaCpp) -> None:
    sampling = Sampling(temperature=1.0, seed=20)
    several = await answer(
        engine, counting("smollm2-135m", choices=5, max_output_tokens=3, sampling=sampling)
    )
    last = await answer(
        engine,
        counting("smollm2-135m", max_output_tokens=3, sampling=replace(sampling, seed=24)),
    )
    assert several.texts[4] == last.text


def body_of(request: ChatRequest) -> dict[str, object]:
    seat = SlotAssignment(0, "a", warm=False)
    body = native.completion(request, (1, 2), seat, first=0, choices=1, context_tokens=512)
    parsed: dict[str, object] = orjson.loads(body)
    return parsed


def test_what_is_not_asked_for_changes_nothing() -> None:
    body = body_of(ChatRequest("m", (), max_output_tokens=1))
    assert body["temperature"] == body["top_p"] == body["repeat_penalty"] == 1.0
    assert body["top_k"] == body["min_p"] == 0
    assert body["frequency_penalty"] == body["presence_penalty"] == 0
    assert "seed" not in body


@pytest.mark.parametrize(
    ("low", "high", "middle", "half", "samplers"),
    [
        (0.5, 1.5, 1.0, 0.5, 5),
        (None, 1.5, 1.1, 0.4, 5),  # from the temperature up
        (0.5, None, 0.6, 0.1, 5),
        (0.9, None, 0.9, 0.0, 5),
        (0.0, 0.0, 0.0, 0.0, 2),
        (None, 0.0, 0.0, 0.0, 2),
    ],
)
def test_the_temperature_moves_between_its_ends(
    low: float | None, high: float | None, middle: float, half: float, samplers: int
) -> None:
    sampling = Sampling(temperature=0.7, min_temperature=low, max_temperature=high)
    body = body_of(ChatRequest("m", (), max_output_tokens=1, sampling=sampling))
    assert body["temperature"] == pytest.approx(middle)
    assert body["dynatemp_range"] == pytest.approx(half)
    assert body["dynatemp_exponent"] == 1
    assert len(body["samplers"]) == samplers  # type: ignore[arg-type]  # a list


async def drawn(engine: LlamaCpp, sampling: Sampling) -> set[str]:
    """Return what ten seeds make of one prompt."""
    turns = [
        counting(
            "smollm2-135m",
            max_output_tokens=5,
            sampling=replace(sampling, seed=seed),
            cache_scope="drawn",
        )
        for seed in range(10)
    ]
    return {(await answer(engine, request)).text for request in turns}


async def test_a_moving_temperature_draws_more_surely_than_its_higher_end(
    engine: LlamaCpp,
) -> None:
    wild = await drawn(engine, Sampling(temperature=2.0))
    dynamic_temperature = await drawn(engine, Sampling(min_temperature=0.0, max_temperature=2.0))
    assert 1 < len(dynamic_temperature) < len(wild)


async def test_temperatures_from_0_to_0_take_the_likeliest_token(engine: LlamaCpp) -> None:
    still = Sampling(temperature=0.0)
    nowhere = Sampling(temperature=2.0, min_temperature=0.0, max_temperature=0.0)
    assert await drawn(engine, nowhere) == await drawn(engine, still)


@pytest.mark.parametrize("seed", [-1, 0xFFFF_FFFF, 2**63])
def test_no_seed_means_any_seed(seed: int) -> None:
    sent = body_of(ChatRequest("m", (), max_output_tokens=1, sampling=Sampling(seed=seed)))["seed"]
    assert isinstance(sent, int)
    assert 0 <= sent < 0xFFFF_FF00


def test_all_top_tokens_are_allowed_by_a_negative_top_k() -> None:
    assert body_of(ChatRequest("m", (), 1, sampling=Sampling(top_k=-1)))["top_k"] == 0


CALLING = Message(Role.ASSISTANT, None, tool_calls=(ToolUse("1", "weather", '{"city": "Oslo"}'),))


def test_tool_calls_become_text_where_the_template_has_no_place_for_them() -> None:
    (said,) = orjson.loads(conversation(ChatRequest("m", (CALLING,), 1), tools=False))["messages"]
    assert said == {
        "role": "assistant",
        "content": '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
    }


def test_tool_calls_stay_tool_calls_where_the_template_knows_them() -> None:
    (said,) = orjson.loads(conversation(ChatRequest("m", (CALLING,), 1), tools=True))["messages"]
    assert said["tool_calls"][0]["function"] == {
        "name": "weather",
        "arguments": '{"city":"Oslo"}',
    }


async def test_the_model_reads_a_tool_call_of_its_own(engine: LlamaCpp) -> None:
    asked = Message(Role.USER, "How is the weather?")
    result = Message(Role.TOOL, "rain", tool_call_id="1")
    with_call = counting("smollm2-135m", messages=(asked, CALLING, result))
    without = counting("smollm2-135m", messages=(asked, replace(CALLING, tool_calls=()), result))
    longer = (await engine.measure(with_call)).input_tokens
    assert longer > (await engine.measure(without)).input_tokens + 5


@pytest.mark.parametrize("payload", [b'{"error":{"code":500,"message":"the prompt"}}', b"{"])
def test_a_failure_within_a_stream_is_an_engine_error_without_content(payload: bytes) -> None:
    with pytest.raises(EngineError) as failed:
        native.chunks([payload])
    assert "the prompt" not in str(failed.value)


@pytest.mark.parametrize("odd", [-1, 2**40, None, "many", 1.5, 1e30], ids=repr)
def test_counts_of_the_engine_that_cannot_be_are_counted_here(odd: object) -> None:
    answer = native.Answer(ChatRequest("m", (), 9), first=0, choices=1)
    chunk = {"index": 0, "content": "A", "stop": False, "tokens_predicted": odd}
    end = {**chunk, "content": "B", "stop": True, "stop_type": "eos", "timings/cache_n": odd}
    assert answer.read([chunk, end], {}) == (Text(0, "A", 1), Text(0, "B", 1), Finish(0, "stop"))
    assert (answer.output_tokens, answer.cached_tokens) == (2, 0)


@pytest.mark.parametrize("index", [-1, 1, None, "first"], ids=repr)
def test_an_engine_choice_that_was_not_requested_fails_the_call(index: object) -> None:
    answer = native.Answer(ChatRequest("m", (), 9), first=0, choices=1)
    with pytest.raises(EngineError, match="not requested"):
        answer.read([{"index": index, "content": "A", "stop": False, "tokens_predicted": 1}], {})


@pytest.mark.parametrize(
    "chunk",
    [
        {"index": 0},
        {"index": 0, "content": None, "stop": False},
        {"index": 0, "content": "A", "stop": True},
        {"index": 0, "content": "A", "stop": True, "stop_type": "eos", "timings": 7, "tokens": 7},
    ],
    ids=str,
)
def test_a_chunk_of_the_engine_that_cannot_be_read_fails_the_call(chunk: native.Chunk) -> None:
    request = ChatRequest("m", (), 9, sampling=Sampling(stop_token_ids=(2,)))
    answer = native.Answer(request, first=0, choices=1)
    with pytest.raises(EngineError, match="unreadable"):
        answer.read([chunk], {})


async def test_a_prefix_is_continued_word_for_word(engine: LlamaCpp) -> None:
    asked = counting("smollm2-135m")
    begun = Message(Role.ASSISTANT, "One, two,")
    request = replace(asked, messages=(*asked.messages, begun))
    continued = replace(request, options=ChatOptions(hints={PREFIX: True}))
    assert engine.ignores(continued) == ()
    rest = (await engine.measure(continued)).token_ids or ()
    before = (await engine.measure(asked)).token_ids or ()
    assert rest[: len(before)] == before
    assert rest[len(before) :] == await ids_of(engine, "One, two,")
