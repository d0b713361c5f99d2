"""Diffusion by the real library, on weights of noise: the contract, and all that shapes a picture."""

import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

import tiny_diffusion
from contracts.image_engine import Bench, ImageEngineContract, opened
from fondaco.domain.errors import (
    EditNotSupportedError,
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import STYLES
from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.engine import Diffusion
from fondaco.engines.diffusion.launch import DiffusionLaunch

TASK = ImageTask(model="tiny", prompt="a red boat", width=64, height=64, steps=1, seed=7)
PICTURE = Pixels(64, 64, bytes(range(256)) * 48)
EDIT = EditTask(model="tiny", prompt="a blue cat", picture=PICTURE, width=64, height=64, seed=7)


@pytest.fixture(scope="module")
async def engine(tiny_launch: DiffusionLaunch) -> AsyncGenerator[Diffusion]:
    engine = Diffusion({"tiny": tiny_launch}, name="diffusion", memory_bytes=3 * 2**30)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


async def drawn(engine: Diffusion, task: ImageTask = TASK) -> bytes:
    return opened((await engine.generate(task)).picture).tobytes()


@pytest.mark.long  # half a minute of CPU; test_child.py holds the contract over a binding of its own
class TestDiffusion(ImageEngineContract):
    @pytest.fixture
    def bench(self, engine: Diffusion) -> Bench:
        return Bench(engine, TASK)


async def test_what_a_task_asks_for_changes_the_picture(engine: Diffusion) -> None:
    tasks = [
        TASK,
        replace(TASK, prompt="a blue cat"),
        replace(TASK, steps=2),
        replace(TASK, seed=-7),
        replace(TASK, style=STYLES[0]),
        replace(TASK, cfg_scale=4.0),
        replace(TASK, cfg_scale=4.0, negative_prompt="a blue cat"),
    ]
    pictures = [await drawn(engine, task) for task in tasks]
    assert len(set(pictures)) == len(tasks)


async def test_a_negative_seed_repeats_as_any_other(engine: Diffusion) -> None:
    task = replace(TASK, seed=-999_999_999)
    assert await drawn(engine, task) == await drawn(engine, task)


async def test_a_size_between_those_that_the_model_has_is_cropped(engine: Diffusion) -> None:
    picture = opened((await engine.generate(replace(TASK, width=100, height=60))).picture)
    whole = opened((await engine.generate(replace(TASK, width=128, height=64))).picture)
    assert picture.size == (100, 60)
    assert picture.tobytes() == whole.crop((0, 0, 100, 60)).tobytes()


async def test_progress_is_seen_from_outside(engine: Diffusion) -> None:
    await drawn(engine)
    seen = set()

    async def look() -> None:
        while True:
            seen.add(engine.progress)
            await anyio.sleep(0.005)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look)
        await drawn(engine, replace(TASK, steps=12))
        tasks.cancel_scope.cancel()
    assert {of[1] for of in seen if of is not None} >= {12}
    assert engine.progress is None


async def test_a_prompt_does_not_command_the_engine(engine: Diffusion) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await engine.generate(replace(TASK, prompt="x <lora:/etc/secret:1>"))
    assert list(refused.value.faults) == ["prompt"]
    with pytest.raises(InvalidRequestError):
        await engine.edit(replace(EDIT, prompt="x <lora:/etc/secret:1>"))


async def test_an_edit_starts_from_the_picture(engine: Diffusion) -> None:
    other = replace(EDIT, picture=Pixels(64, 64, bytes(64 * 64 * 3)))
    found = [(await engine.edit(edit)).picture for edit in (EDIT, EDIT, other)]
    assert found[0] == found[1] != found[2]
    assert found[0] != (await engine.generate(replace(TASK, prompt="a blue cat", steps=2))).picture


async def test_an_edit_changes_only_what_the_mask_gives_free(engine: Diffusion) -> None:
    rows = b"".join(b"\0\0\0\xff" * 32 + b"\0\0\0\0" * 32 for _ in range(64))
    edit = replace(EDIT, mask=Pixels(64, 64, rows, 4))
    before, after = opened(PICTURE), opened((await engine.edit(edit)).picture)
    left, right = (0, 0, 32, 64), (32, 0, 64, 64)
    assert after.crop(left).tobytes() == before.crop(left).tobytes()
    assert after.crop(right).tobytes() != before.crop(right).tobytes()


