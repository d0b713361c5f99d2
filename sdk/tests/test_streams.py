"""Answers bit by bit: what is yielded, what is collected, and how streams end."""

import gc
import json
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any

import anyio
import httpx2
import pytest

from fake_upstream import cut_after, hanging, saying
from house import House
from upstream.raw_server import RawServer
from venice_ai import (
    APIConnectionError,
    APIError,
    InvalidResponseError,
    ServiceUnavailableError,
    UserMessage,
    VeniceClient,
)
from venice_ai._streaming.sse import LARGEST_EVENT_BYTES, Events
from venice_ai.metadata import ResponseMetadata
from venice_ai.streaming import Stream
from venice_ai.types.api.streaming import ChatCompletionChunk

QUESTION = [UserMessage(content="Count!")]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


def speaking(raw: RawServer) -> VeniceClient:
    return VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0)


async def texts(client: VeniceClient) -> list[str]:
    async with await client.chat.completions.stream(model="toy", messages=QUESTION) as stream:
        return [text async for text in stream.text_deltas()]


async def test_a_stream_says_what_the_whole_reply_says(client: VeniceClient) -> None:
    asked: dict[str, Any] = {"model": "toy", "messages": QUESTION, "seed": 5}
    whole = await client.chat.completions.create(**asked)
    chunks = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
    said = "".join(c.choices[0].delta.content or "" for c in chunks)
    assert said == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason


async def test_a_collected_stream_is_the_whole_reply(client: VeniceClient) -> None:
    more: dict[str, Any] = {"seed": 5, "logprobs": True, "n": 2}
    asked: dict[str, Any] = {"model": "toy", "messages": QUESTION, **more}
    whole = await client.chat.completions.create(**asked)
    stream = await client.chat.completions.stream(**asked, stream_options={"include_usage": True})
    collected = await stream.collect()
    assert [c.message.content for c in collected.choices] == [
        c.message.content for c in whole.choices
    ]
    assert collected.choices[1].logprobs == whole.choices[1].logprobs
    assert collected.usage == whole.usage
    assert collected.meta.request_id == stream.meta.request_id


async def test_a_collected_stream_has_its_usage(client: VeniceClient) -> None:
    asked: dict[str, Any] = {"model": "toy", "messages": QUESTION, "seed": 5}
    whole = await client.chat.completions.create(**asked)
    async with await client.chat.completions.stream(**asked) as stream:
        chunks = [chunk async for chunk in stream]
        collected = await stream.collect()
    assert whole.usage is not None
    assert collected.usage == whole.usage
    assert all(chunk.choices for chunk in chunks)  # as who did not ask for the usage expects


USAGE = (
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
)


@pytest.mark.parametrize(
    ("fields", "sent", "chunks"),
    [
        ({}, {"include_usage": True}, 2),
        ({"stream_options": None}, {"include_usage": True}, 2),
        ({"stream_options": {"x": 1}}, {"x": 1, "include_usage": True}, 2),
        ({"stream_options": {"include_usage": True}}, {"include_usage": True}, 3),
        ({"stream_options": {"include_usage": False}}, {"include_usage": False}, 3),
        ({"extra_body": {"stream_options": {"x": 1}}}, {"x": 1}, 3),
        ({"extra_body": {"stream_options": None}}, None, 3),
    ],
)
async def test_who_says_whether_to_tell_the_usage_gets_what_he_asked_for(
    raw: RawServer, fields: dict[str, Any], sent: object, chunks: int
) -> None:
    raw.answer(HEAD, HELLO, END, USAGE, b"data: [DONE]\n\n", close=True)
    async with speaking(raw) as client:
        stream = await client.chat.completions.stream(model="toy", messages=QUESTION, **fields)
        assert len([chunk async for chunk in stream]) == chunks
        usage = (await stream.collect()).usage
    assert json.loads(raw.bodies[0]).get("stream_options") == sent
    assert usage is not None
    assert usage.total_tokens == 3


async def test_a_bare_stream_asks_for_no_more_than_it_is_told_to(raw: RawServer) -> None:
    raw.answer(HEAD, HELLO, END, close=True)
    async with speaking(raw) as client:
        chunks = await client.chat.completions.create(model="toy", messages=QUESTION, stream=True)
        assert [chunk async for chunk in chunks]
    assert "stream_options" not in json.loads(raw.bodies[0])


async def test_a_stream_can_be_collected_after_its_text_was_shown(client: VeniceClient) -> None:
    async with await client.chat.completions.stream(model="toy", messages=QUESTION) as stream:
        shown = [text async for text in stream.text_deltas()]
        reply = await stream.collect()
    assert len(shown) > 1
    assert reply.choices[0].message.content == "".join(shown)


async def test_calls_of_tools_are_collected_from_their_pieces(
    client: VeniceClient, home: House
) -> None:
    first = {
        "index": 0,
        "id": "c1",
        "type": "function",
        "function": {"name": "now", "arguments": ""},
    }
    pieces = [{"index": 0, "function": {"arguments": text}} for text in ('{"zone":', '"UTC"}')]
    home.fake.next(
        saying(*(delta(tool_calls=[piece]) for piece in (first, *pieces)), delta("tool_calls"))
    )
    tool = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}
    stream = await client.chat.completions.stream(model="toy", messages=QUESTION, tools=[tool])
    (call,) = (await stream.collect()).choices[0].message.tool_calls or []
    assert (call.id, call.function.name) == ("c1", "now")
    assert call.function.arguments == '{"zone":"UTC"}'


