"""The contract of video engines, as a suite to be run against each of them.

Subclass `VideoEngineContract` as `Test...` and give it the fixture `bench`.
"""

from dataclasses import dataclass, replace

import anyio
import pytest

from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.ports import GeneratedVideo, VideoEngine

_TIMEOUT_S = 120


@dataclass
class Bench:
    """An engine under test."""

    engine: VideoEngine
    task: VideoTask
    """A small one that the engine does, without a picture and without sound."""
    sound: bool = True
    """Whether it makes sound."""

    async def made(self, task: VideoTask | None = None) -> GeneratedVideo:
        with anyio.fail_after(_TIMEOUT_S):
            return await self.engine.generate(task or self.task, lambda _: None)


def picture(width: int = 48, height: int = 32) -> Pixels:
    """Return a picture of two colours."""
    row = b"\xc0\x40\x20" * (width // 2) + b"\x20\x40\x60" * (width - width // 2)
    return Pixels(width, height, row * height)


class VideoEngineContract:
    """What each video engine owes its callers."""

    @pytest.mark.parametrize(("width", "height"), [(64, 48), (48, 64), (86, 48)])
    async def test_a_video_has_the_size_and_the_duration_that_were_asked_for(
        self, bench: Bench, width: int, height: int
    ) -> None:
        task = replace(bench.task, width=width, height=height)
        made = await bench.made(task)
        header = video_header(made.file)
        assert (header.width, header.height) == (made.width, made.height) == (width, height)
        assert header.seconds == pytest.approx(task.seconds, abs=0.1)
        assert made.seconds == pytest.approx(task.seconds, abs=0.1)
        assert not header.sound

    async def test_a_video_begins_with_the_picture_that_was_given(self, bench: Bench) -> None:
        for given in (picture(), picture(31, 77), picture(1, 1)):
            task = replace(bench.task, picture=given)
            made = await bench.made(task)
            assert (made.width, made.height) == (task.width, task.height)

    async def test_sound_is_there_where_it_is_asked_for(self, bench: Bench) -> None:
        if not bench.sound:
            pytest.skip("This engine makes no sound.")
        made = await bench.made(replace(bench.task, audio=True))
        header = video_header(made.file)
        assert header.sound
        assert header.seconds == pytest.approx(bench.task.seconds, abs=0.1)

    @pytest.mark.parametrize("soundtrack", [b"", b"RIFF", b"ID3" + b"\0" * 200, b"\xff" * 999])
    async def test_a_soundtrack_that_is_none_is_the_callers_fault(
        self, bench: Bench, soundtrack: bytes
    ) -> None:
        if not bench.sound:
            pytest.skip("This engine makes no sound.")
        with pytest.raises(InvalidRequestError) as caught:
            await bench.made(replace(bench.task, audio=True, soundtrack=soundtrack))
        assert list(caught.value.faults) == ["audio_url"]

    async def test_progress_grows_from_0_to_1(self, bench: Bench) -> None:
        told: list[float] = []
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.generate(bench.task, told.append)
        assert told
        assert told == sorted(told)
        assert 0 <= told[0] <= told[-1] <= 1

    async def test_the_same_task_gives_the_same_video(self, bench: Bench) -> None:
        first, second = await bench.made(), await bench.made()
        assert first.file == second.file

    @pytest.mark.parametrize("prompt", [" ", "\0", "\ud800", "<b>%s</b> {0}", "x" * 2500])
    async def test_odd_prompts_give_videos_too(self, bench: Bench, prompt: str) -> None:
        made = await bench.made(replace(bench.task, prompt=prompt, negative_prompt=prompt))
        assert (made.width, made.height) == (bench.task.width, bench.task.height)

    async def test_tasks_at_the_same_time_get_their_own_videos(self, bench: Bench) -> None:
        sizes = [(48, 48), (64, 48), (48, 64)]
        found: dict[tuple[int, int], tuple[int, int]] = {}

        async def ask(width: int, height: int) -> None:
            header = video_header(
                (await bench.made(replace(bench.task, width=width, height=height))).file
            )
            found[width, height] = header.width, header.height

        async with anyio.create_task_group() as tasks:
            for size in sizes:
                tasks.start_soon(ask, *size)
        assert found == {size: size for size in sizes}

    async def test_after_a_task_that_was_cancelled_others_are_done(self, bench: Bench) -> None:
        large = replace(bench.task, width=640, height=480)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.made, large)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        made = await bench.made()
        assert (made.width, made.height) == (bench.task.width, bench.task.height)

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.made(replace(bench.task, model="another"))

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()
