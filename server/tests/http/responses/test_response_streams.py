"""Streams of responses: every family of events, in its order, adding up to the body."""

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.strategies import DrawFn

from fake_upstream import cut_after, hanging, saying
from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house
from response_reader import PATH, Json, asked, called, chunk, events, folded, read, types, whole

ABLE = replace(TOY, capabilities=Capabilities(function_calling=True, log_probs=True))
THINKER = replace(ABLE, id="thinker", traits=(), reasoning=ReasoningProfile(tags=False))
TOOLS = [
    {"type": "function", "name": "age", "parameters": {"type": "object"}},
    {"type": "custom", "name": "shell"},
]


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    async with house(models=(ABLE, THINKER)) as one:
        yield one


def anonymous(response: Json) -> Json:
    """Return a response without what every call has of its own."""
    text = re.sub(r"[0-9a-f]{32}", "id", json.dumps(response))
    return {**json.loads(text), "created_at": 0}


async def test_text_is_streamed_in_the_order_that_openai_documents(able: House) -> None:
    stream = await events(able, chunk(content="Two"), chunk("stop", content=" lions."))
    assert types(stream) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert [one["delta"] for one in stream if "delta" in one] == ["Two", " lions."]
    assert folded(stream)["output"][0]["content"][0]["text"] == "Two lions."


async def test_reasoning_is_streamed_as_itself_and_not_as_a_summary(able: House) -> None:
    stream = await events(
        able,
        chunk(reasoning_content="Let me"),
        chunk(reasoning_content=" see."),
        chunk("stop", content="Yes."),
        model="thinker",
    )
    assert types(stream)[2:9] == [
        *("output_item.added", "content_part.added"),
        *("reasoning_text.delta", "reasoning_text.delta"),
        *("reasoning_text.done", "content_part.done", "output_item.done"),
    ]
    reasoning, message = folded(stream)["output"]
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "Let me see."}]
    assert reasoning["summary"] == []
    assert message["content"][0]["text"] == "Yes."


async def test_calls_of_functions_are_streamed_as_they_come(able: House) -> None:
    stream = await events(
        able,
        chunk(tool_calls=[called(0, "age", '{"of":', "c1")]),
        chunk(tool_calls=[called(0, arguments='"me"}')]),
        chunk("tool_calls"),
        tools=TOOLS,
    )
    assert types(stream)[2:-1] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    (call,) = folded(stream)["output"]
    assert call["id"].startswith("fc_")
    assert {name: call[name] for name in ("call_id", "name", "arguments", "status")} == {
        "call_id": "c1",
        "name": "age",
        "arguments": '{"of":"me"}',
        "status": "completed",
    }


async def test_a_custom_tool_is_called_with_text(able: House) -> None:
    stream = await events(
        able,
        chunk(tool_calls=[called(0, "shell", '{"input":"ls', "c1")]),
        chunk(tool_calls=[called(0, arguments=' \\"a\\""}')]),
        chunk("tool_calls"),
        tools=TOOLS,
    )
    assert types(stream)[2:-1] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    (call,) = folded(stream)["output"]
    assert (call["type"], call["name"], call["input"]) == ("custom_tool_call", "shell", 'ls "a"')


async def test_calls_that_an_engine_tells_in_turns_are_streamed_one_after_the_other(
    able: House,
) -> None:
    stream = await events(
        able,
        chunk(tool_calls=[called(0, "age", '{"of"', "c1"), called(1, "age", '{"of"', "c2")]),
        chunk(content="Well. "),
        chunk(tool_calls=[called(0, arguments=":1}"), called(1, arguments=":2}")]),
        chunk("tool_calls"),
        tools=TOOLS,
    )
    output = folded(stream)["output"]
    calls = [(one["call_id"], one["arguments"]) for one in output if "call_id" in one]
    assert calls == [("c1", '{"of":1}'), ("c2", '{"of":2}')]
    assert [one["content"][0]["text"] for one in output if "content" in one] == ["Well. "]


async def test_a_refusal_is_a_part_of_its_own(able: House) -> None:
    stream = await events(able, chunk(refusal="I "), chunk("stop", refusal="won't."))
    assert types(stream)[2:-1] == [
        *("output_item.added", "content_part.added", "refusal.delta", "refusal.delta"),
        *("refusal.done", "content_part.done", "output_item.done"),
    ]
    (message,) = folded(stream)["output"]
    assert message["content"] == [{"type": "refusal", "refusal": "I won't."}]


