"""Answers of six kinds of engines, byte for byte as they send them, whole and streamed.

`golden/` has two answers of each: words, with thoughts where the engine tells them, and calls of
functions; each as a stream (`.sse`) and as a whole reply (`.json`). `expected.json` says what a
caller gets. `deepseek` leaves thoughts in tags, `counting` counts in every chunk.
"""

import json
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_upstream import Asked, Script, Wire
from fondaco.domain.chat.reasoning import ReasoningProfile
from house import TOY, House, house
from spoken import DIALECTS, Turn, outcome

FOLDER = Path(__file__).parent / "golden"
EXPECTED: Mapping[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
ENGINES = sorted({name.rpartition("-")[0] for name in EXPECTED})
TAGGED = {"deepseek", "counting"}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {field: {"type": "string"}}},
        },
    }
    for name, field in (("get_weather", "location"), ("get_time", "zone"))
]


def streamed(raw: bytes, *, most: int, seed: int = 0) -> Script:
    """Send an answer as a stream, in pieces of at most so many bytes."""
    lengths = random.Random(seed)  # noqa: S311 - no secret

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        at = 0
        while at < len(raw):
            length = lengths.randint(1, most)
            await wire.chunk(raw[at : at + length])
            at += length
        await wire.end()
        return True

    return script


def as_asked(name: str) -> Script:
    """Send an answer as a stream or as one body, whichever is asked for."""
    body = json.loads((FOLDER / f"{name}.json").read_bytes())

    async def script(wire: Wire, asked: Asked) -> bool:
        if asked.body.get("stream"):
            return await streamed(golden(name), most=4096)(wire, asked)
        await wire.whole(200, body)
        return True

    return script


@asynccontextmanager
async def answering(name: str, *, whole_as_stream: bool = True) -> AsyncGenerator[House]:
    tagged = name.rpartition("-")[0] in TAGGED
    model = replace(
        TOY,
        capabilities=replace(TOY.capabilities, function_calling=True, reasoning=tagged),
        reasoning=ReasoningProfile() if tagged else None,
    )
    dialect = EXPECTED[name]["dialect"]
    async with house(
        models=(model,), dialects=(dialect, "openai"), whole_as_stream=whole_as_stream
    ) as one:
        yield one


async def told(one: House, name: str) -> dict[str, Any]:
    """Ask for a whole reply and return what it says, as `expected.json` words it."""
    reply = await one.chat(**asked(name))
    assert reply.status_code == 200, reply.text
    body = reply.json()
    choice = body["choices"][0]
    return said(choice["message"], choice["finish_reason"], body["usage"])


async def read_along(one: House, name: str) -> dict[str, Any]:
    """Ask for a stream and return what it says, put together as clients do."""
    message: dict[str, Any] = {"content": "", "reasoning_content": "", "tool_calls": []}
    reason, usage, done = None, None, False
    async with one.streaming(**asked(name), stream_options={"include_usage": True}) as stream:
        async for line in stream.aiter_lines():
            done = done or line == "data: [DONE]"
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                reason = choice["finish_reason"] or reason
                add(choice["delta"], message)
    assert done
    message["reasoning_content"] = message["reasoning_content"] or None
    message["content"] = message["content"] or (None if message["tool_calls"] else "")
    return said(message, reason, usage)


def add(delta: dict[str, Any], message: dict[str, Any]) -> None:
    assert "reasoning_content" in delta
    message["content"] += delta.get("content") or ""
    message["reasoning_content"] += delta["reasoning_content"] or ""
    for part in delta.get("tool_calls", ()):
        if part["index"] == len(message["tool_calls"]):
            assert part["type"] == "function"
            message["tool_calls"].append({"id": part["id"], "function": {**part["function"]}})
        else:
            call = message["tool_calls"][part["index"]]
            call["function"]["arguments"] += part["function"]["arguments"]


def asked(name: str) -> dict[str, object]:
    return {"tools": TOOLS} if name.endswith("-tools") else {}


