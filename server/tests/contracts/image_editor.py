"""The contract of image editors, as a suite to be run against each of them.

Subclass `ImageEditorContract` as `Test...` and give it the fixture `bench`.
"""

import contextlib
from dataclasses import dataclass, replace

import anyio
import numpy as np
import pytest
from PIL import Image

from contracts.image_engine import opened
from fondaco.domain.errors import EditNotSupportedError, EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import RGBA, Picture, Pixels
from fondaco.ports import ImageEditor
from idle import all_tasks_blocked

_TIMEOUT_S = 120


@dataclass
class Bench:
    """An editor under test."""

    editor: ImageEditor
    task: EditTask
    """One that the editor does, and that changes its picture in every part, but not its size."""
    impossible: str | None = None
    """An instruction that it cannot carry out; None if it attempts them all."""
    masks: bool = True
    """Whether it leaves alone, exactly, what a mask protects."""

    async def edit(self, task: EditTask | None = None) -> Picture:
        with anyio.fail_after(_TIMEOUT_S):
            return (await self.editor.edit(task or self.task)).picture


def array(picture: Picture) -> "np.typing.NDArray[np.uint8]":
    """Return a picture's colours."""
    return np.asarray(opened(picture).convert("RGB"))


def pixels_of(image: Image.Image) -> Pixels:
    """Return a picture of Pillow's, RGB or RGBA, as engines get it."""
    return Pixels(image.width, image.height, image.tobytes(), RGBA if image.mode == "RGBA" else 3)


def half_mask(picture: Pixels) -> Pixels:
    """Return a mask that lets the left half of a picture change."""
    alpha = np.full((picture.height, picture.width), 255, np.uint8)
    alpha[:, : picture.width // 2] = 0
    rgba = np.dstack([np.zeros_like(alpha)] * 3 + [alpha])
    return Pixels(picture.width, picture.height, rgba.tobytes(), RGBA)


class ImageEditorContract:
    """What each editor owes its callers."""

    async def test_an_edit_changes_the_picture_and_keeps_its_size(self, bench: Bench) -> None:
        task = bench.task
        result = opened(await bench.edit())
        assert result.size == (task.width, task.height)
        assert (array(await bench.edit()) != array(task.picture)).any()

    @pytest.mark.parametrize(("width", "height"), [(96, 96), (128, 64), (64, 160)])
    async def test_a_result_has_the_size_that_was_asked_for(
        self, bench: Bench, width: int, height: int
    ) -> None:
        task = replace(bench.task, width=width, height=height)
        assert opened(await bench.edit(task)).size == (width, height)

    async def test_the_same_task_gives_the_same_picture(self, bench: Bench) -> None:
        first, second = await bench.edit(), await bench.edit()
        assert opened(first).tobytes() == opened(second).tobytes()

    async def test_a_mask_protects_what_is_opaque_in_it(self, bench: Bench) -> None:
        if not bench.masks:
            pytest.skip("This engine takes no mask.")
        task = replace(bench.task, mask=half_mask(bench.task.picture))
        before, after = array(task.picture), array(await bench.edit(task))
        middle = task.picture.width // 2
        assert (after[:, middle:] == before[:, middle:]).all()
        assert (after[:, :middle] != before[:, :middle]).any()

    async def test_a_picture_with_transparency_is_edited_too(self, bench: Bench) -> None:
        image = opened(bench.task.picture).convert("RGBA")
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        task = replace(bench.task, picture=pixels_of(image))
        assert opened(await bench.edit(task)).size == image.size

    @pytest.mark.parametrize(
        "prompt",
        [
            " ",
            "\0",
            "\ud800",
            "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}",
            "<b>%s</b> {0}",
            "x" * 1_500,
            "please " * 200,
        ],
    )
    async def test_an_odd_instruction_is_done_or_refused(self, bench: Bench, prompt: str) -> None:
        with contextlib.suppress(EditNotSupportedError):
            result = opened(await bench.edit(replace(bench.task, prompt=prompt)))
            assert result.size == (bench.task.width, bench.task.height)

    async def test_what_it_cannot_do_is_refused_with_what_it_can(self, bench: Bench) -> None:
        if bench.impossible is None:
            pytest.skip("This engine attempts every instruction.")
        with pytest.raises(EditNotSupportedError, match="can ") as refused:
            await bench.edit(replace(bench.task, prompt=bench.impossible))
        assert refused.value.status == 422

    async def test_tasks_at_the_same_time_get_their_own_pictures(self, bench: Bench) -> None:
        found: dict[int, bytes] = {}

        def rolled(number: int) -> EditTask:
            turned = np.roll(array(bench.task.picture), 7 * number, 1)
            return replace(bench.task, picture=pixels_of(Image.fromarray(turned)))

        async def ask(number: int) -> None:
            found[number] = opened(await bench.edit(rolled(number))).tobytes()

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(ask, number)
        assert len(set(found.values())) == 4
        for number, result in found.items():
            assert opened(await bench.edit(rolled(number))).tobytes() == result

    async def test_after_a_task_that_was_cancelled_others_are_done(self, bench: Bench) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.edit)
            await all_tasks_blocked()
            tasks.cancel_scope.cancel()
        task = bench.task
        assert opened(await bench.edit()).size == (task.width, task.height)

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.edit(replace(bench.task, model="another"))

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.editor.probe()
