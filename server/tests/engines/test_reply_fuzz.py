"""Whatever bytes an engine replies with, a call ends well or with an error of ours, never otherwise.

Answers of real engines are cut, repeated, spliced and salted with odd values. What is read of them
goes the way to the caller: counted, folded into a whole reply, written as chunks.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fondaco.clients.client import ClientResponse, IncompleteResponseError
from fondaco.domain.chat.events import (
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Text,
    UsageReported,
)
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.errors import FondacoError
from fondaco.domain.untrusted_numbers import MOST
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.http.apis.openai.chat.writers import Accumulator, Chunks
from fondaco.ports import Prompt
from fondaco.serving.billing.token_meter import TokenMeter

FOLDER = Path(__file__).parent / "golden"
REPLIES = [
    path.read_bytes()
    for path in sorted((*FOLDER.rglob("*.sse"), *FOLDER.glob("*-*.json")))
    if path.stat().st_size < 2**15
]
TOOLS = ToolOptions((Tool("get_weather"), Tool("get_time")))
SALT = [
    *(b"null", b"-1", b"1e30", b"1e400", b"NaN", b"-Infinity", b"18446744073709551616", b"0.5"),
    *(b"[]", b"{}", b"[[]]", b'""', b'"x"', b"true", b"[" * 600, b'{"a":' * 600, b"9" * 5000),
    *(b"\\ud83d", b"\\ude00", b"\\u0000", b"\xff", b"\xf0\x9f", b"\xef\xbb\xbf", b"\x00", b'"'),
    *(b"\n", b"\n\n", b"\r", b"data: ", b"data: [DONE]\n\n", b": ping\n\n", b"event: error\n"),
    *(b'"finish_reason":"stop",', b'"index":-1,', b'"index":7,', b'"error":{"code":400},'),
    *(b'"usage":{"prompt_tokens":-1},', b'"choices":null,', b'"choices":[null],', b'"delta":7,'),
    *(b'"content":["a",{"type":"refusal","refusal":"b"}],', b'"refusal":"no",', b'"content":7,'),
    *(b'"tool_calls":[{"function":{"name":"get_time","arguments":"null"}}],', b'"images":[1],'),
    *(
        b'"reasoning_details":[{"type":"reasoning.text","text":"a"}],',
        b'"logprobs":{"content":[{}]},',
    ),
]
BOUNDARIES = (b"data: ", b"\n\n", b":", b",", b"{", b"}", b"[", b"]", b'"')


@dataclass
class Said:
    """An engine's address where the same bytes answer everything; also what it answers."""

    pieces: list[bytes]
    cut: bool = False
    """Whether the connection breaks in place of an end."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    complete: bool = False

    @asynccontextmanager
    async def send(
        self, method: str, path: str, body: bytes = b"", **others: object
    ) -> AsyncGenerator[ClientResponse]:
        yield self

    async def piece(self) -> bytes:
        if self.pieces:
            return self.pieces.pop(0)
        if self.cut:
            raise IncompleteResponseError
        self.complete = True
        return b""

    async def read(self, limit: int) -> bytes:
        whole, self.pieces = b"".join(self.pieces), []
        return whole

    async def aclose(self) -> None:
        pass


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """Return a mutation of an engine's answer."""
    raw = draw(st.sampled_from(REPLIES))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(places(raw))
        match draw(st.sampled_from(["salt", "replace", "cut", "repeat", "splice", "flip"])):
            case "salt":
                raw = raw[:at] + draw(st.sampled_from(SALT)) + raw[at:]
            case "replace":
                end = draw(places(raw))
                raw = raw[: min(at, end)] + draw(st.sampled_from(SALT)) + raw[max(at, end) :]
            case "cut":
                raw = raw[:at]
            case "repeat":
                end = draw(places(raw))
                raw = raw[: max(at, end)] + raw[min(at, end) :]
            case "splice":
                other = draw(st.sampled_from(REPLIES))
                raw = raw[:at] + other[draw(places(other)) :]
            case "flip" if raw:
                raw = raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]
    return raw


def places(raw: bytes) -> st.SearchStrategy[int]:
    """Draw a place in a text, often one that means something."""
    marked = sorted({at for mark in BOUNDARIES for at in _found(raw, mark)})
    anywhere = st.integers(0, len(raw))
    return st.one_of(st.sampled_from(marked), anywhere) if marked else anywhere


def _found(raw: bytes, mark: bytes) -> Iterator[int]:
    at = raw.find(mark)
    while at >= 0:
        yield at
        at = raw.find(mark, at + 1)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    raw=replies(),
    most=st.sampled_from([1, 7, 200, 2**20]),
    stream=st.booleans(),
    as_stream=st.booleans(),
    cut=st.booleans(),
    choices=st.integers(1, 2),
    dialect=st.sampled_from(["openai", "vllm", "llama-server"]),
)
def test_any_bytes_end_in_events_and_an_error_of_ours_or_a_good_end(
    raw: bytes,
    most: int,
    choices: int,
    dialect: str,
    *,
    stream: bool,
    as_stream: bool,
    cut: bool,
) -> None:
    pieces = [raw[at : at + most] for at in range(0, len(raw), most)]
    request = ChatRequest(
        "toy",
        (Message(Role.USER, "Hi"),),
        max_output_tokens=100_000,
        choices=choices,
        top_logprobs=2,
        stream=stream,
        options=ChatOptions(tool_options=TOOLS),
    )
    engine = OpenAICompatible(
        "fuzzed",
        Said(pieces, cut=cut),
        {"toy": "toy"},
        dialect=dialect,
        whole_as_stream=as_stream,
    )
    _RUNNER.run(_told(engine, request, len(raw)))


_RUNNER = asyncio.Runner()


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    _RUNNER.close()


async def _told(engine: OpenAICompatible, request: ChatRequest, size: int) -> None:
    batches: list[EventBatch] = []
    good = True
    try:
        async with aclosing(engine.chat(request, None)) as answer:
            async for batch in answer:
                assert batch, "an engine has something to say when it says something"
                batches.append(batch)
    except FondacoError:
        good = False
    ends = Counter(
        event.choice for batch in batches for event in batch if isinstance(event, Finish)
    )
    if good:
        assert ends == Counter(range(request.choices))
    assert all(count == 1 for count in ends.values())
    assert sum(map(len, batches)) <= size + request.choices
    _expect_sound(batches, request)


def _expect_sound(batches: list[EventBatch], request: ChatRequest) -> None:
    """Hold what was heard to what the rest of the house relies on."""
    tally = TokenMeter(Prompt(20), request.max_output_tokens, request.choices)
    accumulator, chunks = Accumulator(request.choices, logprobs=True), Chunks("id", 0, "toy")
    for batch in batches:
        for event in batch:
            if isinstance(event, UsageReported):
                continue
            assert 0 <= event.choice < request.choices
            assert isinstance(event, Finish | Opaque | PromptEcho) or event.tokens >= 0
            assert not isinstance(event, Text) or isinstance(event.text, str)
        try:
            taken = tally.take(batch)
        except FondacoError:
            return
        accumulator.add(taken)
        for written in chunks.write(taken).split(b"\n\n"):
            if written:
                json.loads(written.removeprefix(b"data: "))
    usage = tally.usage
    assert 0 <= usage.cached_input_tokens <= usage.input_tokens <= MOST
    assert 0 <= usage.reasoning_tokens <= usage.output_tokens <= MOST
    accumulator.settle(usage)
    json.loads(accumulator.body("id", 0, "toy", None))