async def test_an_answer_that_was_cut_off_is_incomplete(able: House) -> None:
    stream = await events(able, max_output_tokens=2)
    last = folded(stream)
    assert last["status"] == "incomplete"
    assert last["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["output"][0]["status"] == "incomplete"


async def test_a_filtered_answer_is_incomplete(able: House) -> None:
    last = folded(await events(able, chunk(content="No"), chunk("content_filter")))
    assert last["incomplete_details"] == {"reason": "content_filter"}


async def test_an_empty_answer_is_an_empty_message(able: House) -> None:
    last = folded(await events(able, chunk("stop", content="")))
    assert [part["text"] for item in last["output"] for part in item["content"]] == [""]


async def test_log_probabilities_come_with_the_text(able: House) -> None:
    wanted = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    stream = await events(able, max_output_tokens=3, **wanted)
    deltas = [one for one in stream if one["type"] == "response.output_text.delta"]
    assert [len(one["logprobs"]) for one in deltas] == [1, 1, 1]
    (part,) = folded(stream)["output"][0]["content"]
    assert "".join(one["token"] for one in part["logprobs"]) == part["text"]
    assert {len(one["top_logprobs"]) for one in part["logprobs"]} == {2}


async def test_a_failure_in_the_middle_is_two_events_and_no_end(able: House) -> None:
    able.fake.next(cut_after(2))
    body = asked(stream=True)
    async with able.client.stream("POST", PATH, json=body) as reply:
        text = (await reply.aread()).decode()
    stream = read(text)
    assert types(stream)[-2:] == ["error", "failed"]
    error, failed = stream[-2:]
    assert error["message"] == error["error"]["message"] == failed["response"]["error"]["message"]
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["code"] == "server_error"


async def test_a_failure_before_anything_has_a_status_of_its_own(able: House) -> None:
    reply = await able.client.post(PATH, json=asked(stream=True, model="nobody"))
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "model_not_found"


async def test_a_failure_after_a_ping_is_an_event() -> None:
    async with house(ping_interval_s=0.05, first_byte_timeout_s=0.6) as one:
        for engine in (one.fake, one.second):
            engine.always(hanging())
        async with one.client.stream("POST", PATH, json=asked(stream=True)) as reply:
            text = (await reply.aread()).decode()
    assert ": ping" in text
    (error,) = read(text)
    assert error["type"] == "error"
    assert error["error"]["message"]


EVENTS = st.sampled_from(
    (
        chunk(reasoning_content="Hm."),
        chunk(content="One "),
        chunk(content="two %s. "),
        chunk(refusal="No."),
        chunk(content="é\u2028\U0001f600"),
        chunk(reasoning_details=[{"type": "reasoning.encrypted", "data": "x", "index": 0}]),
    )
)


@st.composite
def turns(draw: DrawFn) -> list[Json]:
    """Draw the chunks of an answer: text, reasoning, refusals, and pieces of calls in any order."""
    pieces = draw(st.lists(EVENTS, max_size=6))
    for index in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(("age", "shell")))
        arguments = draw(st.sampled_from(('{"input":"a\\nb"}', '{"of": 1}', "{}")))
        cut = draw(st.integers(0, len(arguments)))
        place = draw(st.integers(0, len(pieces)))
        after = draw(st.integers(place, len(pieces)))
        pieces.insert(after, chunk(tool_calls=[called(index, arguments=arguments[cut:])]))
        pieces.insert(place, chunk(tool_calls=[called(index, name, arguments[:cut], f"c{index}")]))
    reason = draw(st.sampled_from(("stop", "length")))
    return [*pieces, chunk(reason)]


@given(turns())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_body_is_what_its_stream_adds_up_to(able: House, turn: list[Json]) -> None:
    fields = {"tools": TOOLS, "model": "thinker"}
    able.fake.next(saying(*turn))
    stream = await able.client.post(PATH, json=asked(stream=True, **fields))
    assert stream.status_code == 200, stream.text
    body = await whole(able, *turn, **fields)
    assert anonymous(folded(read(stream.text))) == anonymous(body)
