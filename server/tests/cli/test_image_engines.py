"""Engines of images added and tested from the command line, and pictures that they make then."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

import toy_pictures
from cli.test_engines import add, error, shown
from cli_program import Fondaco
from fake_automatic1111 import CHECKPOINTS, FakeAutomatic1111
from fake_comfyui import FakeComfyUI, loader
from fake_engines import FakeEngine, serving_engine
from fake_sd_server import FakeSdServer, recorded
from fake_upstream import FakeUpstream, in_thread
from fondaco.configuration.schema import dotted
from fondaco.engines.comfyui.workflow import built_in
from program import Program, program

SAMPLERS = [{"name": "Euler a", "aliases": ["k_euler_a"], "options": {}}]
KSAMPLER = {
    "KSampler": {
        "input": {
            "required": {
                "sampler_name": [["euler"]],
                "scheduler": ["COMBO", {"options": ["normal"]}],
            }
        }
    }
}


def automatic1111() -> FakeEngine:
    return FakeEngine(
        {
            "/sdapi/v1/sd-models": CHECKPOINTS,
            "/sdapi/v1/samplers": SAMPLERS,
            "/sdapi/v1/schedulers": [{"name": "karras", "label": "Karras"}],
        }
    )


def sd_server() -> FakeEngine:
    paths = ("/v1/models", "/sdcpp/v1/capabilities", "/sdapi/v1/sd-models", "/sdapi/v1/samplers")
    return FakeEngine({path: recorded(f"GET {path}") for path in paths})


def comfyui() -> FakeEngine:
    return FakeEngine(
        {
            "/models": ["checkpoints", "loras"],
            "/object_info/CheckpointLoaderSimple": loader(
                ["sdxl/base_1.0.safetensors", "heron_v8.ckpt"]
            ),
            "/object_info/SaveImageWebsocket": {"SaveImageWebsocket": {"input": {}}},
            "/object_info/KSampler": KSAMPLER,
        }
    )


ENGINES = {
    "automatic1111": (automatic1111, ["anime/heron", "v1-5-pruned"], (512, 8, 20)),
    "sd-server": (sd_server, ["flux"], (512, 64, 2)),
    "comfyui": (comfyui, ["sdxl/base_1.0", "heron_v8"], (1024, 8, 20)),
}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("dialect", ENGINES)
def test_an_engine_of_images_is_one_command(fondaco: Fondaco, dialect: str, *, named: bool) -> None:
    fake, models, (side, divisor, steps) = ENGINES[dialect]
    with serving_engine(fake()) as engine:
        told = add(fondaco, engine.url + "/", *(["--dialect", dialect] if named else []))
        assert (told["name"], told["dialect"], told["models"]) == (dialect, dialect, models)
        assert told["baseUrl"] == engine.url
        tested = fondaco("engines", "test", "--json").json
        assert isinstance(tested, list)
        assert (tested[0]["answers"], tested[0]["unlisted"]) == (True, [])
    row = shown(fondaco, dotted(("models", models[0])) + ".")
    assert (row["type"], row["engines"], row["privacy"]) == ("image", [dialect], "private")
    assert (row["image.width"], row["image.divisor"], row["image.steps"]) == (side, divisor, steps)
    assert row["image.parameters"] == ["negative_prompt", "steps", "cfg_scale", "seed"]
    assert (row["price.generation"], row["price.inpaint"]) == ("0", "0")
    assert shown(fondaco, f"engines.{dialect}.")["discover"] is True
    checked = fondaco("config", "check")
    assert (checked.code, checked.err) == (0, "")


def test_a_path_of_an_api_is_no_part_of_its_address(fondaco: Fondaco) -> None:
    with serving_engine(sd_server()) as engine:
        assert add(fondaco, f"{engine.url}/v1")["baseUrl"] == engine.url
        assert add(fondaco, f"{engine.url}/v1", "--dialect", "openai")["dialect"] == "openai"


def test_one_price_is_of_an_image(fondaco: Fondaco) -> None:
    with serving_engine(comfyui()) as engine:
        refused = fondaco("engines", "add", engine.url, "--price", "0.2/0.9")
        assert "is not a price of images. Write USD per image" in " ".join(refused.err.split())
        add(fondaco, engine.url, "--price", "0.02")
    assert shown(fondaco, "models.heron_v8.")["price.generation"] == "0.02"
    assert shown(fondaco, "engines.comfyui.")["price.inpaint"] == "0.02"


def test_a_user_and_a_password_are_a_login(fondaco: Fondaco) -> None:
    fake = automatic1111()
    with serving_engine(fake) as engine:
        login = base64.b64encode(b"me:secret").decode()
        fake.authorization = f"Basic {login}"
        url, arguments = engine.url, ("--dialect", "automatic1111", "--key-env", "LOGIN")
        assert "refused this server's key" in error(
            fondaco("engines", "add", url, *arguments, LOGIN="me:wrong"), 6
        )
        assert add(fondaco, url, *arguments, LOGIN="me:secret")["name"] == "automatic1111"
        assert fondaco("engines", "test", LOGIN="me:secret").code == 0


def test_names_that_the_engine_lacks_are_told(fondaco: Fondaco) -> None:
    with serving_engine(automatic1111()) as engine:
        add(fondaco, engine.url, "--no-discover")
        (fondaco.home / "fondaco.toml").write_text(
            "[engines.automatic1111.images]\nsampler = 'Heun'\nscheduler = 'karras'\n"
        )
        engine.answers["/sdapi/v1/sd-models"] = CHECKPOINTS[:1]
        tested = fondaco("engines", "test", "--json").json
        assert isinstance(tested, list)
        assert tested[0]["unlisted"] == ["Heun", "v1-5-pruned.ckpt"]


@pytest.mark.parametrize("dialect", [(), ("--dialect", "comfyui")])
def test_what_is_no_engine_of_images_is_none(fondaco: Fondaco, dialect: tuple[str, ...]) -> None:
    with serving_engine(FakeEngine({"/": "<html>"})) as engine:
        assert fondaco("engines", "add", engine.url, *dialect).code == 6
    assert not (fondaco.home / "catalogue.d").exists()


def test_what_an_engine_lacks_is_warned_of(fondaco: Fondaco) -> None:
    fake = comfyui()
    fake.answers["/object_info/SaveImageWebsocket"] = {}
    with serving_engine(fake) as engine:
        told = fondaco("engines", "add", engine.url)
        assert (told.code, "no node SaveImageWebsocket" in told.err) == (0, True)
    with serving_engine(FakeEngine({"/sdapi/v1/sd-models": []})) as engine:
        told = fondaco("engines", "add", engine.url, "--dialect", "automatic1111")
        assert (told.code, "no checkpoints" in told.err) == (6, True)
    video = {**recorded("GET /sdcpp/v1/capabilities"), "supported_modes": ["vid_gen"]}
    with serving_engine(FakeEngine({"/sdcpp/v1/capabilities": video})) as engine:
        told = fondaco("engines", "add", engine.url, "--dialect", "sd-server")
        assert (told.code, "makes videos, not images" in told.err) == (6, True)


@contextmanager
def serving(fondaco: Fondaco, fake: FakeUpstream) -> Iterator[Program]:
    with in_thread(fake):
        url = f"http://127.0.0.1:{fake.port}"
        add(fondaco, url, "--price", "0.02")
        with program(fondaco.home, environ={"FONDACO_EMBEDDED__ENABLED": "false"}) as server:
            yield server


def drawn(server: Program, model: str, **fields: Any) -> Image.Image:
    reply = server.http.post(
        "/api/v1/image/generate",
        json={"model": model, "prompt": "A heron", "width": 128, "height": 64, **fields},
    )
    assert reply.status_code == 200, reply.text
    with Image.open(BytesIO(base64.b64decode(reply.json()["images"][0]))) as image:
        image.load()
        return image


@pytest.mark.slow  # starts servers
@pytest.mark.parametrize("dialect", ["automatic1111", "sd-server", "comfyui"])
def test_what_was_added_makes_pictures_that_are_charged(fondaco: Fondaco, dialect: str) -> None:
    fakes = {"automatic1111": FakeAutomatic1111, "sd-server": FakeSdServer, "comfyui": FakeComfyUI}
    models = {"automatic1111": "anime/heron", "sd-server": "flux", "comfyui": "heron_v8"}
    model = models[dialect]
    with serving(fondaco, fakes[dialect]()) as server:
        first, again = drawn(server, model, seed=7), drawn(server, model, seed=7)
        assert first.size == (128, 64)
        assert first.tobytes() == again.tobytes() != drawn(server, model, seed=8).tobytes()
        refused = server.http.post(
            "/api/v1/image/generate", json={"model": model, "prompt": "a <lora:x:1> heron"}
        )
        assert (refused.status_code, "instructions to the engine" in refused.text) == (400, True)
        assert [(one.sku, one.units) for one in server.charged()] == [
            (f"{model}-image-unit", 1)
        ] * 3
        assert "heron" not in server.log.read_text().replace(model, "")


@pytest.mark.slow  # likewise
def test_a_workflow_of_the_operators_is_run(fondaco: Fondaco) -> None:
    folder = fondaco.home / "workflows"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(json.dumps(built_in().nodes))
    (fondaco.home / "fondaco.toml").write_text(
        """[engines.comfyui.images]
