"""Videos of engines elsewhere made into MP4 files: the longest ones, their progress, and children that end."""

import sys
from pathlib import Path

import anyio
import pytest

import toy_videos
from fondaco.domain.errors import EngineTimeoutError, EngineUnavailableError
from fondaco.domain.media.mp4_file import video_header
from fondaco.engines.common.videos.remaking import PROGRAM, WantedVideo, remade
from fondaco.workers.worker import Program


async def test_the_longest_video_has_room_for_its_index() -> None:
    file = toy_videos.avi(60 * 60, 32, 32, fps=60)
    told: list[tuple[int, int]] = []
    made = await remade(
        file,
        WantedVideo(32, 32, 60, 60),
        lambda done, total: told.append((done, total)),
        engine="e",
        model="m",
    )
    assert made.seconds == 60
    assert (video_header(made.file).seconds, made.width, made.height) == (60, 32, 32)
    assert made.file.index(b"moov") < made.file.index(b"mdat"), "it plays while it is loaded"
    assert told == sorted(told)
    assert {total for _, total in told} == {3_600}


def children() -> set[str]:
    """Return the ids of this process's children."""
    lists = Path("/proc/self/task").glob("*/children")
    return {child for one in lists for child in one.read_text().split()}


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux lists the children of a process.")
async def test_one_that_is_left_leaves_no_child_behind() -> None:
    file = toy_videos.avi(240, 320, 240, fps=24)
    before, begun = children(), anyio.Event()

    async def make() -> None:
        wanted = WantedVideo(320, 240, 10, 24)
        await remade(file, wanted, lambda *_: begun.set(), engine="e", model="m")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(make)
        with anyio.fail_after(60):
            await begun.wait()
        assert children() > before
        tasks.cancel_scope.cancel()
    assert children() <= before


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (Program("fondaco.no_such_module", {}), EngineUnavailableError),
        (Program(PROGRAM.module, {"memory_bytes": 1}), EngineUnavailableError),
        (Program(PROGRAM.module, PROGRAM.launch, answer_timeout_s=1e-6), EngineTimeoutError),
    ],
)
async def test_a_child_that_cannot_do_it_is_an_engine_that_is_not_there(
    program: Program, kind: type[Exception]
) -> None:
    file = toy_videos.avi(17, 64, 48)
    with pytest.raises(kind):
        await remade(
            file,
            WantedVideo(64, 48, 1, 16),
            lambda *_: None,
            engine="e",
            model="m",
            program=program,
        )
