"""What an engine gives with an answer and wants back: through us to its caller, and back to it, untouched."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fake_upstream import Asked, Wire, saying
from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

Json = dict[str, Any]
DETAIL = {"type": "reasoning.encrypted", "id": "call_1", "data": "ZW5j+/==", "index": 0, "b": None}
SIGNED: Json = {
    "reasoning_details": [DETAIL],
    "thinking_blocks": [{"type": "redacted_thinking", "data": "x"}],
    "extra_content": {"google": {"thought_signature": "c2ln", "z": 1, "a": 2}},
    "provider_specific_fields": {"weights": [0.1, 1e-7, 9007199254740993]},
    "reasoning_opaque": "b3Bx",
}
CALL: Json = {
    "id": "c1",
    "type": "function",
    "function": {"name": "age", "arguments": "{}"},
    "extra_content": {"google": {"thought_signature": "c2ln"}},
    "provider_specific_fields": {"thought_signature": "c2ln"},
    "thought_signature": "c2ln",
}
CALLING = Capabilities(function_calling=True)
TOOLS: Json = {"tools": [{"type": "function", "function": {"name": "age"}}]}


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    async with house(models=(replace(TOY, capabilities=CALLING),)) as one:
        yield one


def chunk(reason: str | None = None, **delta: object) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def raw(*payloads: str) -> Any:
    """Return a script that streams these texts as they are."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        for payload in (*payloads, "[DONE]"):
            await wire.event(payload)
        await wire.end()
        return True

    return script


async def deltas(one: House, *chunks: Json, **fields: object) -> list[Json]:
    one.fake.next(saying(*chunks))
    async with one.streaming(**fields) as reply:
        text = (await reply.aread()).decode()
    events = [json.loads(e[6:]) for e in text.split("\n\n") if e.startswith("data: {")]
    return [choice["delta"] for event in events for choice in event["choices"]]


async def message(one: House, *chunks: Json, **fields: object) -> Json:
    one.fake.next(saying(*chunks))
    reply = await one.chat(**fields)
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()["choices"][0]["message"]
    return found


def ordered(value: object) -> str:
    """Return JSON in which the order of members counts."""
    return json.dumps(value)


@pytest.mark.parametrize("name", SIGNED)
async def test_what_an_engine_wants_back_reaches_the_caller_of_a_stream(
    able: House, name: str
) -> None:
    said = await deltas(able, chunk(**{name: SIGNED[name]}), chunk("stop", content="Yes."))
    assert [ordered(d[name]) for d in said if name in d] == [ordered(SIGNED[name])]


@pytest.mark.parametrize("name", SIGNED)
async def test_it_reaches_the_caller_of_a_whole_reply(able: House, name: str) -> None:
    said = await message(able, chunk("stop", content="Yes.", **{name: SIGNED[name]}))
    assert said["content"] == "Yes."
    assert ordered(said[name]) == ordered(SIGNED[name])


@pytest.mark.parametrize("stream", [False, True])
async def test_it_reaches_the_caller_with_the_call_that_it_is_part_of(
    able: House, *, stream: bool
) -> None:
    chunks = (chunk(tool_calls=[{"index": 0, **CALL}]), chunk("tool_calls"))
    if stream:
        calls = [d["tool_calls"] for d in await deltas(able, *chunks, **TOOLS) if "tool_calls" in d]
        assert calls == [[{"index": 0, **CALL}]]
    else:
        assert (await message(able, *chunks, **TOOLS))["tool_calls"] == [CALL]


async def test_it_may_come_after_its_call(able: House) -> None:
    call = {name: CALL[name] for name in ("id", "type", "function")}
    later = {"index": 0, "extra_content": CALL["extra_content"]}
    chunks = (
        chunk(tool_calls=[{"index": 0, **call}]),
        chunk(tool_calls=[later]),
        chunk("tool_calls"),
    )
    told = await message(able, *chunks, **TOOLS)
    assert told["tool_calls"] == [{**call, "extra_content": CALL["extra_content"]}]
    said = [d["tool_calls"][0] for d in await deltas(able, *chunks, **TOOLS) if "tool_calls" in d]
    assert said[1] == {**later, "function": {"arguments": ""}}


@pytest.mark.parametrize("stream", [False, True])
async def test_numbers_keep_their_spelling(able: House, *, stream: bool) -> None:
    spelled = '{"z":1.10,"a":123456789012345678901234567890,"e":1E2,"m":-0}'
    delta = f'{{"content":"Yes","extra_content":{spelled}}}'
    chunk = f'{{"choices":[{{"index":0,"delta":{delta},"finish_reason":"stop"}}]}}'
    able.fake.next(raw(chunk))
    reply = await able.chat(stream=stream)
    assert f'"extra_content":{spelled}' in reply.text


