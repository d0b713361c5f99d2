"""The editor as an engine: the contract, its sizes, masks, queue and child, and what it does without files."""

import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
import pytest

from contracts.image_editor import Bench, ImageEditorContract, array, half_mask, pixels_of
from contracts.image_engine import opened
from engines.editor.scenes import landscape, still_life
from fondaco.domain.errors import (
    EditNotSupportedError,
    EngineBusyError,
    EngineUnavailableError,
    ModelNotInstalledError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import Pixels
from fondaco.engines.editor.engine import Editor
from fondaco.engines.editor.launch import STYLES_FILE, SUBJECT_FILE
from fondaco.engines.editor.pixels.raster import Raster


def task_for(raster: Raster, prompt: str) -> EditTask:
    picture = pixels_of(raster.image)
    return EditTask(
        model="fondaco-editor",
        prompt=prompt,
        picture=picture,
        width=picture.width,
        height=picture.height,
        seed=7,
    )


TASK = task_for(landscape(64, 64), "Invert the colours")


class TestEditor(ImageEditorContract):
    @pytest.fixture
    def bench(self, editor: Editor) -> Bench:
        return Bench(editor, TASK, impossible="Add a dog")


async def test_an_instruction_may_change_the_size(editor: Editor) -> None:
    task = task_for(landscape(96, 64), "Rotate it 90 degrees to the left, then add a 4 px border")
    assert opened((await editor.edit(task)).picture).size == (72, 104)


async def test_a_size_that_was_asked_for_wins_over_the_instruction(editor: Editor) -> None:
    task = replace(
        task_for(landscape(96, 64), "Rotate it 90 degrees to the left"), width=50, height=50
    )
    assert opened((await editor.edit(task)).picture).size == (50, 50)


async def test_transparent_takes_the_background_away_as_well(editor: Editor) -> None:
    task = replace(task_for(still_life(), "Make it greyscale"), transparent=True)
    result = (await editor.edit(task)).picture
    assert isinstance(result, Pixels)
    assert result.channels == 4
    rgba = np.asarray(opened(result))
    assert rgba[128, 128, 3] == 255
    assert rgba[5, 5, 3] == 0
    assert (rgba[128, 128, 0] == rgba[128, 128, 1:3]).all()


async def test_a_mask_without_transparency_protects_everything(editor: Editor) -> None:
    opaque = Pixels(64, 64, b"\xff" * (64 * 64 * 3))
    result = (await editor.edit(replace(TASK, mask=opaque))).picture
    assert (array(result) == array(TASK.picture)).all()


@pytest.mark.parametrize("prompt", ["Rotate it left", "Crop to a square", "Add a border"])
async def test_what_changes_the_shape_does_not_go_with_a_mask(editor: Editor, prompt: str) -> None:
    with pytest.raises(EditNotSupportedError, match="mask"):
        await editor.edit(replace(TASK, prompt=prompt, mask=half_mask(TASK.picture)))


async def test_a_refusal_does_not_quote_the_instruction(editor: Editor) -> None:
    with pytest.raises(EditNotSupportedError, match=r"^Part 2 of the instruction asks for") as no:
        await editor.edit(replace(TASK, prompt="Make it greyscale and add a zebra"))
    assert "zebra" not in str(no.value)
    assert "greyscale" in str(no.value)


def bring_files(source: Path, target: Path) -> None:
    for name in (STYLES_FILE, SUBJECT_FILE):
        (target / name).symlink_to(source / name)


async def test_without_its_files_it_does_what_needs_none_until_they_come(
    tmp_path: Path, models_folder: Path
) -> None:
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=tmp_path)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        await editor.edit(TASK)
        for prompt in ("as a mosaic", "remove the background"):
            with pytest.raises(ModelNotInstalledError, match="fondaco models pull fondaco-editor"):
                await editor.edit(replace(TASK, prompt=prompt))
        bring_files(models_folder, tmp_path)
        await editor.edit(replace(TASK, prompt="as a mosaic"))
        tasks.cancel_scope.cancel()


async def test_a_child_that_is_killed_in_an_edit_ends_that_call_alone(editor: Editor) -> None:
    await editor.edit(TASK)
    pid = editor.pid
    assert pid is not None
    large = task_for(Raster(np.zeros((2000, 2000, 3), np.uint8)), "denoise it heavily, cartoon")

    async def kill() -> None:
        await anyio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill)
        with pytest.raises(EngineUnavailableError):
            await editor.edit(large)
    await editor.edit(TASK)
    assert editor.pid != pid


async def test_the_child_starts_with_a_picture_ends_when_idle_and_starts_again(
    models_folder: Path,
) -> None:
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=models_folder, idle_s=0.2)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        await editor.probe()
        assert not editor.pid  # it starts with the first picture
        await editor.edit(TASK)
        with anyio.fail_after(10):
            while editor.pid is not None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.05)
        await editor.edit(TASK)
        tasks.cancel_scope.cancel()


async def test_without_its_libraries_the_error_names_the_command(tmp_path: Path) -> None:
    editor = Editor(
        {"fondaco-editor"},
        name="editor",
        models_folder=tmp_path,
        unavailable=lambda: how_to_install("images"),
    )
    with pytest.raises(EngineUnavailableError, match=r"\./server\[images\]"):
        await editor.edit(TASK)
    with pytest.raises(EngineUnavailableError):
        await editor.probe()


@pytest.fixture
async def short_queue(models_folder: Path) -> AsyncGenerator[Editor]:
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=models_folder, queue=1)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        yield editor
        tasks.cancel_scope.cancel()


async def test_a_busy_editor_lets_only_so_many_wait(short_queue: Editor) -> None:
    refused = []

    async def ask() -> None:
        try:
            await short_queue.edit(TASK)
        except EngineBusyError:
            refused.append(1)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)
    assert len(refused) == 2


async def test_editing_stays_within_the_memory_that_the_child_has(editor: Editor) -> None:
    size = 4096  # 16.8 million pixels, half of the most
    picture = Pixels(size, size, np.zeros((size, size, 3), np.uint8).tobytes())
    task = replace(TASK, picture=picture, width=size, height=size, prompt="make it sepia")
    result = (await editor.edit(task)).picture
    assert isinstance(result, Pixels)
    assert (result.width, result.height) == (size, size)
