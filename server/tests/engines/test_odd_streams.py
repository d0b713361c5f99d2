"""Answers that break the rules of OpenAI's API, byte for byte as engines send them.

`golden/odd/` has a stream for each habit; `expected.json` there says whose it is, and what a caller
gets: the answer where its meaning is clear, else an error that says why.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_upstream import Asked, Script, Wire
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

FOLDER = Path(__file__).parent / "golden" / "odd"
EXPECTED: Mapping[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
ANSWERS = [name for name, expected in EXPECTED.items() if "error" not in expected]
ERRORS = [name for name in EXPECTED if name not in ANSWERS]
SEVERAL = Capabilities(function_calling=True, log_probs=True)
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("get_weather", "get_time")
]
READABLE = {"content", "reasoning_content", "refusal"}


def golden(name: str) -> bytes:
    return (FOLDER / f"{name}.sse").read_bytes()


def sending(raw: bytes, *, most: int = 2**16) -> Script:
    """Answer with these bytes whatever was asked for, in pieces of at most so many."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        for at in range(0, len(raw), most):
            await wire.chunk(raw[at : at + most])
        await wire.end()
        return True

    return script


MODEL = replace(TOY, capabilities=SEVERAL, engines=("first",))


@pytest.fixture(scope="module")
async def streaming() -> AsyncGenerator[House]:
    """A house whose engine is always asked for streams."""
    async with house(models=(MODEL,)) as one:
        yield one


@pytest.fixture(scope="module")
async def whole() -> AsyncGenerator[House]:
    """A house whose engine is asked for a whole reply where its caller wants one."""
    async with house(models=(MODEL,), whole_as_stream=False) as one:
        yield one


def asked(name: str) -> dict[str, object]:
    return {"tools": TOOLS} if name.startswith("tools-") else {"logprobs": name == "nan"}


async def told(one: House, name: str) -> dict[str, Any]:
    """Ask for a whole reply and return what it says, as `expected.json` words it."""
    reply = await one.chat(**asked(name))
    assert reply.status_code == 200, reply.text
    choice = reply.json()["choices"][0]
    usage = reply.json()["usage"]
    return said(choice["message"], choice["finish_reason"], usage)


async def read_along(one: House, name: str) -> dict[str, Any]:
    """Ask for a stream and return what it says, put together as clients do."""
    message: dict[str, Any] = {"tool_calls": []}
    reason, usage = None, None
    async with one.streaming(**asked(name), stream_options={"include_usage": True}) as stream:
        lines = [line async for line in stream.aiter_lines()]
    assert "data: [DONE]" in lines
    for line in lines:
        if not line.startswith("data: {"):
            continue
        chunk = json.loads(line.removeprefix("data: "))
        assert "error" not in chunk
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            assert choice["index"] == 0
            reason = choice["finish_reason"] or reason
            add(choice["delta"], message)
    return said(message, reason, usage)


def add(delta: dict[str, Any], message: dict[str, Any]) -> None:
    for name in READABLE & delta.keys():
        message[name] = (message.get(name) or "") + (delta[name] or "")
    for part in delta.get("tool_calls", ()):
        if part["index"] == len(message["tool_calls"]):
            message["tool_calls"].append(part)
        else:
            call = message["tool_calls"][part["index"]]
            call["function"]["arguments"] += part["function"]["arguments"]


def said(message: dict[str, Any], reason: str | None, usage: Any) -> dict[str, Any]:
    calls = message["tool_calls"]
    assert len({call["id"] for call in calls}) == len(calls)
    assert usage["prompt_tokens"] > 0
    return {
        **{name: message.get(name) or None for name in sorted(READABLE)},
        "tool_calls": [call["function"] for call in calls],
        "finish_reason": reason,
        "completion_tokens": usage["completion_tokens"],
    }


def expected(name: str) -> dict[str, Any]:
    return {field: value for field, value in EXPECTED[name].items() if field != "about"}


