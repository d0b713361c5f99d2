"""What the engine for OpenAI-compatible upstreams makes of odd replies, refusals and silence."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from contracts.chat_engine import Answer, accumulator, counting
from fake_upstream import FakeUpstream, Script, cut_after, hanging, raw, refusing, replying, saying
from fondaco.clients.client import (
    ConnectFailedError,
    FirstByteTimeoutError,
    HttpClient,
    IncompleteResponseError,
)
from fondaco.clients.connect import connect
from fondaco.domain.chat.events import ChatEvent, Finish, Reasoning, Text, UsageReported
from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.money.usage import Report
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.ports import Prompt
from fondaco.ports.incidents import Incident

_STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(dialect="vllm", key="k") as fake:
        yield fake


@pytest.fixture
async def upstream(fake: FakeUpstream) -> AsyncGenerator[HttpClient]:
    upstream = connect(
        fake.base_url, key="k", connections=4, first_byte_timeout_s=0.3, total_timeout_s=0.6
    )
    yield upstream
    await upstream.aclose()


@pytest.fixture
def engine(upstream: HttpClient) -> OpenAICompatible:
    return OpenAICompatible("faker", upstream, {"counter": "toy"}, dialect="vllm")


def repairs(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was reported as repaired."""
    return [
        record.__dict__["fields"]["reason"]
        for record in caplog.records
        if record.__dict__.get("incident") is Incident.ENGINE_REPLY_REPAIRED
    ]