workflows = { mine = "mine.json" }
[models.mine]
name = "Mine"
type = "image"
engines = ["comfyui"]
price = { generation = 0.5, upscale_2x = 0, upscale_4x = 0, inpaint = 0 }
[engines.comfyui.models]
mine = "sdxl/base_1.0.safetensors"
"""
    )
    fake = FakeComfyUI()
    with in_thread(fake):
        with (fondaco.home / "fondaco.toml").open("a") as file:
            file.write(
                f"[engines.comfyui]\nbase_url = 'http://127.0.0.1:{fake.port}'\ndialect = 'comfyui'\n"
            )
        with program(fondaco.home, environ={"FONDACO_EMBEDDED__ENABLED": "false"}) as server:
            assert drawn(server, "mine").size == (128, 64)
    assert fake.jobs[0].nodes["1"]["inputs"] == {"ckpt_name": "sdxl/base_1.0.safetensors"}


EDITS = {
    "automatic1111": (FakeAutomatic1111, "anime/heron", ""),
    "sd-server": (FakeSdServer, "flux", ""),
    "comfyui": (FakeComfyUI, "none", "images = { edit_workflows = { scissors = 'edit.json' } }"),
}
EDITING = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "{{image}}"}},
    "2": {"class_type": "LoadImageMask", "inputs": {"image": "{{mask}}", "channel": "red"}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{prompt}}"}},
    "4": {"class_type": "ImageScale", "inputs": {"width": "{{width}}", "height": "{{height}}"}},
    "5": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["4", 0]}},
}


@pytest.mark.slow  # starts servers
@pytest.mark.parametrize("dialect", EDITS)
def test_a_picture_is_edited_and_charged(fondaco: Fondaco, dialect: str) -> None:
    kind, checkpoint, images = EDITS[dialect]
    folder = fondaco.home / "workflows"
    folder.mkdir(parents=True)
    (folder / "edit.json").write_text(json.dumps(EDITING))
    fake = kind()
    with in_thread(fake):
        (fondaco.home / "fondaco.toml").write_text(
            f"""[engines.one]
base_url = "http://127.0.0.1:{fake.port}"
dialect = "{dialect}"
models = {{ scissors = "{checkpoint}" }}
{images}
[models.scissors]
name = "Scissors"
type = "inpaint"
traits = ["default"]
engines = ["one"]
price = {{ generation = 0, upscale_2x = 0, upscale_4x = 0, inpaint = 0.5 }}
"""
        )
        with program(fondaco.home, environ={"FONDACO_EMBEDDED__ENABLED": "false"}) as server:
            mask = BytesIO()
            Image.new("RGBA", (300, 260)).save(mask, "PNG")
            reply = server.http.post(
                "/api/v1/images/edits",
                data={"prompt": "at night", "model": "scissors"},
                files={
                    "image": ("a.png", toy_pictures.png(300, 260), "image/png"),
                    "mask": ("m.png", mask.getvalue(), "image/png"),
                },
            )
            assert reply.status_code == 200, reply.text
            with Image.open(
                BytesIO(base64.b64decode(reply.json()["data"][0]["b64_json"]))
            ) as image:
                assert image.size == (300, 260), "what the engine rounded up is cropped"
            assert [(one.sku, one.units) for one in server.charged()] == [("scissors-edit-unit", 1)]
