"""Videos by ComfyUI: the contract, what goes into a workflow, what comes out of it, and what is left there."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import pytest

from contracts.video_engine import Bench, VideoEngineContract, picture
from engines.comfyui.conftest import OPTIONS, node
from engines.comfyui.films import filmed
from fake_comfyui import FakeComfyUI, Running, status
from fondaco.clients.connect import connect
from fondaco.clients.websocket import open_websocket
from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.media.video import VideoTask
from fondaco.engines.comfyui.videos import ComfyVideoModel, ComfyVideos
from fondaco.engines.comfyui.workflow import Workflow

TASK = VideoTask(model="ours", prompt="A heron", seconds=1, width=64, height=48, seed=-1)
WAN = {
    "1": node("CLIPTextEncode", text="{{prompt}}"),
    "2": node("CLIPTextEncode", text="not {{negative_prompt}}"),
    "3": node("UNETLoader", unet_name="{{model}}"),
    "4": node("WanLatent", width="{{width}}", height="{{height}}", frames="{{frames}}"),
    "5": node("KSampler", seed="{{seed}}", steps="{{steps}}", seconds="{{seconds}}"),
    "6": node("VHS_VideoCombine", images=["5", 0], fps="{{fps}}"),
}
FROM_PICTURE = {
    **WAN,
    "6": node("SaveVideo", fps="{{fps}}"),
    "7": node("LoadImage", image="{{image}}"),
}
LIKE = {**WAN, "7": node("LoadVideo", file="{{video}}")}


def model(nodes: dict[str, Any]) -> ComfyVideoModel:
    return ComfyVideoModel("wan.gguf", Workflow.parse(json.dumps(nodes).encode(), videos=True))


@pytest.fixture
async def fake() -> AsyncGenerator[FakeComfyUI]:
    async with FakeComfyUI() as fake:
        fake.plays = [filmed] * 9
        yield fake


@pytest.fixture
async def engine(fake: FakeComfyUI) -> AsyncGenerator[ComfyVideos]:
    client = connect(fake.url, first_byte_timeout_s=5, total_timeout_s=20)
    models = {"ours": model(WAN), "begun": model(FROM_PICTURE), "like": model(LIKE)}
    yield ComfyVideos("comfy", client, partial(open_websocket, fake.url), models, OPTIONS)
    await client.aclose()


class TestComfyVideos(VideoEngineContract):
    @pytest.fixture
    def bench(self, engine: ComfyVideos) -> Bench:
        return Bench(engine, TASK, sound=False)

    @pytest.mark.parametrize(("width", "height"), [(64, 48), (48, 64), (96, 48)])
    async def test_a_video_has_the_size_and_the_duration_that_were_asked_for(
        self, bench: Bench, width: int, height: int
    ) -> None:
        """Sides are multiples of 16, or else rounded up to one."""
        await super().test_a_video_has_the_size_and_the_duration_that_were_asked_for(
            bench, width, height
        )


async def test_a_workflow_gets_all_that_the_task_says(
    engine: ComfyVideos, fake: FakeComfyUI
) -> None:
    made = await engine.generate(
        replace(TASK, negative_prompt="people", width=854, height=480, seconds=5), lambda _: None
    )
    nodes = {node_id: one["inputs"] for node_id, one in fake.jobs[0].nodes.items()}
    assert (nodes["1"]["text"], nodes["2"]["text"]) == ("A heron", "not people")
    assert nodes["3"] == {"unet_name": "wan.gguf"}
    assert nodes["4"] == {"width": 864, "height": 480, "frames": 81}
    assert nodes["5"] == {"seed": 2**31 - 1, "steps": 20, "seconds": 5}
    assert nodes["6"]["fps"] == 16
    assert (made.width, made.height, made.seconds) == (864, 480, 5)


async def test_a_video_begins_with_its_picture_which_does_not_stay_there(
    engine: ComfyVideos, fake: FakeComfyUI
) -> None:
    task = replace(TASK, model="begun", picture=picture())
    made = await engine.generate(task, lambda _: None)
    assert video_header(made.file).seconds == 1
    [(name, (first, last))] = fake.uploads.items()
    assert fake.jobs[0].nodes["7"]["inputs"] == {"image": f"{name} [temp]"}
    assert len(first) > len(last)
    assert not fake.history, "the prompts are forgotten"
    with pytest.raises(EngineError, match="needs a source image"):
        await engine.generate(replace(task, picture=None), lambda _: None)


async def test_a_video_goes_by_another_which_does_not_stay_there(
    engine: ComfyVideos, fake: FakeComfyUI
) -> None:
    file = b"\0\0\0\x18ftypmp42" + bytes(999)
    task = replace(TASK, model="like", reference=file)
    await engine.generate(task, lambda _: None)
    [(name, (first, last))] = fake.uploads.items()
    assert fake.jobs[0].nodes["7"]["inputs"] == {"file": f"{name} [temp]"}
    assert first == file
    assert len(last) < 100
    with pytest.raises(EngineError, match="needs a source video"):
        await engine.generate(replace(task, reference=None), lambda _: None)


async def test_progress_is_that_of_the_node_that_samples(
    engine: ComfyVideos, fake: FakeComfyUI
) -> None:
    told: list[float] = []
    await engine.generate(TASK, told.append)
    assert max(told) == 0.05
    assert told == sorted(told)


async def test_a_prompt_commands_nothing(engine: ComfyVideos, fake: FakeComfyUI) -> None:
    with pytest.raises(InvalidRequestError, match="instructions to the engine"):
        await engine.generate(replace(TASK, prompt="a __bird__"), lambda _: None)
    assert not fake.jobs


async def test_a_call_that_is_left_interrupts_its_job(
    engine: ComfyVideos, fake: FakeComfyUI
) -> None:
    fake.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK, lambda _: None)
        await fake.sampling.wait()
        tasks.cancel_scope.cancel()
    assert fake.jobs[0].interrupted.is_set()
    assert not fake.history


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {"gifs": []},
        {"gifs": [{"filename": "x.webm", "subfolder": "", "type": "output"}]},
        {"gifs": [{"filename": "../x.mp4", "subfolder": "", "type": "output"}]},
        {"gifs": [{"filename": "x.mp4", "subfolder": "../..", "type": "output"}]},
        {"gifs": [{"filename": "x.mp4", "subfolder": "", "type": "input"}]},
        {"gifs": [{"filename": "gone.mp4", "subfolder": "", "type": "output"}]},
        {"videos": [{"filename": "page.mp4", "subfolder": "", "type": "output"}]},
        {"videos": 7, "gifs": [7], "images": {"filename": "x.mp4"}},
    ],
)
async def test_a_job_without_a_video_is_the_engines_failure(
    engine: ComfyVideos, fake: FakeComfyUI, listed: dict[str, object]
) -> None:
    async def odd(_: FakeComfyUI, job: Running) -> dict[str, Any]:
        return {"outputs": {"6": listed}, **status("success")}

    fake.disk["output", "", "page.mp4"] = b"<html>"
    fake.plays = [odd]
    with pytest.raises(EngineError):
        await engine.generate(TASK, lambda _: None)
