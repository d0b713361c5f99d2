"""Engines that fail: what never reached a caller costs nothing, and the next engine tries."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from fake_upstream import Script, cut_after, raw, refusing, saying
from fondaco.ports.incidents import Incident
from house import House, chat_body, house

USAGE = {"prompt_tokens": 8, "completion_tokens": 2}


def begun(*words: str, usage: object = USAGE, then: str = "close") -> Script:
    """Say some words and what they count, and break off."""
    chunks = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    lines = [b"data: " + _json(chunk | {"usage": usage}) + b"\n\n" for chunk in chunks]
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return raw(head, *(b"%x\r\n%b\r\n" % (len(line), line) for line in lines), then=then)


def _json(value: object) -> bytes:
    return httpx2.Request("POST", "http://a.test", json=value).content


def failures(logged: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """Return the incidents of engines that were logged: kind, engine and reason."""
    records = [r for r in logged.records if r.name == "fondaco.incidents"]
    engines = [r for r in records if "engine" in r.fields]  # type: ignore[attr-defined]  # of `extra`
    return [(r.incident, r.fields["engine"], r.fields["reason"]) for r in engines]  # type: ignore[attr-defined]  # of `extra`


@pytest.fixture(params=[True, False])
async def home(request: pytest.FixtureRequest) -> AsyncGenerator[House]:
    async with house(whole_as_stream=request.param, total_timeout_s=0.6) as one:
        yield one


BROKEN = {
    "cut": begun("one", " two"),
    "hangs": begun("one", " two", then="hang"),
    "error": saying({"choices": [{"index": 0, "delta": {"content": "one"}}]}, {"error": "no"}),
    "gave up": saying(
        {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "abort"}]}
    ),
    "nonsense": saying({"choices": [{"index": 0, "delta": {"content": "one"}}]}, "{"),
    "no end": saying({"choices": [{"index": 0, "delta": {"content": "one"}}]}, done=False),
    "silent": saying(),
    "refused": refusing(500),
    "whole cut": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", then="close"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_whole_reply_comes_from_the_next_engine_and_costs_what_that_said(
    home: House, how: str
) -> None:
    home.fake.next(BROKEN[how])
    reply = await home.chat(max_tokens=4)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-venice-model-router"] == "second"
    [prompt, output] = home.charges()
    assert (prompt.units, output.units) == (reply.json()["usage"]["prompt_tokens"], 4)
    assert len(reply.json()["choices"][0]["message"]["content"].split()) == 4
    assert (prompt.notes, output.notes) == ("", "")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [("cut", 502, "INFERENCE_FAILED"), ("hangs", 504, "INFERENCE_TIMEOUT")],
)
async def test_a_whole_reply_that_no_engine_completes_costs_nothing(
    how: str, status: int, code: str
) -> None:
    async with house(whole_as_stream=True, total_timeout_s=0.6) as one:
        before = await one.balance()
        for engine in (one.fake, one.second):
            engine.next(BROKEN[how])
        reply = await one.chat()
        assert (reply.status_code, reply.json()["code"]) == (status, code)
        assert one.charges() == []
        assert await one.balance() == before
        headers = {"Idempotency-Key": "again"}
        for engine in (one.fake, one.second):
            engine.next(BROKEN[how])
        path = "/api/v1/chat/completions"
        assert (
            await one.client.post(path, json=chat_body(), headers=headers)
        ).status_code == status
        assert (await one.client.post(path, json=chat_body(), headers=headers)).status_code == 200


async def test_a_stream_that_began_is_not_begun_again_and_is_charged_as_far_as_it_came() -> None:
    async with house() as one:
        one.fake.next(cut_after(3))
        async with one.streaming() as reply:
            text = (await reply.aread()).decode()
        assert "Output delivered until then is charged" in text
        assert one.second.asked == []
        assert one.charges()[-1].units == 3


async def test_a_dead_engine_behind_a_working_one_leaves_a_line_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as one:
        one.fake.always(refusing(503))
        for stream in (True, False):
            caplog.clear()
            reply = await one.chat(stream=stream)
            assert reply.status_code == 200
            assert failures(caplog) == [
                (Incident.ENGINE_FAILED, "first", "MODEL_AT_CAPACITY"),
                (Incident.ENGINE_PASSED_OVER, "first", "MODEL_AT_CAPACITY"),
            ]
        metrics = (await one.client.get("/metrics")).text
        assert 'kind="engine_failed"' in metrics


@pytest.mark.parametrize("stream", [True, False])
async def test_the_last_engine_to_fail_leaves_a_line(
    caplog: pytest.LogCaptureFixture, *, stream: bool
) -> None:
    async with house() as one:
        one.fake.next(refusing(503))
        one.second.next(cut_after(2))
        await one.chat(stream=stream)
        reason = "MODEL_AT_CAPACITY" if stream else "INFERENCE_FAILED"
        assert failures(caplog)[2:] == [(Incident.ENGINE_FAILED, "second", reason)]
        assert "Count" not in caplog.text


async def test_what_is_the_callers_fault_is_no_incident(caplog: pytest.LogCaptureFixture) -> None:
    async with house() as one:
        one.fake.next(refusing(400, {"message": "no", "code": 400}))
        await one.chat()
        assert failures(caplog) == []
