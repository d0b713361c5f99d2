"""The access log: a record a reply where it is switched on, with numbers and two ids."""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator
from typing import NoReturn

import httpx2
import pytest

from fondaco.app.logs import FIELDS
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.serving.metrics import Metrics
from house import House, house

CANARY = "canary-4711"


@pytest.fixture
async def logged(caplog: pytest.LogCaptureFixture) -> AsyncGenerator[House]:
    caplog.set_level(logging.INFO, "fondaco.access")
    async with house(access_log=True) as one:
        yield one


def records(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, object]]:
    return [record.__dict__["fields"] for record in caplog.records if record.name == name]


@pytest.mark.parametrize("calls_before", [0, 1])
async def test_a_reply_is_a_record_of_numbers_and_ids(
    logged: House, caplog: pytest.LogCaptureFixture, calls_before: int
) -> None:
    for _ in range(calls_before):  # then a connection to the engine is idle
        await logged.chat(max_tokens=2)
        caplog.clear()
    reply = await logged.chat(max_tokens=2)
    [told] = records(caplog, "fondaco.access")
    ms, size = told.pop("ms"), told.pop("bytes")
    assert told == {
        "method": "POST",
        "route": "/api/v1/chat/completions",
        "status": 200,
        "request_id": reply.headers["cf-ray"],
        "key_id": "ab" * 16,
    }
    assert isinstance(ms, float)
    assert isinstance(size, int)
    head = sum(len(name) + len(value) + 4 for name, value in reply.headers.raw)
    assert size == len(b"HTTP/1.1 200 OK\r\n") + head + 2 + reply.num_bytes_downloaded


async def test_of_a_path_only_its_template_is_logged(
    logged: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx2.AsyncClient(base_url=logged.url) as stranger:
        await stranger.get(f"/{CANARY}?q={CANARY}")
        await stranger.get(f"/api/v1/characters/{CANARY}", params={"q": CANARY})
        await stranger.get("/healthz", headers={"Authorization": f"Bearer {CANARY}"})
    told = records(caplog, "fondaco.access")
    assert [(one["route"], one["status"]) for one in told] == [
        ("unknown", 404),
        ("/api/v1/characters/{slug}", 401),
        ("/healthz", 200),
    ]
    assert not any("key_id" in one for one in told)
    assert CANARY not in str(told)
    assert set().union(*told) <= set(FIELDS)


async def test_a_stream_and_a_hang_up_are_records_too(
    logged: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with logged.streaming(max_tokens=3) as reply:
        streamed = await reply.aread()
    [told] = records(caplog, "fondaco.access")
    assert isinstance(told["bytes"], int)
    assert told["bytes"] > len(streamed)


async def test_switched_off_nothing_is_logged(
    shared: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await shared.chat(max_tokens=2)
    assert records(caplog, "fondaco.access") == []


class Broken(Metrics):
    """Meters that fail after the reply, outside of what the edge catches."""

    def replied(self, endpoint: str, status: int, seconds: float) -> NoReturn:
        raise ValueError(CANARY)


async def test_an_error_outside_of_a_reply_is_an_incident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as one:
        metrics, one.platform.metrics = one.platform.metrics, Broken()
        assert (await one.client.get("/healthz")).status_code == 200
        one.platform.metrics = metrics
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0)
        assert metrics.incidents["http_fault", "", "", "ValueError"] == 1
    [told] = [r for r in caplog.records if r.__dict__.get("incident") == "http_fault"]
    assert "test_access_log:" in told.__dict__["fields"]["place"]
    assert CANARY not in caplog.text


async def test_a_callback_that_fails_is_an_incident_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> NoReturn:
        raise KeyError(CANARY)

    loop = asyncio.get_running_loop()
    with reporting_loop_faults():
        loop.call_soon(fail)
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": CANARY})
    assert [one["reason"] for one in records(caplog, "fondaco.incidents")] == [
        "KeyError",
        "no exception",
    ]
    assert CANARY not in caplog.text


async def test_a_defect_within_a_request_is_an_incident_and_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as one:
        one.platform.tiers = Broken()  # type: ignore[assignment]  # whatever is asked of it fails
        reply = await one.client.get("/api/v1/models")
        assert (reply.status_code, reply.json()["code"]) == (500, "UNKNOWN_ERROR")
        assert one.platform.metrics.incidents["defect", "", "", "TypeError"] == 1
    assert "place=" in caplog.text
