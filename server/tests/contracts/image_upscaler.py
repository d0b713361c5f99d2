"""The contract of upscalers, as a suite to be run against each of them.

Subclass `ImageUpscalerContract` as `Test...` and give it the fixture `bench`.
"""

from dataclasses import dataclass, replace

import anyio
import pytest
from PIL import Image

from contracts.image_engine import opened
from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_upscale import Enhancement, UpscaleTask
from fondaco.domain.media.picture import Picture, Pixels
from fondaco.ports import ImageUpscaler
from idle import all_tasks_blocked

_TIMEOUT_S = 120


@dataclass
class Bench:
    """An upscaler under test."""

    engine: ImageUpscaler
    model: str
    """One that it runs."""
    enhances: bool = True
    """Whether it enhances pictures."""

    def task(
        self,
        picture: Pixels,
        scale: float = 2.0,
        enhancement: Enhancement | None = None,
    ) -> UpscaleTask:
        return UpscaleTask(
            model=self.model,
            picture=picture,
            width=round(picture.width * scale),
            height=round(picture.height * scale),
            enhancement=enhancement,
        )

    async def upscaled(self, task: UpscaleTask) -> Picture:
        with anyio.fail_after(_TIMEOUT_S):
            return (await self.engine.upscale(task)).picture


def plain(width: int = 32, height: int = 24, colour: str = "#c04020", mode: str = "RGB") -> Pixels:
    """Return a picture of one colour, half of it darker."""
    image = Image.new(mode, (width, height), colour)
    image.paste("#204060", (0, 0, max(1, width // 2), height))
    return Pixels(width, height, image.tobytes(), 4 if mode == "RGBA" else 3)


class ImageUpscalerContract:
    """What each upscaler owes its callers."""

    @pytest.mark.parametrize("scale", [1.01, 1.5, 2.0, 3.0, 4.0])
    async def test_a_result_has_the_size_that_was_asked_for(
        self, bench: Bench, scale: float
    ) -> None:
        task = bench.task(plain(), scale)
        assert opened(await bench.upscaled(task)).size == (task.width, task.height)

    @pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (33, 17), (3, 200)])
    async def test_pictures_of_odd_sizes_are_enlarged_too(
        self, bench: Bench, size: tuple[int, int]
    ) -> None:
        task = bench.task(plain(*size))
        assert opened(await bench.upscaled(task)).size == (task.width, task.height)

    async def test_a_result_shows_the_picture(self, bench: Bench) -> None:
        picture = plain()
        result = opened(await bench.upscaled(bench.task(picture, 4.0)))
        again = result.resize((picture.width, picture.height), Image.Resampling.BOX)
        for place in ((2, 2), (4, 20), (28, 3), (30, 20)):
            for seen, given in zip(pixel(again, place), pixel(opened(picture), place), strict=True):
                assert abs(seen - given) <= 12

    async def test_transparency_stays(self, bench: Bench) -> None:
        picture = plain(mode="RGBA", colour="#c0402000")
        result = opened(await bench.upscaled(bench.task(picture)))
        assert result.mode == "RGBA"
        assert pixel(result, (4, 10))[3] == 255
        assert pixel(result, (60, 10))[3] == 0

    async def test_the_same_task_gives_the_same_picture(self, bench: Bench) -> None:
        task = bench.task(plain(), 2.5)
        first, second = await bench.upscaled(task), await bench.upscaled(task)
        assert opened(first).tobytes() == opened(second).tobytes()

    async def test_at_a_scale_of_1_it_only_enhances(self, bench: Bench) -> None:
        if not bench.enhances:
            pytest.skip("This engine only enlarges.")
        picture = plain()
        result = await bench.upscaled(bench.task(picture, 1.0, Enhancement(0.7, "gold")))
        assert opened(result).size == (picture.width, picture.height)
        assert opened(result).tobytes() != picture.data

    @pytest.mark.parametrize("prompt", [" ", "\0", "\ud800", "<b>%s</b> {0}", "x" * 1500])
    async def test_odd_prompts_give_pictures_too(self, bench: Bench, prompt: str) -> None:
        if not bench.enhances:
            pytest.skip("This engine only enlarges.")
        task = bench.task(plain(), 2.0, Enhancement(0.5, prompt))
        assert opened(await bench.upscaled(task)).size == (task.width, task.height)

    async def test_tasks_at_the_same_time_get_their_own_pictures(self, bench: Bench) -> None:
        found: dict[str, tuple[int, ...]] = {}

        async def ask(colour: str) -> None:
            result = opened(await bench.upscaled(bench.task(plain(colour=colour))))
            found[colour] = pixel(result, (56, 20))

        async with anyio.create_task_group() as tasks:
            for colour in ("#ff0000", "#00ff00", "#0000ff"):
                tasks.start_soon(ask, colour)
        for band, colour in enumerate(("#ff0000", "#00ff00", "#0000ff")):
            assert found[colour][band] > 200
            assert sum(found[colour]) < 300

    async def test_after_a_task_that_was_cancelled_others_are_done(self, bench: Bench) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.upscaled, bench.task(plain(128, 128), 4.0))
            await all_tasks_blocked()
            tasks.cancel_scope.cancel()
        task = bench.task(plain())
        assert opened(await bench.upscaled(task)).size == (task.width, task.height)

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.upscaled(replace(bench.task(plain()), model="another"))

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()


def pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    """Return the bands of a pixel."""
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return tuple(map(int, found))
