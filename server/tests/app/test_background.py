"""Background tasks: an error of ours ends none of them, and is told without its text."""

import anyio
import pytest

from fondaco.app import background
from fondaco.app.background import supervised


async def test_a_task_that_fails_begins_anew_and_leaves_an_incident(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_AGAIN_AFTER_S", 0)
    runs: list[int] = []

    async def run() -> None:
        await anyio.lowlevel.checkpoint()
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("canary-4711")

    await supervised(run)
    assert len(runs) == 3
    told = [record.__dict__["fields"] for record in caplog.records]
    assert [one["reason"] for one in told] == ["ValueError"] * 2
    assert all("test_background:" in one["place"] for one in told)
    assert "canary" not in caplog.text


async def test_a_cancelled_task_ends() -> None:
    with anyio.move_on_after(0.01) as scope:
        await supervised(anyio.sleep_forever)
    assert scope.cancelled_caught
