"""POST /v1/messages with `stream: true`: the events, in their order."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import anyio
import pytest

from fake_upstream import cut_after, hanging, saying
from fondaco.domain.models.model import Capabilities
from fondaco.http.apis.anthropic.reply.schemas import MessageEvent
from house import TOY, House, house

Json = dict[str, Any]
URL = "/v1/messages"
TOOLS: list[Json] = [{"name": name, "input_schema": {"type": "object"}} for name in ("a", "b")]


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    models = (replace(TOY, capabilities=Capabilities(function_calling=True)),)
    async with house(models=models) as one:
        yield one


def chunk(reason: str | None = None, **delta: object) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(index: int, arguments: str, name: str = "") -> Json:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return chunk(tool_calls=[{"index": index, "function": function}])


def parsed(text: str) -> list[Json]:
    """Return the events of a stream, each of which has its type as its name."""
    events = []
    for written in text.removesuffix("\n\n").split("\n\n"):
        name, data = written.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        if event["type"] != "error":
            MessageEvent.model_validate(event)
        events.append(event)
    return events


async def events(one: House, *chunks: Json, **fields: object) -> list[Json]:
    if chunks:
        one.fake.next(saying(*chunks))
    said = [{"role": "user", "content": "Hi"}]
    body = {"model": "toy", "max_tokens": 50, "messages": said, "stream": True, **fields}
    reply = await one.client.post(URL, json=body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    return parsed(reply.text)


def outline(told: list[Json]) -> list[str]:
    """Return the order of events, with the index of blocks."""
    return [f"{one['type'].removeprefix('content_block_')} {one.get('index', '')}" for one in told]


async def test_a_text_is_one_block(able: House) -> None:
    told = await events(able, chunk(content="A"), chunk(content="B"), chunk("stop"))
    assert outline(told) == [
        "message_start ",
        *("start 0", "delta 0", "delta 0", "stop 0"),
        *("message_delta ", "message_stop "),
    ]
    assert [one["delta"]["text"] for one in told if "index" in one and "delta" in one] == ["A", "B"]


async def test_usage_is_estimated_at_the_start_and_told_at_the_end(able: House) -> None:
    told = await events(able, max_tokens=2)
    assert told[0]["message"]["usage"]["input_tokens"] > 0
    assert told[-2]["usage"]["input_tokens"] == 7
    assert told[-2]["usage"]["output_tokens"] == 2
    async with house(dialects=("vllm", "vllm")) as counting:
        told = await events(counting)
    assert told[0]["message"]["usage"]["input_tokens"] == 7


async def test_calls_are_blocks_of_their_own(able: House) -> None:
    told = await events(
        able,
        chunk(content="Now"),
        *(call(0, "{", "a"), call(0, "}"), call(1, "{}", "b")),
        chunk("tool_calls"),
        tools=TOOLS,
    )
    assert outline(told)[1:-2] == [
        *("start 0", "delta 0", "stop 0"),
        *("start 1", "delta 1", "delta 1", "stop 1"),
        *("start 2", "delta 2", "stop 2"),
    ]
    assert told[-2]["delta"]["stop_reason"] == "tool_use"


async def test_a_call_may_go_on_after_the_next_one_has_begun(able: House) -> None:
    told = await events(
        able,
        *(call(0, '{"x":', "a"), call(1, "{}", "b"), call(0, "1}")),
        chunk("tool_calls"),
        tools=TOOLS,
    )
    assert outline(told)[1:-2] == [
        *("start 0", "delta 0", "start 1", "delta 1", "delta 0"),
        *("stop 0", "stop 1"),
    ]


async def test_thinking_ends_where_text_begins(able: House) -> None:
    signed = [{"type": "thinking", "thinking": "", "signature": "c2ln"}]
    told = await events(
        able,
        chunk(reasoning_content="Hm"),
        chunk(thinking_blocks=signed),
        chunk("stop", content="Yes"),
    )
    assert outline(told)[1:-2] == [
        *("start 0", "delta 0", "delta 0", "stop 0"),
        *("start 1", "delta 1", "stop 1"),
    ]
    assert told[2]["delta"] == {"type": "thinking_delta", "thinking": "Hm"}
    assert told[3]["delta"] == {"type": "signature_delta", "signature": "c2ln"}


async def test_thinking_that_is_told_in_blocks_alone_is_shown(able: House) -> None:
    block = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "eA=="}
    told = await events(able, chunk(thinking_blocks=[block, hidden]), chunk("stop", content="Yes"))
    assert [one["delta"] for one in told if one.get("index") == 0 and "delta" in one] == [
        {"type": "thinking_delta", "thinking": "Hm"},
        {"type": "signature_delta", "signature": "c2ln"},
    ]
    assert told[5]["content_block"] == hidden


async def test_an_error_is_the_last_event(able: House) -> None:
    able.fake.next(cut_after(2))
    told = await events(able)
    assert told[-1]["error"]["type"] == "api_error"
    assert told[-1]["request_id"].startswith("req_")
    assert "message_stop " not in outline(told)


async def test_an_error_before_the_first_event_has_its_status(able: House) -> None:
    body = {"model": "none", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    reply = await able.client.post(URL, json={**body, "stream": True})
    assert reply.status_code == 404
    assert reply.json()["error"]["type"] == "not_found_error"


async def test_silence_is_broken_by_pings() -> None:
    body = {"model": "toy", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    async with house(ping_interval_s=0.1) as one:
        one.fake.next(hanging(after=1))
        with anyio.fail_after(10):
            async with one.client.stream("POST", URL, json={**body, "stream": True}) as reply:
                lines = []
                async for line in reply.aiter_lines():
                    lines.append(line)
                    if len(lines) > 1 and lines[-2] == "event: ping":
                        break
    assert json.loads(lines[-1].removeprefix("data: ")) == {"type": "ping"}
