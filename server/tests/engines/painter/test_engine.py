"""The painter as an image engine: the contract, its styles, its queue and its child."""

import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import pytest

pytest.importorskip("skia", reason="the extra `images` is not installed")

from contracts.image_engine import Bench, ImageEngineContract, opened
from fondaco.domain.errors import EngineBusyError, EngineUnavailableError
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import STYLES
from fondaco.engines.painter.engine import Painter
from fondaco.engines.painter.strokes.index import presets

TASK = ImageTask(
    model="fondaco-painter", prompt="A lighthouse", width=64, height=64, steps=4, seed=7
)


@pytest.fixture(scope="module")
async def painter() -> AsyncGenerator[Painter]:
    painter = Painter({"fondaco-painter"}, name="painter")
    async with anyio.create_task_group() as tasks:
        await tasks.start(painter.run)
        yield painter
        tasks.cancel_scope.cancel()


class TestPainter(ImageEngineContract):
    @pytest.fixture
    def bench(self, painter: Painter) -> Bench:
        return Bench(painter, TASK)


def test_every_listed_style_is_a_preset_of_the_painter() -> None:
    assert [one.name for one in STYLES] == list(presets())


async def test_two_starts_give_the_same_picture(painter: Painter) -> None:
    other = Painter({"fondaco-painter"}, name="painter")
    async with anyio.create_task_group() as tasks:
        await tasks.start(other.run)
        pictures = [(await one.generate(TASK)).picture for one in (painter, other)]
        assert painter.pid != other.pid
        tasks.cancel_scope.cancel()
    assert pictures[0] == pictures[1]


async def test_what_a_prompt_asks_for_changes_the_picture(painter: Painter) -> None:
    tasks = [
        TASK,
        replace(TASK, prompt="A bowl of apples"),
        replace(TASK, steps=20),
        replace(TASK, cfg_scale=19.0),
        replace(TASK, style=STYLES[0]),
        replace(TASK, style=STYLES[1]),
    ]
    pictures = [opened((await painter.generate(task)).picture).tobytes() for task in tasks]
    assert len(set(pictures)) == len(tasks)


async def test_a_prompt_that_means_nothing_is_told(painter: Painter) -> None:
    assert (await painter.generate(TASK)).understood
    assert not (await painter.generate(replace(TASK, prompt="Xyzzy qwrtp"))).understood


async def test_a_child_that_is_killed_in_a_picture_ends_that_call_alone(painter: Painter) -> None:
    await painter.generate(TASK)
    pid = painter.pid
    assert pid is not None
    large = replace(TASK, width=1024, height=1024, steps=20)

    async def kill() -> None:
        await anyio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill)
        with pytest.raises(EngineUnavailableError):
            await painter.generate(large)
    assert (await painter.generate(TASK)).picture == (await painter.generate(TASK)).picture
    assert painter.pid != pid


async def test_an_idle_child_ends_and_starts_again() -> None:
    painter = Painter({"fondaco-painter"}, name="painter", idle_s=0.2)
    async with anyio.create_task_group() as tasks:
        await tasks.start(painter.run)
        await painter.generate(TASK)
        with anyio.fail_after(10):
            while painter.pid is not None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.05)
        await painter.generate(TASK)
        tasks.cancel_scope.cancel()


async def test_without_its_libraries_the_error_names_the_command() -> None:
    painter = Painter(
        {"fondaco-painter"}, name="painter", unavailable=lambda: how_to_install("images")
    )
    with pytest.raises(EngineUnavailableError, match=r"\./server\[images\]"):
        await painter.generate(TASK)
    with pytest.raises(EngineUnavailableError):
        await painter.probe()


async def test_a_busy_painter_waits_only_for_so_many() -> None:
    painter = Painter({"fondaco-painter"}, name="painter", queue=1)
    refused = []

    async def ask() -> None:
        try:
            await painter.generate(replace(TASK, width=512, height=512))
        except EngineBusyError:
            refused.append(1)

    async with anyio.create_task_group() as running:
        await running.start(painter.run)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(ask)
        running.cancel_scope.cancel()
    assert len(refused) == 2