def test_every_stream_is_expected() -> None:
    assert {path.stem for path in FOLDER.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_odd_answer_is_read_by_its_meaning(streaming: House, name: str) -> None:
    streaming.fake.next(*[sending(golden(name))] * 2)
    assert await read_along(streaming, name) == expected(name)
    assert await told(streaming, name) == expected(name)


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_odd_answer_in_small_pieces_with_other_ends_of_lines_says_the_same(
    streaming: House, name: str
) -> None:
    raw = golden(name)
    crlf, cr = raw.replace(b"\n", b"\r\n"), raw.replace(b"\n", b"\r")
    streaming.fake.next(sending(crlf, most=3), sending(cr, most=50))
    assert await read_along(streaming, name) == expected(name)
    assert await told(streaming, name) == expected(name)


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_stream_in_place_of_a_whole_reply_is_read(whole: House, name: str) -> None:
    whole.fake.next(sending(golden(name)))
    assert await told(whole, name) == expected(name)
    assert "stream" not in whole.fake.asked[-1].body


@pytest.mark.parametrize("name", ERRORS)
async def test_an_error_keeps_its_reason_and_has_the_right_status(
    streaming: House, whole: House, name: str
) -> None:
    error = EXPECTED[name]["error"]
    for one in (streaming, whole):
        one.fake.next(sending(golden(name)))
        reply = await one.chat()
        assert (reply.status_code, reply.json()["code"]) == (error["status"], error["code"])
        assert error["words"] in reply.text
        assert "secret" not in reply.text
        assert (await one.chat()).status_code == 200, "the next call is served"


@pytest.mark.parametrize("name", ERRORS)
async def test_an_error_ends_a_stream_without_done(streaming: House, name: str) -> None:
    error = EXPECTED[name]["error"]
    streaming.fake.next(sending(golden(name)))
    async with streaming.streaming() as stream:
        text = (await stream.aread()).decode()
    assert error["words"] in text
    assert json.loads(text.split("data: ")[-1])["code"] == error["code"]
    assert "[DONE]" not in text


async def test_an_event_of_more_than_a_mebibyte_is_read(streaming: House) -> None:
    choice = {"index": 0, "delta": {"content": "Here."}, "finish_reason": "stop"}
    chunk = {"choices": [choice], "padding": "x" * 2**21}
    raw = b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(chunk).encode()
    streaming.fake.next(sending(raw))
    reply = await streaming.chat()
    assert reply.json()["choices"][0]["message"]["content"] == "Here."


async def test_annotations_and_images_reach_the_caller(streaming: House) -> None:
    passed = {
        "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.example/"}}],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
    }
    choice = {"index": 0, "delta": {"content": "Here.", **passed}, "finish_reason": "stop"}
    raw = b"data: %b\n\ndata: [DONE]\n\n" % json.dumps({"choices": [choice]}).encode()
    streaming.fake.next(*[sending(raw)] * 2)
    message = (await streaming.chat()).json()["choices"][0]["message"]
    assert {name: message[name] for name in passed} == passed
    async with streaming.streaming() as stream:
        text = (await stream.aread()).decode()
    for name, value in passed.items():
        assert json.dumps({name: value}, separators=(",", ":"))[1:-1] in text


async def test_a_refusal_is_held_to_no_form_and_is_charged_as_output() -> None:
    output_format = {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object"}},
    }
    model = replace(TOY, capabilities=replace(SEVERAL, response_schema=True), engines=("first",))
    async with house(models=(model,)) as one:
        one.fake.next(*[sending(golden("refusal").replace(b'"usage": {', b'"old": {'))] * 2)
        reply = await one.chat(response_format=output_format)
        assert reply.status_code == 200, reply.text
        assert reply.json()["choices"][0]["message"]["refusal"] == "I will not."
        assert reply.json()["usage"]["completion_tokens"] == 3
        must = await one.chat(tools=TOOLS, tool_choice="required")
        assert must.json()["choices"][0]["message"]["refusal"] == "I will not."