async def test_thoughts_are_collected_apart_from_the_text(raw: RawServer) -> None:
    thought = b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm. "}}]}\n\n'
    raw.answer(HEAD, thought, thought, HELLO, END, b"data: [DONE]\n\n", close=True)
    async with speaking(raw) as client:
        stream = await client.chat.completions.stream(model="toy", messages=QUESTION)
        message = (await stream.collect()).choices[0].message
    assert (message.reasoning_content, message.content) == ("Hm. Hm. ", "Hello")


async def test_a_stream_can_be_of_another_class(client: VeniceClient) -> None:
    class Words:
        """Only the words."""

        def __init__(
            self,
            response: httpx2.Response,
            chunk: type[ChatCompletionChunk],
            meta: ResponseMetadata,
        ) -> None:
            self._stream = Stream(response, chunk, meta)

        async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
            async for chunk in self._stream:
                if chunk.choices[0].delta.content:
                    yield chunk

    stream = await client.chat.completions.create(
        model="toy", messages=QUESTION, stream=True, stream_cls=Words
    )
    assert isinstance(stream, Words)
    assert all([chunk.choices[0].delta.content async for chunk in stream])


async def test_connections_of_streams_are_used_again(raw: RawServer) -> None:
    body = HELLO + END + b"data: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with speaking(raw) as client:
        for _ in range(3):
            raw.answer(head + body)
            assert await texts(client) == ["Hello"]
    assert raw.connections == 1


async def test_leaving_a_stream_stops_the_engine(client: VeniceClient, home: House) -> None:
    home.fake.next(hanging(after=2))
    async with await client.chat.completions.stream(model="toy", messages=QUESTION) as stream:
        await anext(stream)
    with anyio.fail_after(5):
        await home.fake.asked[-1].hang_up.wait()


async def test_a_stream_that_is_left_open_hangs_up(client: VeniceClient, home: House) -> None:
    home.fake.next(hanging(after=2))
    left = [await client.chat.completions.create(model="toy", messages=QUESTION, stream=True)]
    left.clear()
    gc.collect()
    with anyio.fail_after(5):
        await home.fake.asked[-1].hang_up.wait()


async def test_a_stream_that_another_task_closes_ends(client: VeniceClient, home: House) -> None:
    home.fake.next(hanging(after=2))
    stream = await client.chat.completions.stream(model="toy", messages=QUESTION)
    said: list[str] = []

    async def read() -> None:
        said.extend([text async for text in stream.text_deltas()])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await stream.aclose()
    assert [chunk async for chunk in stream] == []


async def test_an_error_within_a_stream_is_raised(raw: RawServer) -> None:
    raw.answer(HEAD, HELLO, b'data: {"error":"Full.","code":"MODEL_AT_CAPACITY"}\n\n', close=True)
    async with speaking(raw) as client:
        with pytest.raises(ServiceUnavailableError, match="Full") as told:
            await texts(client)
    assert told.value.code == "MODEL_AT_CAPACITY"


async def test_the_servers_own_error_within_a_stream_is_raised(
    client: VeniceClient, home: House
) -> None:
    home.fake.always(cut_after(3))
    with pytest.raises(APIError) as told:
        await texts(client)
    assert told.value.code == "INFERENCE_FAILED"
    assert told.value.request_id


@pytest.mark.parametrize("said", [HELLO, b"", HELLO + b'data: {"choices":[{"ind'])
async def test_a_stream_that_is_cut_off_is_no_answer(raw: RawServer, said: bytes) -> None:
    raw.answer(HEAD, said, close=True)
    async with speaking(raw) as client:
        with pytest.raises(APIConnectionError, match="ended before the answer"):
            await texts(client)


async def test_a_stream_that_is_cut_off_within_a_piece_is_no_answer(raw: RawServer) -> None:
    head = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
    raw.answer(head, b"%x\r\n%b\r\n20\r\n" % (len(HELLO), HELLO), close=True)
    async with speaking(raw) as client:
        with pytest.raises(APIConnectionError, match="RemoteProtocolError"):
            await texts(client)


async def test_an_answer_that_ended_needs_no_more_ending(raw: RawServer) -> None:
    raw.answer(HEAD, HELLO + END, close=True)
    async with speaking(raw) as client:
        assert await texts(client) == ["Hello"]


async def test_what_is_no_chunk_is_no_answer(raw: RawServer) -> None:
    raw.answer(HEAD, b"data: <html>\n\n", close=True)
    async with speaking(raw) as client:
        with pytest.raises(InvalidResponseError, match="an invalid chunk"):
            await texts(client)


def test_events_are_the_same_in_whatever_pieces_they_come() -> None:
    text = b": ping\r\n\r\ndata: one\r\n\r\nevent: x\ndata:two\ndata: three\n\nid: 4\n\n" + HELLO
    expected = [b"one", b"two\nthree", HELLO[6:-2]]
    for size in range(1, len(text) + 1):
        events = Events()
        found = [events.feed(text[i : i + size]) for i in range(0, len(text), size)]
        assert [*chain(*found)] == expected, size


def test_an_event_without_an_end_is_refused() -> None:
    events = Events()
    with pytest.raises(InvalidResponseError, match="exceeds"):
        events.feed(b"data: " + b"x" * LARGEST_EVENT_BYTES)


def delta(finish_reason: str | None = None, **fields: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}
