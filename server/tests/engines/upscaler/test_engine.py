"""The upscaler as an engine: the contract, its child, its queue, and what it says without its files."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
import pytest

from contracts.image_engine import opened
from contracts.image_upscaler import Bench, ImageUpscalerContract, plain
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    ModelNotInstalledError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.image_upscale import Enhancement, UpscaleTask
from fondaco.domain.media.picture import Pixels
from fondaco.engines.upscaler.engine import Upscaler
from fondaco.engines.upscaler.launch import UpscalerLaunch
from fondaco.engines.upscaler.network import UpscalerNetworks
from fondaco.engines.upscaler.upscaling import upscale

MODEL = "fondaco-upscaler"
TASK = UpscaleTask(model=MODEL, picture=plain(), width=64, height=48)


def noisy(side: int) -> Pixels:
    """Return a picture that takes the network its time."""
    data = np.random.default_rng(4).integers(0, 256, side * side * 3, dtype=np.uint8)
    return Pixels(side, side, data.tobytes())


LONG = UpscaleTask(model=MODEL, picture=noisy(512), width=1024, height=1024)


@asynccontextmanager
async def running(
    launch: UpscalerLaunch, *, queue: int = 16, idle_s: float = 300.0
) -> AsyncGenerator[Upscaler]:
    engine = Upscaler({MODEL}, launch, name="upscaler", queue=queue, idle_s=idle_s)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


@pytest.fixture(scope="module")
async def upscaler(launch: UpscalerLaunch) -> AsyncGenerator[Upscaler]:
    async with running(launch) as engine:
        yield engine


class TestUpscaler(ImageUpscalerContract):
    @pytest.fixture
    def bench(self, upscaler: Upscaler) -> Bench:
        return Bench(upscaler, MODEL)


async def test_the_child_does_what_the_function_does(
    upscaler: Upscaler, networks: UpscalerNetworks
) -> None:
    picture = np.frombuffer(TASK.picture.data, np.uint8).reshape(24, 32, 3)
    result = (await upscaler.upscale(TASK)).picture
    assert opened(result).tobytes() == upscale(picture, 64, 48, networks).pixels.tobytes()


async def test_a_prompt_that_means_nothing_is_told(upscaler: Upscaler) -> None:
    for prompt, understood in (("gold", True), ("", True), ("qwrtp", False)):
        task = replace(TASK, enhancement=Enhancement(0.5, prompt))
        assert (await upscaler.upscale(task)).understood is understood


async def test_it_starts_with_the_first_picture_and_ends_when_it_is_idle(
    launch: UpscalerLaunch,
) -> None:
    async with running(launch, idle_s=0.1) as engine:
        await engine.probe()
        before = engine.pid
        assert before is None
        await engine.upscale(TASK)
        with anyio.fail_after(10):
            while engine.pid is not None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.05)
        await engine.upscale(TASK)


async def test_a_child_that_is_killed_in_a_picture_ends_that_call_alone(
    upscaler: Upscaler,
) -> None:
    await upscaler.upscale(TASK)
    pid = upscaler.pid
    assert pid is not None
    async with anyio.create_task_group() as tasks:

        async def fail() -> None:
            with pytest.raises(EngineError):
                await upscaler.upscale(LONG)

        tasks.start_soon(fail)
        await anyio.wait_all_tasks_blocked()
        os.kill(pid, signal.SIGKILL)
    assert (await upscaler.upscale(TASK)).picture == (await upscaler.upscale(TASK)).picture
    assert upscaler.pid != pid


async def test_cancelling_stops_the_work(upscaler: Upscaler) -> None:
    await upscaler.upscale(TASK)
    pid = upscaler.pid
    assert pid is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upscaler.upscale, LONG)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await upscaler.upscale(TASK)


async def test_a_picture_that_takes_too_long_is_given_up(launch: UpscalerLaunch) -> None:
    async with running(replace(launch, timeout_s=0.05)) as engine:
        with pytest.raises(EngineTimeoutError):
            await engine.upscale(LONG)
        assert engine.pid is None


async def test_so_many_wait_and_no_more(upscaler: Upscaler, launch: UpscalerLaunch) -> None:
    async with running(launch, queue=2) as engine, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(engine.upscale, LONG)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(EngineBusyError):
            await engine.upscale(TASK)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    "task",
    [
        replace(TASK, width=31),
        replace(TASK, width=129, height=96),
        replace(TASK, picture=Pixels(32, 24, b"short")),
    ],
)
async def test_a_task_that_cannot_be_done_is_an_error_and_leaves_it_running(
    upscaler: Upscaler, task: UpscaleTask
) -> None:
    await upscaler.upscale(TASK)
    pid = upscaler.pid
    with pytest.raises(EngineError):
        await upscaler.upscale(task)
    await upscaler.upscale(TASK)
    assert upscaler.pid == pid


async def test_without_its_files_the_error_names_the_command(
    launch: UpscalerLaunch, tmp_path: Path
) -> None:
    for lacking in (
        replace(launch, layers=tmp_path / "x"),
        replace(launch, weights=tmp_path / "x"),
        replace(launch, styles=tmp_path / "x"),
    ):
        engine = Upscaler({MODEL}, lacking, name="upscaler")
        with pytest.raises(ModelNotInstalledError, match="fondaco models pull fondaco-upscaler"):
            await engine.upscale(TASK)


async def test_a_file_that_is_no_network_is_an_error(
    launch: UpscalerLaunch, tmp_path: Path
) -> None:
    (tmp_path / "no.param").write_text("no network")
    async with running(replace(launch, layers=tmp_path / "no.param")) as engine:
        with pytest.raises(EngineUnavailableError, match="could not be loaded"):
            await engine.upscale(TASK)


async def test_without_its_libraries_the_error_names_the_command(launch: UpscalerLaunch) -> None:
    engine = Upscaler(
        {MODEL},
        launch,
        name="upscaler",
        unavailable=lambda: how_to_install("images"),
    )
    with pytest.raises(EngineUnavailableError, match=r"\./server\[images\]"):
        await engine.upscale(TASK)


@pytest.mark.long  # sixteen million pixels take half a minute
async def test_the_largest_picture_fits_the_memory_of_the_child(upscaler: Upscaler) -> None:
    side = 4096
    data = np.zeros((side, side, 4), np.uint8)
    data[::7, :, :] = 200
    task = UpscaleTask(
        model=MODEL,
        picture=Pixels(side, side, data.tobytes(), 4),
        width=side,
        height=side,
        enhancement=Enhancement(1.0, "gold"),
    )
    result = (await upscaler.upscale(task)).picture
    assert isinstance(result, Pixels)
    assert len(result.data) == side * side * 4