async def test_an_edit_has_the_size_that_is_asked_for(engine: Diffusion) -> None:
    edit = replace(EDIT, picture=Pixels(100, 50, b"\x80" * 15_000), width=100, height=50)
    assert opened((await engine.edit(edit)).picture).size == (100, 50)


async def test_what_it_cannot_edit_is_refused(engine: Diffusion) -> None:
    with pytest.raises(EditNotSupportedError, match="transparent"):
        await engine.edit(replace(EDIT, transparent=True))
    with pytest.raises(EngineError, match="size"):
        await engine.edit(replace(EDIT, mask=Pixels(8, 8, bytes(256), 4)))


async def test_a_lora_works_as_strongly_as_it_is_asked_to(
    engine: Diffusion, tiny_launch: DiffusionLaunch, tmp_path: Path
) -> None:
    lora = tiny_diffusion.lora().write(tmp_path / "style.safetensors")
    launch = replace(tiny_launch, files={**tiny_launch.files, WeightRole.LORA: lora})
    other = Diffusion({"tiny": launch}, name="diffusion")
    async with anyio.create_task_group() as tasks:
        await tasks.start(other.run)
        full, half, none = [
            await drawn(other, replace(TASK, lora_strength=strength)) for strength in (None, 50, 0)
        ]
        tasks.cancel_scope.cancel()
    assert full != half != none
    assert none == await drawn(engine)


async def test_a_picture_that_is_cancelled_leaves_the_model_loaded(
    engine: Diffusion, tiny_launch: DiffusionLaunch
) -> None:
    await drawn(engine)
    pid = engine.pid("tiny")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drawn, engine, replace(TASK, steps=10_000))
        with anyio.fail_after(60):
            while engine.progress is None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    if tiny_launch.program(0).launch["binding"].endswith("cyllama_binding"):
        assert engine.pid("tiny") == pid
    with anyio.fail_after(60):
        await drawn(engine)


async def test_a_child_that_is_killed_in_a_picture_ends_that_call_alone(engine: Diffusion) -> None:
    await drawn(engine)
    pid = engine.pid("tiny")
    assert pid is not None

    async def kill() -> None:
        while engine.progress is None:  # noqa: ASYNC110 - likewise
            await anyio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill)
        with pytest.raises(EngineUnavailableError):
            await engine.generate(replace(TASK, steps=10_000))
    assert await drawn(engine)
    assert engine.pid("tiny") != pid


async def test_a_file_that_is_no_model_is_told(
    tiny_launch: DiffusionLaunch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(tiny_diffusion.packed({}))
    launch = replace(tiny_launch, files={WeightRole.MODEL: broken})
    engine = Diffusion({"tiny": launch}, name="diffusion")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        with pytest.raises(EngineUnavailableError, match="'tiny' could not be loaded"):
            await engine.generate(TASK)
        tasks.cancel_scope.cancel()


async def test_memory_beyond_the_limit_ends_the_call_and_not_the_server(
    tiny_launch: DiffusionLaunch,
) -> None:
    engine = Diffusion(
        {"tiny": replace(tiny_launch, threads=1)}, name="diffusion", memory_bytes=1_200 * 2**20
    )
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        await drawn(engine)
        with pytest.raises(EngineError):
            await engine.generate(replace(TASK, width=4_096, height=4_096))
        assert await drawn(engine)
        tasks.cancel_scope.cancel()


async def test_only_so_many_wait(tiny_launch: DiffusionLaunch) -> None:
    engine = Diffusion({"tiny": tiny_launch}, name="diffusion", queue=1)
    refused = []

    async def ask() -> None:
        try:
            await engine.generate(TASK)
        except EngineBusyError:
            refused.append(1)

    async with anyio.create_task_group() as running:
        await running.start(engine.run)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(ask)
        running.cancel_scope.cancel()
    assert len(refused) == 2
