"""What becomes of numbers in an engine's reply that cannot be true: the call goes on without them."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from contracts.chat_engine import counting
from fake_upstream import FakeUpstream, saying
from fondaco.clients.connect import connect
from fondaco.domain.chat.events import ChatEvent, Finish, Text, UsageReported
from fondaco.domain.errors import EngineError
from fondaco.domain.money.usage import Report
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.ports.incidents import Incident
from house import house

_STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAICompatible]:
    upstream = connect(fake.base_url)
    yield OpenAICompatible("faker", upstream, {"counter": "toy"})
    await upstream.aclose()


def repairs(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [
        record.__dict__["fields"]
        for record in caplog.records
        if record.__dict__.get("incident") is Incident.ENGINE_REPLY_REPAIRED
    ]


async def _events(engine: OpenAICompatible, **changes: object) -> list[ChatEvent]:
    with anyio.fail_after(10):
        async with aclosing(engine.chat(counting("counter", **changes), None)) as batches:
            return [event async for batch in batches for event in batch]


def _said(text: str, index: object = 0, **more: object) -> dict[str, object]:
    return {"choices": [{"index": index, "delta": {"content": text}, **more}]}


@pytest.mark.parametrize(
    ("usage", "report"),
    [
        ({"prompt_tokens": -1, "completion_tokens": 5}, Report(None, None, 5, discarded=True)),
        ({"prompt_tokens": 9, "completion_tokens": -5}, Report(9, discarded=True)),
        ({"prompt_tokens": 9, "completion_tokens": 2**31}, Report(9, discarded=True)),
        ({"prompt_tokens": 1e30, "completion_tokens": 1e400}, Report(discarded=True)),
        ({"prompt_tokens": 9.5, "completion_tokens": "many"}, Report(discarded=True)),
        ({"prompt_tokens": 9.0, "completion_tokens": "5"}, Report(9, None, 5)),
        ({"prompt_tokens": 9, "completion_tokens": None}, Report(9)),
        ({"prompt_tokens": True, "completion_tokens": [5]}, Report(discarded=True)),
        ({"completion_tokens": 5}, Report(None, None, 5)),
        ({"total_tokens": 14}, Report()),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": -1}},
            Report(9, discarded=True),
        ),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 10}},
            Report(9, discarded=True),
        ),
        (
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 1e30}},
            Report(None, None, 5, discarded=True),
        ),
        (
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2**64 - 1}},
            Report(None, None, 5, discarded=True),
        ),
        (
            {
                "completion_tokens": 5,
                "completion_tokens_details": {
                    "accepted_prediction_tokens": 6,
                    "rejected_prediction_tokens": -6,
                },
            },
            Report(None, None, 5, discarded=True),
        ),
        ({"completion_tokens": 5, "prompt_tokens_details": [1]}, Report(None, None, 5)),
        (
            {
                "prompt_tokens": 37,
                "completion_tokens": 9,
                "total_tokens": 343,
                "completion_tokens_details": {"reasoning_tokens": 297},
            },
            Report(37, None, 306, 297),
        ),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, Report(9, 4)),
        ({"prompt_tokens": 9, "cached_tokens": 4}, Report(9, 4)),
        ({"input_tokens": 9, "output_tokens": 5}, Report(9, None, 5)),
        ("none", Report(discarded=True)),
        ([9, 5], Report(discarded=True)),
        (14, Report(discarded=True)),
    ],
    ids=str,
)
async def test_of_a_report_of_usage_what_can_be_true_is_taken(
    engine: OpenAICompatible,
    fake: FakeUpstream,
    caplog: pytest.LogCaptureFixture,
    usage: object,
    report: Report,
) -> None:
    fake.next(saying(_said("a"), _STOP, json.dumps({"choices": [], "usage": usage})))
    assert await _events(engine) == [Text(0, "a"), Finish(0, "stop"), UsageReported(report)]
    expected = {"reason": "usage", "engine": "faker", "model": "counter"}
    assert repairs(caplog) == [expected] * report.discarded


async def test_a_reply_that_is_odd_in_every_chunk_is_reported_once(
    engine: OpenAICompatible, fake: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [{**_said("a", index="0"), "usage": {"prompt_tokens": -1}} for _ in range(20)]
    fake.next(saying(*odd, _STOP))
    await _events(engine)
    assert len(repairs(caplog)) == 1


@pytest.mark.parametrize("index", [0.0, None, -1, "0", 1e30, 2**63, "one", [], True], ids=repr)
async def test_an_index_that_is_none_is_its_place_in_the_list(
    engine: OpenAICompatible, fake: FakeUpstream, index: object
) -> None:
    stop = {"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}
    fake.next(saying(_said("a", index), _said("b", index), stop))
    assert await _events(engine) == [Text(0, "a"), Text(0, "b"), Finish(0, "stop")]


async def test_choices_without_an_index_are_distinguished_by_position(fake: FakeUpstream) -> None:
    upstream = connect(fake.base_url)
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"})
    choices = [{"delta": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    fake.next(saying({"choices": choices}))
    assert await _events(engine, choices=2) == [
        Text(0, "a"),
        Text(1, "b"),
        Finish(0, "stop"),
        Finish(1, "stop"),
    ]
    await upstream.aclose()


async def test_a_choice_that_was_not_requested_fails_the_call(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    fake.next(saying(_said("a", 2**31 - 1), _STOP))
    with pytest.raises(EngineError, match="not a chat completion"):
        await _events(engine)


@pytest.mark.parametrize(
    ("entry", "logprob", "spelled"),
    [
        ({"logprob": -0.5, "bytes": [97]}, -0.5, (97,)),
        ({"logprob": "-0.5", "bytes": None}, -0.5, None),
        ({"logprob": None, "bytes": "YQ=="}, -9999.0, None),
        ({"logprob": "low", "bytes": [300]}, -9999.0, None),
        ({"logprob": [], "bytes": [97, "x"]}, -9999.0, None),
        ({}, -9999.0, None),
    ],
    ids=str,
)
async def test_a_log_probability_that_is_no_number_is_the_lowest(
    engine: OpenAICompatible,
    fake: FakeUpstream,
    entry: dict[str, object],
    logprob: float,
    spelled: tuple[int, ...] | None,
) -> None:
    top = [{"token": "a", **entry}, {"token": None}, "b"]
    content = [{"token": "a", **entry, "top_logprobs": top}, {"logprob": -1}]
    fake.next(saying(_said("a", logprobs={"content": content}), _STOP))
    text = (await _events(engine, top_logprobs=3))[0]
    assert isinstance(text, Text)
    assert text.logprobs is not None
    (token,) = text.logprobs
    assert (token.logprob, token.bytes) == (logprob, spelled)
    assert [(one.token, one.logprob, one.bytes) for one in token.top] == [("a", logprob, spelled)]


@pytest.mark.parametrize("logprobs", [[], {}, {"content": 5}, {"content": ["a"]}, "none", 5])
async def test_log_probabilities_that_are_none_leave_the_text(
    engine: OpenAICompatible, fake: FakeUpstream, logprobs: object
) -> None:
    fake.next(saying(_said("a", logprobs=logprobs), _STOP))
    assert await _events(engine) == [Text(0, "a"), Finish(0, "stop")]


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1, "completion_tokens": -1},
        {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": -1}},
        {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 1e30}},
    ],
    ids=str,
)
async def test_a_report_that_cannot_be_true_is_counted_here_and_the_next_call_is_served(
    usage: object,
) -> None:
    async with house() as one:
        one.fake.next(saying(_said("a"), _said("b"), {**_STOP, "usage": usage}))
        reply = await one.chat()
        assert reply.status_code == 200, reply.text
        told = reply.json()["usage"]
        assert told["prompt_tokens"] > 0
        assert told["completion_tokens"] >= 2
        assert told["prompt_tokens_details"]["cached_tokens"] == 0
        assert (await one.chat()).status_code == 200
