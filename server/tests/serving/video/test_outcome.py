"""What counts as the video that an engine was asked for."""

import pytest

from fondaco.domain.errors import EngineError
from fondaco.domain.media.video import VideoTask
from fondaco.ports import GeneratedVideo
from fondaco.serving.video.outcome import expect_video
from toy_camera import mp4_file

TASK = VideoTask(model="m", prompt="x", seconds=5, width=854, height=480, audio=True)


def made(width: int = 854, height: int = 480, seconds: float = 5, *, sound: bool = True) -> None:
    file = mp4_file(seconds, width, height, sound=sound)
    expect_video(GeneratedVideo(file, seconds, width, height), TASK)


@pytest.mark.parametrize(("width", "height"), [(854, 480), (832, 480), (848, 496), (864, 464)])
def test_sides_may_be_rounded(width: int, height: int) -> None:
    made(width, height, 5.04)


@pytest.mark.parametrize(("width", "height"), [(480, 854), (640, 480), (854, 512), (1280, 720)])
def test_another_size_is_another_video(width: int, height: int) -> None:
    with pytest.raises(EngineError, match=f"{width} x {height}"):
        made(width, height)


def test_another_duration_and_silence_are_refused() -> None:
    with pytest.raises(EngineError, match="4 seconds"):
        made(seconds=4)
    with pytest.raises(EngineError, match="without sound"):
        made(sound=False)
