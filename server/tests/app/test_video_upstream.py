"""A model whose videos are made elsewhere, from the configuration to its file."""

import json
from pathlib import Path

import pytest

from engines.comfyui.films import filmed
from fake_comfyui import FakeComfyUI
from fake_sd_server import SUBMIT_VIDEO, FakeSdServer
from fake_video_queue import QUEUE, FakeVideoQueue
from fondaco.app.engines import look_at_engines, opened_templates, opened_upstreams
from fondaco.configuration import load
from fondaco.domain.media.video import VideoTask
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings

ENGINE = """
[engines.films]
base_url = "{url}"
dialect = "video-queue"
models = {{ mine = "wan-2.5" }}
videos = {{ poll_s = 0.01, omit = ["resolution"] }}
"""
MODEL = """
[models.mine]
name = "Mine"
type = "video"
engines = ["films"]
price = { second_480p = 0.05, second_720p = 0.1, second_1080p = 0.2 }
[models.mine.video]
audio = true
audio_configurable = true
aspect_ratios = ["4:3"]
"""
ROWS = ENGINE.replace(', omit = ["resolution"]', "") + MODEL.replace("{", "{{").replace("}", "}}")


def loaded(home: Path, text: str) -> Settings:
    (home / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(home)}).settings


async def test_an_engine_of_the_configuration_makes_videos(tmp_path: Path) -> None:
    task = VideoTask(model="mine", prompt="Waves", seconds=5, width=640, height=480, audio=True)
    async with FakeVideoQueue() as fake:
        settings = loaded(tmp_path, ROWS.format(url=fake.base_url))
        async with (
            opened_templates() as templates,
            opened_upstreams(settings, templates) as upstreams,
        ):
            made = await upstreams.video_engines["films"].generate(task, lambda _: None)
            assert await upstreams.looks["films"]() == {"wan-2.5"}
            assert "films" not in upstreams.engines
    assert (made.width, made.height, made.seconds) == (640, 480, 5)
    [asked] = fake.asked_at(QUEUE)
    assert asked.body == {
        "model": "wan-2.5",
        "prompt": "Waves",
        "duration": "5s",
        "resolution": "480p",
        "aspect_ratio": "4:3",
        "audio": True,
    }


WORKFLOW = {
    "1": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{prompt}}"}},
    "2": {"class_type": "WanVideo", "inputs": {"frames": "{{frames}}", "fps": "{{fps}}"}},
    "3": {"class_type": "SaveVideo", "inputs": {"video": ["2", 0]}},
}
COMFY = """
[engines.films]
base_url = "{url}"
dialect = "comfyui"
videos = {{ fps = 24, workflows = {{ mine = "wan.json" }} }}
[models.mine]
name = "Mine"
type = "video"
engines = ["films"]
price = {{ second_480p = 0.05, second_720p = 0.1, second_1080p = 0.2 }}
[models.mine.video]
kind = "text-to-video"
"""


def with_workflow(home: Path, workflow: object) -> None:
    (home / "workflows").mkdir(exist_ok=True)
    (home / "workflows/wan.json").write_text(json.dumps(workflow))


async def test_a_workflow_of_the_configuration_makes_videos(tmp_path: Path) -> None:
    task = VideoTask(model="mine", prompt="Waves", seconds=5, width=640, height=480)
    with_workflow(tmp_path, WORKFLOW)
    async with FakeComfyUI() as fake:
        fake.plays = [filmed]
        settings = loaded(tmp_path, COMFY.format(url=fake.url))
        async with (
            opened_templates() as templates,
            opened_upstreams(settings, templates) as upstreams,
        ):
            made = await upstreams.video_engines["films"].generate(task, lambda _: None)
    assert (made.width, made.height, made.seconds) == (64, 48, 5)
    assert fake.jobs[0].nodes["2"]["inputs"] == {"frames": 121, "fps": 24}


SD_SERVER = """
[engines.films]
base_url = "{url}"
dialect = "sd-server"
models = {{ mine = "tiny-wan" }}
videos = {{ fps = 8, steps = 4 }}
[models.mine]
name = "Mine"
type = "video"
engines = ["films"]
price = {{ second_480p = 0.05, second_720p = 0.1, second_1080p = 0.2 }}
[models.mine.video]
kind = "text-to-video"
"""


