"""One turn through every dialect: the same text, tool calls, usage and charge.

A dialect joins with a line in `DIALECTS`: how it asks for a turn, and how its response is read.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

Json = dict[str, Any]
SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}}


@dataclass(frozen=True)
class Turn:
    """A conversation, and what an engine says to it in pieces."""

    system: str
    turns: tuple[str, ...]
    """Of the user and the model, in turns; the first is the user's."""
    max_tokens: int
    temperature: float
    pieces: tuple[str, ...]
    calls: tuple[str, ...]
    """The arguments of tool calls."""
    prompt_tokens: int
    cached_tokens: int

    @property
    def messages(self) -> list[Json]:
        roles = ("user", "assistant")
        return [{"role": roles[n % 2], "content": said} for n, said in enumerate(self.turns)]

    @property
    def chunks(self) -> list[Json]:
        """What the engine streams."""
        calls = [
            {"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "f", "arguments": a}}]}
            for n, a in enumerate(self.calls)
        ]
        deltas = [*({"content": piece} for piece in self.pieces), *calls]
        details = {"prompt_tokens_details": {"cached_tokens": self.cached_tokens}}
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": len(deltas),
            **details,
        }
        reason = "tool_calls" if calls else "stop"
        return [
            *({"choices": [{"index": 0, "delta": delta}]} for delta in deltas),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {"choices": [], "usage": usage},
        ]


@dataclass(frozen=True)
class Outcome:
    """What a caller gets of a turn."""

    text: str
    calls: tuple[tuple[str, str, Json], ...]
    """Id, name and arguments of each tool call."""
    called: bool
    """Whether the turn ended for the calls."""
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Spoken:
    """How a dialect asks for a turn, and how its response is read."""

    path: str
    ask: Callable[[Turn], Json]
    read: Callable[[Json], Outcome]
    read_stream: Callable[[list[Json]], Outcome]


def ask_chat(turn: Turn) -> Json:
    function = {"name": "f", "parameters": SCHEMA}
    return {
        "model": "toy",
        "messages": [{"role": "system", "content": turn.system}, *turn.messages],
        "max_tokens": turn.max_tokens,
        "temperature": turn.temperature,
        "tools": [{"type": "function", "function": function}],
        "stream_options": {"include_usage": True},
    }


def read_chat(body: Json) -> Outcome:
    choice, usage = body["choices"][0], body["usage"]
    calls = [
        (one["id"], one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in choice["message"]["tool_calls"]
    ]
    return Outcome(
        choice["message"]["content"] or "",
        tuple(calls),
        choice["finish_reason"] == "tool_calls",
        usage["prompt_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
        usage["completion_tokens"],
    )


def read_chat_stream(events: list[Json]) -> Outcome:
    choices = [choice for event in events for choice in event["choices"]]
    calls: list[Json] = []
    for choice in choices:
        for piece in choice["delta"].get("tool_calls", ()):
            if "id" in piece:
                calls.append(piece)
            else:
                calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
    message = {
        "content": "".join(choice["delta"].get("content") or "" for choice in choices),
        "tool_calls": calls,
    }
    last = {"message": message, "finish_reason": choices[-1]["finish_reason"]}
    return read_chat({"choices": [last], "usage": events[-1]["usage"]})


def ask_messages(turn: Turn) -> Json:
    return {
        "model": "toy",
        "system": turn.system,
        "messages": turn.messages,
        "max_tokens": turn.max_tokens,
        "temperature": turn.temperature,
        "tools": [{"name": "f", "input_schema": SCHEMA}],
    }


def read_message(body: Json) -> Outcome:
    usage, blocks = body["usage"], body["content"]
    cached = usage["cache_read_input_tokens"]
    calls = [(one["id"], one["name"], one["input"]) for one in blocks if one["type"] == "tool_use"]
    return Outcome(
        "".join(one["text"] for one in blocks if one["type"] == "text"),
        tuple(calls),
        body["stop_reason"] == "tool_use",
        usage["input_tokens"] + cached,
        cached,
        usage["output_tokens"],
    )


def read_message_stream(events: list[Json]) -> Outcome:
    blocks: list[Json] = []
    for event in events:
        match event:
            case {"type": "content_block_start", "content_block": block}:
                blocks.append({**block, "said": ""})
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                blocks[index]["said"] += delta.get("text", "") + delta.get("partial_json", "")
            case {"type": "content_block_stop", "index": index}:
                said = blocks[index]["said"]
                is_call = blocks[index]["type"] == "tool_use"
                blocks[index] |= {"input": json.loads(said)} if is_call else {"text": said}
            case _:
                pass
    (last,) = (event for event in events if event["type"] == "message_delta")
    return read_message({"content": blocks, "usage": last["usage"], **last["delta"]})


DIALECTS: Mapping[str, Spoken] = {
    "chat": Spoken("/api/v1/chat/completions", ask_chat, read_chat, read_chat_stream),
    "messages": Spoken("/v1/messages", ask_messages, read_message, read_message_stream),
}
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
arguments = st.dictionaries(st.text("abc", max_size=3), texts | st.integers(-9, 9), max_size=3)
drawn = st.builds(
    Turn,
    system=texts,
    turns=st.lists(texts, min_size=1, max_size=5)
    .filter(lambda turns: len(turns) % 2 == 1)
    .map(tuple),
    max_tokens=st.integers(20, 4_000),
    temperature=st.sampled_from((0.0, 0.5, 1.0)),
    pieces=st.lists(texts, max_size=5).map(tuple),
    calls=st.lists(arguments.map(json.dumps), max_size=3).map(tuple),
    prompt_tokens=st.integers(10, 50),
    cached_tokens=st.integers(0, 10),
).filter(lambda turn: bool(turn.pieces or turn.calls))


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    models = (replace(TOY, capabilities=Capabilities(function_calling=True)),)
    async with house(models=models) as one:
        yield one


async def outcome(one: House, spoken: Spoken, turn: Turn, *, stream: bool) -> Outcome:
    one.fake.next(saying(*turn.chunks))
    body = {**spoken.ask(turn), "stream": stream}
    if not stream:
        body.pop("stream_options", None)
    reply = await one.client.post(spoken.path, json=body)
    assert reply.status_code == 200, reply.text
    return spoken.read_stream(events_of(reply)) if stream else spoken.read(reply.json())


def events_of(reply: httpx2.Response) -> list[Json]:
    lines = [line for line in reply.text.split("\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turn=drawn)
async def test_a_turn_is_the_same_in_every_dialect(able: House, turn: Turn) -> None:
    asked: list[Json] = []
    told: list[Outcome] = []
    charged: list[list[tuple[str, int, int]]] = []
    for spoken in DIALECTS.values():
        for stream in (False, True):
            before = len(able.charges())
            told.append(await outcome(able, spoken, turn, stream=stream))
            rows = able.charges()[before:]
            charged.append([(str(row.sku), row.units, row.amount) for row in rows])
            body = able.fake.asked[-1].body
            asked.append({name: body[name] for name in body.keys() - {"stream", "stream_options"}})
    assert all(one == asked[0] for one in asked)
    assert all(one == told[0] for one in told)
    assert all(one == charged[0] for one in charged)
    assert told[0].text == "".join(turn.pieces)
    assert told[0].prompt_tokens == turn.prompt_tokens
