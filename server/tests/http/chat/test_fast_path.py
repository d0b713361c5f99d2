"""The fast path of plain chat calls: it does what the ordinary road does."""

from collections.abc import AsyncGenerator

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings

from contracts.fast_path import GOOD, completion, expect_same, response, scenes, stream_scenes
from fondaco.http.endpoint.responses import Response
from fondaco.http.exchange.exchange import Exchange
from house import house
from scenes import (
    PLAIN,
    PLAIN_MESSAGE,
    PLAIN_RESPONSE,
    Ask,
    AwaitThreads,
    HangUp,
    Hold,
    Leave,
    Pause,
    Reply,
    Step,
)
from two_roads import Road, two_roads


@pytest.fixture(scope="module")
async def roads(anyio_backend: str) -> AsyncGenerator[tuple[Road, Road]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        async with two_roads(monkeypatch, GOOD, whole_as_stream=False) as opened:
            yield opened


LARGE = {
    "index": 0,
    "message": {"role": "assistant", "content": "x" * 70_000},
    "finish_reason": "stop",
}
SCENES: dict[str, tuple[Step, ...]] = {
    "a good answer": (PLAIN, Reply(GOOD)),
    "an answer in two pieces": (PLAIN, Reply(GOOD[:99]), Reply(GOOD[99:])),
    "an engine that leaves": (PLAIN, Reply(GOOD[:99]), Leave()),
    "an engine that leaves before it answers": (PLAIN, Leave()),
    "an engine that is silent": (PLAIN, Pause(31.0)),
    "a caller who leaves": (PLAIN, HangUp(), Reply(GOOD)),
    "a caller who leaves in the middle": (PLAIN, Reply(GOOD[:99]), HangUp(), Reply(GOOD[99:])),
    "a caller who leaves before the charge": (PLAIN, Hold("wait"), Reply(GOOD), HangUp()),
    "a ledger that cannot be written": (PLAIN, Hold("fail"), Reply(GOOD)),
    "two requests at once": (PLAIN, PLAIN, Reply(GOOD), Reply(GOOD)),
    "a large answer": (PLAIN, Reply(response(completion(choices=[LARGE]))), AwaitThreads()),
}


@pytest.mark.parametrize("ask", [PLAIN, PLAIN_RESPONSE, PLAIN_MESSAGE], ids=lambda one: one.path)
@pytest.mark.parametrize("name", SCENES)
async def test_both_roads_end_alike(roads: tuple[Road, Road], name: str, ask: Ask) -> None:
    taken = roads[0].taken
    scene = [ask if step is PLAIN else step for step in SCENES[name]]
    await expect_same(roads, scene)
    assert roads[0].taken > taken, "the fast path took the request on"


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scene=scenes())
async def test_both_roads_are_the_same_whatever_happens(
    roads: tuple[Road, Road], scene: list[Step]
) -> None:
    await expect_same(roads, scene)


@settings(max_examples=100, deadline=None)
@given(scene=stream_scenes())
async def test_both_roads_stream_the_same_whatever_happens(
    roads: tuple[Road, Road], scene: list[Step]
) -> None:
    await expect_same(roads, scene)


async def test_a_response_that_cannot_be_sent_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(response: Response, exchange: Exchange) -> None:
        raise LookupError

    async with house() as one:
        assert (await one.chat()).status_code == 200  # from now on key and connection are known
        monkeypatch.setattr(Response, "send", fail)
        with pytest.raises(httpx2.RemoteProtocolError):
            await one.chat()
        assert one.platform.metrics.running == 0
        assert one.platform.concurrent_calls.total == 0
    assert "LookupError" in caplog.text
