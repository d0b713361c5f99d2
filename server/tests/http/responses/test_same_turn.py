"""One turn through chat completions and through responses: the same words, calls, usage and charge."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.strategies import DrawFn

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house
from response_reader import PATH, Json, called, chunk, folded, read

ABLE = replace(TOY, capabilities=Capabilities(function_calling=True, log_probs=True))
SCHEMA: Json = {"type": "object", "properties": {"of": {"type": "string"}}}
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
FUNCTION: Json = {"name": "age", "description": "The age.", "parameters": SCHEMA}


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    async with house(models=(ABLE,)) as one:
        yield one


@st.composite
def answers(draw: DrawFn) -> list[Json]:
    """Draw what an upstream says: text and calls in pieces, its usage, and its end."""
    chunks = [chunk(content=text) for text in draw(st.lists(WORDS, max_size=4))]
    calls = draw(st.integers(0, 2))
    for index in range(calls):
        arguments = orjson.dumps({"of": draw(WORDS)}).decode()
        cut = draw(st.integers(0, len(arguments)))
        chunks.append(chunk(tool_calls=[called(index, "age", arguments[:cut], f"c{index}")]))
        chunks.append(chunk(tool_calls=[called(index, arguments=arguments[cut:])]))
    chunks.append(chunk("tool_calls" if calls else draw(st.sampled_from(("stop", "length")))))
    given, made, cached = (draw(st.integers(1, 90)) for _ in range(3))
    details = {"prompt_tokens_details": {"cached_tokens": min(cached, given)}}
    usage = {"prompt_tokens": given, "completion_tokens": made, **details}
    return [*chunks, {"choices": [], "usage": usage}]


@st.composite
def turns(draw: DrawFn) -> tuple[Json, Json]:
    """Draw a conversation, as chat completions and as responses have it."""
    said, output, rules = draw(WORDS), draw(WORDS), draw(WORDS)
    arguments = orjson.dumps({"of": draw(WORDS)}).decode()
    call = {"id": "c0", "type": "function", "function": {"name": "age", "arguments": arguments}}
    messages: list[Json] = [{"role": "system", "content": rules}, {"role": "user", "content": said}]
    items: list[Json] = [{"role": "user", "content": [{"type": "input_text", "text": said}]}]
    if draw(st.booleans()):
        messages += [
            {"role": "assistant", "content": said, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c0", "content": output},
        ]
        items += [
            {"role": "assistant", "content": [{"type": "output_text", "text": said}]},
            {"type": "function_call", "call_id": "c0", "name": "age", "arguments": arguments},
            {"type": "function_call_output", "call_id": "c0", "output": output},
        ]
    limit, heat = draw(st.integers(91, 200)), draw(st.sampled_from((0.0, 0.5)))
    return (
        {
            "messages": messages,
            "tools": [{"type": "function", "function": FUNCTION}],
            "max_completion_tokens": limit,
            "temperature": heat,
        },
        {
            "instructions": rules,
            "input": items,
            "tools": [{"type": "function", **FUNCTION}],
            "max_output_tokens": limit,
            "temperature": heat,
        },
    )


def of_chat(reply: Json) -> Json:
    """Return what was said, called and counted."""
    message, usage = reply["choices"][0]["message"], reply["usage"]
    calls = [(one["id"], one["function"]) for one in message["tool_calls"]]
    return {
        "text": message["content"] or "",
        "calls": [(id_, one["name"], one["arguments"]) for id_, one in calls],
        "cut": reply["choices"][0]["finish_reason"] == "length",
        "usage": (usage["prompt_tokens"], usage["completion_tokens"]),
        "cached": usage["prompt_tokens_details"]["cached_tokens"],
    }


def of_response(reply: Json) -> Json:
    """Return the same of a response."""
    messages = [item for item in reply["output"] if item["type"] == "message"]
    calls = [item for item in reply["output"] if item["type"] == "function_call"]
    usage = reply["usage"]
    return {
        "text": "".join(part["text"] for one in messages for part in one["content"]),
        "calls": [(one["call_id"], one["name"], one["arguments"]) for one in calls],
        "cut": reply["status"] == "incomplete",
        "usage": (usage["input_tokens"], usage["output_tokens"]),
        "cached": usage["input_tokens_details"]["cached_tokens"],
    }


async def told(one: House, answer: list[Json], path: str, body: Json) -> tuple[bytes, Json, Any]:
    """Return the reply, what the engine was asked, and what it cost."""
    before = len(one.charges())
    one.fake.next(saying(*answer))
    reply = await one.client.post(path, json={"model": "toy", **body})
    assert reply.status_code == 200, reply.text
    charged = [(row.sku, row.units, row.amount) for row in one.charges()[before:]]
    return reply.content, one.fake.asked[-1].body, charged


@given(turns(), answers())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_both_say_call_count_and_cost_the_same(
    able: House, turn: tuple[Json, Json], answer: list[Json]
) -> None:
    chat, response = turn
    first, asked, charged = await told(able, answer, "/v1/chat/completions", chat)
    second, asked_again, charged_again = await told(able, answer, PATH, response)
    assert asked_again == asked
    assert charged_again == charged
    assert charged
    assert of_response(orjson.loads(second)) == of_chat(orjson.loads(first))
    third, asked_streaming, charged_streaming = await told(
        able, answer, PATH, {**response, "stream": True}
    )
    assert asked_streaming["messages"] == asked["messages"]
    assert charged_streaming == charged
    assert of_response(folded(read(third.decode()))) == of_chat(orjson.loads(first))