async def test_blocks_of_reasoning_in_pieces_become_whole_in_a_whole_reply(able: House) -> None:
    """A signature holds for the whole text: what is sent back in pieces is refused."""
    block = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    other = {"type": "reasoning.encrypted", "data": "x", "index": 1}
    said = await message(
        able,
        chunk(reasoning="Let", reasoning_details=[{**block, "text": "Let"}]),
        chunk(reasoning=" me.", reasoning_details=[{**block, "text": " me."}]),
        chunk(reasoning_details=[{**block, "signature": "c2ln"}]),
        chunk("stop", content="Yes.", reasoning_details=[other]),
    )
    assert said["reasoning_details"] == [{**block, "text": "Let me.", "signature": "c2ln"}, other]
    assert said["reasoning_content"] == "Let me."


async def test_what_is_null_or_empty_says_nothing(able: House) -> None:
    said = await deltas(
        able,
        chunk(content="Yes", reasoning_details=[], extra_content=None),
        chunk("stop", content="."),
    )
    assert all(d.keys() <= {"role", "content", "reasoning_content"} for d in said)


async def test_without_reasoning_only_its_signatures_are_returned() -> None:
    thinker = replace(TOY, reasoning=ReasoningProfile())
    async with house(models=(thinker,)) as one:
        said = await message(
            one,
            chunk("stop", content="Yes.", **SIGNED),
            venice_parameters={"strip_thinking_response": True},
        )
    assert said.keys().isdisjoint({"reasoning_details", "thinking_blocks"})
    assert said["extra_content"] == SIGNED["extra_content"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_has_so_much_of_it_and_no_more(*, stream: bool) -> None:
    block = {"type": "reasoning.encrypted", "data": "x" * 900_000}
    async with house() as one:
        for engine in (one.fake, one.second):
            engine.always(
                saying(*[chunk(reasoning_details=[block])] * 10, chunk("stop", content="Yes"))
            )
        reply = await one.chat(stream=stream)
    assert "INFERENCE_FAILED" in reply.text
    assert '"finish_reason":"stop"' not in reply.text


async def test_what_is_too_deep_to_come_back_is_left_out(able: House) -> None:
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    said = await message(able, chunk("stop", content="Yes.", extra_content={"a": deep}))
    assert "extra_content" not in said


@pytest.mark.parametrize("dialects", [("openai", "openai"), ("openrouter", "openrouter")])
async def test_an_engine_gets_back_what_it_gave(dialects: tuple[str, str]) -> None:
    async with house(models=(replace(TOY, capabilities=CALLING),), dialects=dialects) as one:
        answer = {"role": "assistant", "content": None, "tool_calls": [CALL], **SIGNED}
        result = {"role": "tool", "tool_call_id": "c1", "content": "7"}
        reply = await one.chat(messages=[{"role": "user", "content": "Hi"}, answer, result])
        assert reply.status_code == 200, reply.text
        got = one.fake.asked[-1].body["messages"][1]
    assert {n: ordered(got[n]) for n in SIGNED} == {n: ordered(v) for n, v in SIGNED.items()}
    assert got["tool_calls"] == [CALL]
    assert "x-fondaco-ignored-params" not in reply.headers


async def test_reasoning_goes_back_under_the_name_that_most_engines_know(able: House) -> None:
    for name in ("reasoning_content", "reasoning"):
        await able.chat(messages=[{"role": "assistant", "content": "Yes", name: "Hm."}])
        assert able.fake.asked[-1].body["messages"][0]["reasoning_content"] == "Hm."


async def test_an_engine_that_takes_none_of_it_gets_its_words_and_the_rest_is_named() -> None:
    async with house(
        models=(replace(TOY, capabilities=CALLING),), dialects=("vllm", "vllm")
    ) as one:
        answer = {"role": "assistant", "content": "Yes", "tool_calls": [CALL], **SIGNED}
        answer["reasoning_details"] = [{"type": "reasoning.text", "text": "Hm.", "signature": "s"}]
        reply = await one.chat(messages=[answer])
        got = one.fake.asked[-1].body["messages"][0]
    assert got["reasoning"] == "Hm."
    assert got.keys() == {"role", "content", "tool_calls", "reasoning"}
    assert got["tool_calls"][0].keys() == {"id", "type", "function"}
    named = reply.headers["x-fondaco-ignored-params"].split(", ")
    assert {f"messages.{name}" for name in SIGNED} <= set(named)
    assert "messages.tool_calls.extra_content" in named


async def test_a_refusal_is_what_the_model_said_to_an_engine_that_knows_no_refusals() -> None:
    async with house(
        models=(replace(TOY, capabilities=CALLING),), dialects=("vllm", "openai")
    ) as one:
        refused = {"role": "assistant", "content": None, "refusal": "I will not."}
        assert (await one.chat(messages=[refused])).status_code == 200
        assert one.fake.asked[-1].body["messages"][0] == {
            "role": "assistant",
            "content": "I will not.",
        }


async def test_thoughts_among_the_parts_of_an_answer_are_its_blocks(able: House) -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    parts = [thinking, {"type": "text", "text": "Yes."}]
    reply = await able.chat(messages=[{"role": "assistant", "content": parts}])
    assert reply.status_code == 200, reply.text
    got = able.fake.asked[-1].body["messages"][0]
    assert got["content"] == [{"type": "text", "text": "Yes."}]
    assert got["thinking_blocks"] == [thinking]
