"""What streams and bodies say, held against the types that OpenAI and Anthropic publish with their clients.

Their clients read leniently, so a missing field shows only where a program asks for it; here nothing is
converted, and nothing may be missing.
"""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

Json = dict[str, Any]
HI = [{"role": "user", "content": "Hi"}]


def chunk(reason: str | None = None, **delta: object) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(index: int, arguments: str, name: str = "") -> Json:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return chunk(tool_calls=[{"index": index, "function": function}])


CITED = {
    "type": "url_citation",
    "url_citation": {"start_index": 0, "end_index": 1, "title": "A", "url": "https://a.example"},
}
ANSWERS: dict[str, list[Json]] = {
    "text": [chunk(content="A"), chunk(content="B"), chunk("stop")],
    "cut off": [chunk(content="A"), chunk("length")],
    "filtered": [chunk(content="A"), chunk("content_filter")],
    "a refusal": [chunk(refusal="No"), chunk("stop")],
    "nothing": [chunk("stop")],
    "reasoning": [chunk(reasoning_content="Hm"), chunk(content="B"), chunk("stop")],
    "encrypted": [
        chunk(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]),
        chunk(content="A"),
        chunk("stop"),
    ],
    "citations": [chunk(content="A", annotations=[CITED]), chunk("stop")],
    "calls": [
        *(chunk(content="A"), call(0, "", "a"), call(0, "{}"), call(1, '{"x":', "b")),
        *(call(1, "1}"), chunk("tool_calls")),
    ],
    "calls in turns": [
        *(call(0, '{"a":', "a"), call(1, '{"x":', "b"), call(0, "1}"), call(1, "1}")),
        chunk("tool_calls"),
    ],
    "half a call": [call(0, '{"a":', "a"), chunk("length")],
    "calls without arguments": [call(0, "", "a"), call(1, "", "b"), chunk("tool_calls")],
}
OBJECT = {"type": "object"}
FUNCTIONS = [
    {"type": "function", "function": {"name": name, "parameters": OBJECT}} for name in "ab"
]
ASKED: dict[str, Json] = {
    "/v1/chat/completions": {"messages": HI, "max_tokens": 50, "tools": FUNCTIONS},
    "/v1/messages": {
        "messages": HI,
        "max_tokens": 50,
        "tools": [{"name": name, "input_schema": OBJECT} for name in "ab"],
    },
    "/v1/responses": {
        "input": "Hi",
        "max_output_tokens": 50,
        "tools": [
            {"type": "function", "name": "a", "parameters": OBJECT},
            {"type": "custom", "name": "b"},
        ],
    },
}
TYPES: dict[str, tuple[TypeAdapter[Any], TypeAdapter[Any]]] = {
    "/v1/chat/completions": (TypeAdapter(ChatCompletion), TypeAdapter(ChatCompletionChunk)),
    "/v1/messages": (TypeAdapter(Message), TypeAdapter(RawMessageStreamEvent)),
    "/v1/responses": (TypeAdapter(Response), TypeAdapter(ResponseStreamEvent)),
}
"""Path -> the types of a body and of an event."""


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    models = (replace(TOY, capabilities=Capabilities(function_calling=True)),)
    async with house(models=models) as one:
        yield one


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("path", ASKED)
async def test_bodies_and_events_are_of_the_published_types(
    able: House, path: str, answer: str
) -> None:
    body, event = TYPES[path]
    asked = {"model": "toy", **ASKED[path]}
    able.fake.next(saying(*ANSWERS[answer]))
    body.validate_json((await able.client.post(path, json=asked)).text, strict=True)
    able.fake.next(saying(*ANSWERS[answer]))
    reply = await able.client.post(path, json={**asked, "stream": True})
    told = [line.removeprefix("data: ") for line in reply.text.split("\n") if "data: " in line]
    assert told
    for one in told:
        if one != "[DONE]":
            event.validate_json(one, strict=True)


async def test_so_are_raw_completions(able: House) -> None:
    asked = {"model": "toy", "prompt": ["A", "B"], "n": 2}
    reply = await able.client.post("/v1/completions", json=asked)
    Completion.model_validate_json(reply.text, strict=True)
    reply = await able.client.post("/v1/completions", json={**asked, "stream": True})
    for line in reply.text.split("\n"):
        if line.startswith("data: {"):
            told = json.loads(line.removeprefix("data: "))
            for choice in told["choices"]:
                choice["finish_reason"] = choice["finish_reason"] or "stop"  # null in a stream
            Completion.model_validate_json(json.dumps(told), strict=True)
