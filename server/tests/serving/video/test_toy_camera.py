"""The toy camera passes the contract of video engines, so that it may stand in for one."""

import pytest

from contracts.video_engine import Bench, VideoEngineContract
from fondaco.domain.media.video import VideoTask
from toy_camera import ToyCamera


class TestToyCamera(VideoEngineContract):
    @pytest.fixture
    def bench(self) -> Bench:
        task = VideoTask(model="toy-camera", prompt="Pan over it", seconds=1, width=64, height=48)
        return Bench(ToyCamera(), task)