async def test_an_sd_server_of_the_configuration_makes_videos(tmp_path: Path) -> None:
    task = VideoTask(model="mine", prompt="Waves", seconds=2, width=86, height=48)
    async with FakeSdServer(videos=True) as fake:
        settings = loaded(tmp_path, SD_SERVER.format(url=fake.url))
        async with (
            opened_templates() as templates,
            opened_upstreams(settings, templates) as upstreams,
        ):
            made = await upstreams.video_engines["films"].generate(task, lambda _: None)
        assert not (await look_at_engines(settings))["films"].names
    assert (made.width, made.height, made.seconds) == (86, 48, 2)
    body = fake.asked_at(SUBMIT_VIDEO)[0].body
    assert (body["video_frames"], body["fps"]) == (17, 8)
    assert body["sample_params"] == {"sample_steps": 4}


@pytest.mark.parametrize(
    ("changed", "text", "words"),
    [
        (
            {"4": {"class_type": "LoadImage", "inputs": {"image": "{{image}}"}}},
            COMFY,
            "begins with",
        ),
        ({}, COMFY.replace("text-to", "image-to"), "no node has the value"),
        ({}, COMFY.replace("text-to-video", "video"), r"no node has the value \{\{video\}\}"),
        (
            {"4": {"class_type": "LoadVideo", "inputs": {"file": "{{video}}"}}},
            COMFY,
            'has to be "video"',
        ),
        ({}, COMFY + "audio = true\nsoundtrack = true", "does not support it"),
        ({"3": {"class_type": "SaveImage", "inputs": {}}}, COMFY, "Add a SaveVideo node"),
        ({}, COMFY.replace("mine = ", "other = "), "runs no model 'other' of type video"),
    ],
)
def test_a_workflow_and_its_models_limits_fit_together(
    tmp_path: Path, changed: dict[str, object], text: str, words: str
) -> None:
    with_workflow(tmp_path, {**WORKFLOW, **changed})
    with pytest.raises(ConfigurationError, match=words):
        loaded(tmp_path, text.format(url="http://h:1"))


async def test_a_look_names_models_that_the_engine_lacks(tmp_path: Path) -> None:
    async with FakeVideoQueue() as fake:
        text = ROWS.format(url=fake.base_url)
        found = await look_at_engines(loaded(tmp_path, text), keys=True)
        assert not found["films"].names
        found = await look_at_engines(loaded(tmp_path, text.replace("wan-2.5", "wan-9")))
        assert found["films"].names == {"wan-9"}


AT = ENGINE.format(url="http://h/v1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            AT.replace("video-queue", "openai") + MODEL,
            "models.mine.engines names 'films', but of engines elsewhere only those with the dialect",
        ),
        (
            AT.replace("video-queue", "openai"),
            "engines.films.videos: the dialect 'openai' has no such table",
        ),
        (
            AT + MODEL.partition("[models.mine.video]")[0].replace('"video"', '"image"'),
            "models.mine.engines names 'films', whose dialect 'video-queue' runs models of type video only.",
        ),
        (
            AT.replace("video-queue", "comfyui"),
            "engines.films.videos.omit: the dialect 'comfyui' has no such setting.",
        ),
        (
            AT.replace("video-queue", "comfyui") + MODEL,
            "engines.films.videos.workflows.mine is missing. Name the file of the workflow that makes",
        ),
        (
            SD_SERVER.format(url="http://h:1") + "audio = true",
            "models.mine.video.audio: the dialect 'sd-server' makes videos without sound.",
        ),
        (
            SD_SERVER.format(url="http://h:1").replace("text-to-video", "video"),
            "models.mine.video.kind: models of the dialect 'sd-server' accept no source video.",
        ),
        (
            SD_SERVER.format(url="http://h:1").replace("fps = 8", "poll_s = 8"),
            "engines.films.videos.poll_s: the dialect 'sd-server' has no such setting.",
        ),
        (AT.replace("models =", "discover = true\nmodels ="), "engines.films.discover"),
        (AT.replace("resolution", "prompt"), "engines.films.videos.omit"),
        (AT + "images = {}\n", "engines.films.images: the dialect 'video-queue' has no such table"),
    ],
)
def test_what_cannot_be_meant_is_a_fault(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, text)
    assert words in str(refused.value)
