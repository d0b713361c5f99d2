"""The contract of image engines, as a suite to be run against each of them.

Subclass `ImageEngineContract` as `Test...` and give it the fixture `bench`.
"""

from dataclasses import dataclass, replace
from io import BytesIO

import anyio
import pytest
from PIL import Image

from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import Picture, PictureFile, Pixels
from fondaco.ports import ImageEngine
from idle import all_tasks_blocked

_TIMEOUT_S = 120


@dataclass
class Bench:
    """An engine under test."""

    engine: ImageEngine
    task: ImageTask
    """A small one that the engine does."""
    repeats: bool = True
    """Whether the same task gives the same picture, and another seed another one."""

    async def draw(self, task: ImageTask | None = None) -> Picture:
        with anyio.fail_after(_TIMEOUT_S):
            return (await self.engine.generate(task or self.task)).picture


def opened(picture: Picture) -> Image.Image:
    """Return a picture as Pillow has it."""
    match picture:
        case Pixels():
            mode = {3: "RGB", 4: "RGBA"}[picture.channels]
            return Image.frombytes(mode, (picture.width, picture.height), picture.data)
        case PictureFile():
            with Image.open(BytesIO(picture.data)) as image:
                image.load()
                return image


class ImageEngineContract:
    """What each image engine owes its callers."""

    @pytest.mark.parametrize(("width", "height"), [(64, 64), (128, 64), (64, 192)])
    async def test_a_picture_has_the_size_that_was_asked_for(
        self, bench: Bench, width: int, height: int
    ) -> None:
        task = replace(bench.task, width=width, height=height)
        assert opened(await bench.draw(task)).size == (width, height)

    async def test_the_same_task_gives_the_same_picture(self, bench: Bench) -> None:
        if not bench.repeats:
            pytest.skip("This engine takes no seed.")
        first, second = await bench.draw(), await bench.draw()
        other = await bench.draw(replace(bench.task, seed=bench.task.seed + 1))
        assert opened(first).tobytes() == opened(second).tobytes() != opened(other).tobytes()

    @pytest.mark.parametrize(
        "prompt",
        [
            " ",
            "\0",
            "\ud800",
            "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}",
            "<b>%s</b> {0}",
            "x" * 150,
        ],
    )
    async def test_odd_prompts_give_pictures_too(self, bench: Bench, prompt: str) -> None:
        assert opened(await bench.draw(replace(bench.task, prompt=prompt))).size == (64, 64)

    async def test_tasks_at_the_same_time_get_their_own_pictures(self, bench: Bench) -> None:
        found: dict[int, bytes] = {}

        async def ask(seed: int) -> None:
            found[seed] = opened(await bench.draw(replace(bench.task, seed=seed))).tobytes()

        async with anyio.create_task_group() as tasks:
            for seed in range(4):
                tasks.start_soon(ask, seed)
        assert len(found) == 4
        if bench.repeats:
            assert len(set(found.values())) == 4
            for seed, pixels in found.items():
                alone = await bench.draw(replace(bench.task, seed=seed))
                assert opened(alone).tobytes() == pixels

    async def test_after_a_task_that_was_cancelled_others_are_done(self, bench: Bench) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.draw)
            await all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert opened(await bench.draw()).size == (64, 64)

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.draw(replace(bench.task, model="another"))

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()