def said(message: dict[str, Any], reason: str | None, usage: Any) -> dict[str, Any]:
    calls = message["tool_calls"]
    assert len({call["id"] for call in calls if call["id"]}) == len(calls)
    return {
        "content": message["content"],
        "reasoning_content": message["reasoning_content"],
        "tool_calls": [call["function"] for call in calls],
        "finish_reason": reason,
        "usage": {
            "prompt_tokens": usage["prompt_tokens"],
            "completion_tokens": usage["completion_tokens"],
            "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"],
            "cached_tokens": usage["prompt_tokens_details"]["cached_tokens"],
        },
    }


def expected(name: str) -> dict[str, Any]:
    return {field: deepcopy(value) for field, value in EXPECTED[name].items() if field != "dialect"}


def golden(name: str) -> bytes:
    return (FOLDER / f"{name}.sse").read_bytes()


def test_six_kinds_of_engines_are_here() -> None:
    assert ENGINES == ["counting", "deepseek", "llama-server", "ollama", "openai", "vllm"]
    assert {f"{engine}-{answer}" for engine in ENGINES for answer in ("words", "tools")} == set(
        EXPECTED
    )


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_whole_reply_and_a_stream_say_the_same(name: str) -> None:
    async with answering(name) as one:
        one.fake.always(streamed(golden(name), most=4096))
        assert await told(one, name) == expected(name)
        assert await read_along(one, name) == expected(name)


@pytest.mark.parametrize("name", EXPECTED)
async def test_an_engines_own_whole_reply_says_what_its_stream_says(name: str) -> None:
    async with answering(name, whole_as_stream=False) as one:
        one.fake.always(as_asked(name))
        reply, wanted = await told(one, name), expected(name)
        # Where tags tell thoughts, or nobody counts them, only pieces that come one by one tell how many.
        streams = bool(one.fake.asked[0].body.get("stream"))
        assert streams == (name.rpartition("-")[0] in TAGGED)
        if not streams and not name.startswith("openai"):
            del reply["usage"]["reasoning_tokens"], wanted["usage"]["reasoning_tokens"]
        assert reply == wanted


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("name", EXPECTED)
async def test_pieces_of_any_length_and_any_end_of_line_say_the_same(name: str, end: bytes) -> None:
    lines = golden(name).replace(b"\r\n", b"\n").replace(b"\n", end)
    async with answering(name) as one:
        one.fake.next(streamed(lines, most=40, seed=1), streamed(lines, most=3, seed=2))
        assert await read_along(one, name) == expected(name)
        assert await told(one, name) == expected(name)


@pytest.mark.parametrize("name", EXPECTED)
async def test_what_the_answer_costs_is_what_the_engine_counted(name: str) -> None:
    async with answering(name) as one:
        one.fake.always(streamed(golden(name), most=500))
        await read_along(one, name)
        units = {entry.sku: entry.units for entry in one.charges()}
        usage = expected(name)["usage"]
        assert units.pop("toy-llm-output-mtoken") == usage["completion_tokens"]
        assert sum(units.values()) == usage["prompt_tokens"]


@pytest.mark.parametrize("name", EXPECTED)
async def test_every_dialect_of_chats_says_and_charges_the_same(name: str) -> None:
    functions = [tool["function"] for tool in TOOLS] if name.endswith("-tools") else ()
    turn = Turn(turns=("How are you?",), functions=functions)
    script = streamed(golden(name), most=500)
    async with answering(name) as one:
        told, charged = [], []
        for dialect in ("chat", "responses", "messages"):
            for stream in (False, True):
                before = len(one.charges())
                told.append(await outcome(one, DIALECTS[dialect], turn, script, stream=stream))
                charged.append([(row.sku, row.units, row.amount) for row in one.charges()[before:]])
    calls = [[call[1:] for call in one.calls] for one in told]
    assert calls == [calls[0]] * 6, "ids of calls are the platform's where an engine gives none"
    told = [replace(one, calls=()) for one in told]
    assert told == [told[0]] * 6
    assert charged == [charged[0]] * 6
    wanted = expected(name)
    assert (told[0].text, told[0].thought) == (
        wanted["content"] or "",
        wanted["reasoning_content"] or "",
    )
    assert told[0].output_tokens == wanted["usage"]["completion_tokens"]