def _delta(**delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


async def _ask(engine: OpenAICompatible, request: ChatRequest | None = None) -> Answer:
    with anyio.fail_after(10):
        return await accumulator(engine, request or counting("counter"), None)


async def _events(engine: OpenAICompatible) -> list[ChatEvent]:
    with anyio.fail_after(10):
        async with aclosing(engine.chat(counting("counter"), None)) as batches:
            return [event async for batch in batches for event in batch]


async def _until_failure(
    engine: OpenAICompatible, request: ChatRequest | None = None
) -> tuple[list[ChatEvent], BaseException]:
    """Return what was said before the failure, and the failure."""
    said: list[ChatEvent] = []

    async def listen() -> None:
        async with aclosing(engine.chat(request or counting("counter"), None)) as batches:
            async for batch in batches:
                said.extend(batch)

    with pytest.raises(EngineError) as failed, anyio.fail_after(10):
        await listen()
    return said, failed.value


# What it makes of replies.


async def test_reasoning_becomes_thoughts_under_either_name(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(
        saying(_delta(reasoning_content="Hm"), _delta(reasoning="m"), _delta(content="Yes"), _STOP)
    )
    *thoughts, text, finish = await _events(engine)
    assert "".join(thought.text for thought in thoughts if isinstance(thought, Reasoning)) == "Hmm"
    assert [text, finish] == [Text(0, "Yes"), Finish(0, "stop")]


async def test_usage_tells_what_was_cached_and_what_was_reasoned(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    fake.next(saying(_delta(content="a"), _STOP, {"choices": [], "usage": usage}))
    assert (await _events(engine))[-1] == UsageReported(Report(9, 4, 5, 3))


async def test_events_in_one_piece_make_one_burst(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    body = b"".join(
        b"data: %b\n\n" % json.dumps(chunk).encode()
        for chunk in (_delta(content="a"), _delta(content="b"), _STOP)
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 14)
    fake.next(raw(head + body + b"data: [DONE]\n\n"))
    async with aclosing(engine.chat(counting("counter"), None)) as batches:
        assert [batch async for batch in batches] == [
            (Text(0, "a"), Text(0, "b"), Finish(0, "stop"))
        ]


async def test_a_stream_that_ends_without_done_is_complete_once_it_has_finished(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(saying(_delta(content="a"), _STOP, done=False))
    assert (await _ask(engine)).finishes == [(0, "stop")]


async def test_a_cut_after_the_last_finish_costs_nothing(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    event = b"data: %b\n\n" % json.dumps(_STOP).encode()
    fake.next(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + event, then="close"))
    assert (await _ask(engine)).finishes == [(0, "stop")]


async def test_the_connection_of_a_finished_stream_serves_the_next_call(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    for _ in range(3):
        await _ask(engine)
    assert fake.connections == 1


async def test_an_end_that_lingers_is_not_waited_for(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    event = b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(_STOP).encode()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    fake.next(raw(head + b"%x\r\n%b\r\n" % (len(event), event), then="hang"))
    assert (await _ask(engine)).finishes == [(0, "stop")]
    await _ask(engine)
    assert fake.connections == 2


_FAULTS: dict[str, Script] = {
    "cut": cut_after(2),
    "silence": hanging(after=2),
    "end without finish": saying(_delta(content="one"), _delta(content=" two"), done=False),
    "garbage": saying(_delta(content="one"), _delta(content=" two"), '{"choices": ['),
    "no object": saying(_delta(content="one"), _delta(content=" two"), [1]),
    "text of another type": saying(
        _delta(content="one"), _delta(content=" two"), _delta(content=3)
    ),
    "error": saying(_delta(content="one"), _delta(content=" two"), {"error": {"message": "oh"}}),
    "late complaint": saying(
        _delta(content="one"), _delta(content=" two"), {"error": {"message": "oh", "code": 400}}
    ),
    "abort": saying(
        _delta(content="one"),
        _delta(content=" two"),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "abort"}]},
    ),
    "a choice nobody asked for": saying(
        _delta(content="one"),
        _delta(content=" two"),
        {"choices": [{"index": 5, "delta": {"content": "x"}}]},
    ),
}


@pytest.mark.parametrize("fault", _FAULTS)
async def test_a_failure_in_mid_stream_comes_after_what_was_said(
    engine: OpenAICompatible, fake: FakeUpstream, fault: str
) -> None:
    fake.next(_FAULTS[fault])
    said, failure = await _until_failure(engine, counting("counter", sampling=Sampling(seed=1)))
    assert sum(event.tokens for event in said if isinstance(event, Text)) == 2
    assert not any(isinstance(event, Finish) for event in said)
    assert isinstance(failure, EngineError)
    assert (await _ask(engine)).finishes, "the next call is served"


async def test_a_complaint_in_a_stream_that_has_said_nothing_is_the_requests_fault(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(saying({"error": {"message": "top_p must be in (0, 1]", "code": 400}}))
    with pytest.raises(InvalidRequestError, match=r"top_p must be in \(0, 1\]"):
        await _ask(engine)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"choices": 3}', b'{"choices": []}', b"<html>"])
async def test_a_whole_reply_that_is_no_answer_is_an_engines_failure(
    upstream: HttpClient, fake: FakeUpstream, body: bytes
) -> None:
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, whole_as_stream=False)
    fake.next(raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
    said, _ = await _until_failure(engine, counting("counter", stream=False))
    assert said == []


@pytest.mark.parametrize(
    "odd",
    [
        {"tokens": 5},
        {"count": None},
        {"count": -5},
        {"count": 0},
        {"count": 10**6},
        {"count": 2**31},
        {"count": 1e30},
        {"count": 5.5},
        {"count": "many"},
        {"count": [5]},
        [5],
        "5",
    ],
    ids=str,
)
async def test_a_count_that_cannot_be_leaves_the_prompt_bounded(
    engine: OpenAICompatible, fake: FakeUpstream, odd: object, caplog: pytest.LogCaptureFixture
) -> None:
    fake.count_next.append(replying(odd))
    prompt = await engine.measure(counting("counter"))
    assert not prompt.exact
    assert prompt.input_tokens >= 2 * len("You count aloud.")
    assert repairs(caplog) == ["count"]
    assert (await engine.measure(counting("counter"))).exact


@pytest.mark.parametrize("meant", [5, 5.0, "5"], ids=repr)
async def test_a_count_that_can_mean_one_number_alone_is_taken(
    engine: OpenAICompatible, fake: FakeUpstream, meant: object
) -> None:
    fake.count_next.append(replying({"count": meant}))
    assert await engine.measure(counting("counter")) == Prompt(5)


# What it makes of refusals.


@pytest.mark.parametrize(
    ("script", "error", "status"),
    [
        (refusing(401), EngineRefusedError, 502),
        (refusing(403), EngineRefusedError, 502),
        (refusing(404), EngineUnavailableError, 503),
        (refusing(429), EngineBusyError, 503),
        (refusing(500), EngineUnavailableError, 503),
        (refusing(503), EngineUnavailableError, 503),
        (refusing(302), EngineError, 500),
        (hanging(), FirstByteTimeoutError, 504),
        (cut_after(0), IncompleteResponseError, 503),
    ],
)
async def test_an_engine_that_fails_at_once_leaves_the_call_to_the_next_one(
    engine: OpenAICompatible,
    fake: FakeUpstream,
    script: Script,
    error: type[EngineError],
    status: int,
) -> None:
    fake.always(script)
    said, failure = await _until_failure(engine)
    assert said == []
    assert type(failure) is error
    assert isinstance(failure, EngineError)
    assert failure.status == status


async def test_silence_in_mid_stream_ends_at_the_total_time_out(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(hanging(after=1))
    _, failure = await _until_failure(engine)
    assert type(failure) is EngineTimeoutError


@pytest.mark.parametrize(("told", "kept"), [(7, 7), (100_000, 3600), (None, None)])
async def test_an_engine_that_is_full_says_when_to_come_back(
    engine: OpenAICompatible, fake: FakeUpstream, told: int | None, kept: int | None
) -> None:
    fake.next(refusing(429, retry_after_s=told))
    with pytest.raises(EngineUnavailableError) as refused:
        await _ask(engine)
    assert refused.value.retry_after_s == kept


async def test_an_engine_that_is_down_cannot_be_reached() -> None:
    upstream = connect("http://127.0.0.1:9/v1")
    engine = OpenAICompatible("gone", upstream, {"counter": "toy"})
    with pytest.raises(ConnectFailedError):
        await _ask(engine)
    await upstream.aclose()


async def test_hanging_up_closes_the_connection_to_the_engine(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(hanging(after=1))
    async with aclosing(engine.chat(counting("counter"), None)) as batches:
        async for _ in batches:
            break
    with anyio.fail_after(5):
        await fake.asked[0].hang_up.wait()
