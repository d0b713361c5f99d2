"""POST /image/upscale with the built-in upscaler: the documented example, sizes, forms, and what it costs."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("ncnn", reason="the extra `images` is not installed")

from fondaco.app.local.pictures import upscaler_launch
from fondaco.configuration import catalogue_of, load
from fondaco.domain.models.model import ModelType
from fondaco.domain.money.money import NANO
from fondaco.engines.upscaler.engine import Upscaler
from fondaco.settings import Settings
from house import TOY, House
from picture_house import UPSCALE, base64, code, result, saved, send, send_form, world
from program import model_file

TWICE, FOURFOLD = NANO * 2 // 100, NANO * 8 // 100


def settings(home: Path) -> Settings:
    folder = str(model_file().parent)
    return load(environ={"FONDACO_HOME": str(home), "FONDACO_MODELS": folder}).settings


def scene(width: int = 256, height: int = 256) -> Image.Image:
    image = Image.new("RGB", (width, height), "#7fb2e5")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 30, 120, 120), "#f2d040", "#804020", 3)
    draw.polygon([(80, 240), (170, 90), (250, 240)], "#3f7a4a")
    return image


@pytest.fixture
async def one(tmp_path: Path) -> AsyncGenerator[House]:
    chosen = settings(tmp_path)
    launch = replace(upscaler_launch(chosen), threads=1)
    for file in launch.files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-upscaler`")
    model = catalogue_of(chosen).route("default", ModelType.UPSCALE).model
    upscaler = Upscaler({model.id}, launch, name="upscaler")
    async with anyio.create_task_group() as tasks:
        await tasks.start(upscaler.run)
        async with world(
            models=(TOY, model), image_upscalers={"upscaler": upscaler}, image_editors={}
        ) as found:
            yield found
        tasks.cancel_scope.cancel()


async def test_the_example_of_the_documentation_gilds_a_picture(one: House) -> None:
    body = {"enhance": True, "enhanceCreativity": 0.5, "enhancePrompt": "gold", "scale": 2}
    reply = await send(one, UPSCALE, image=base64(saved(scene())), **body)
    image = result(reply)
    red, _, blue = np.asarray(image).mean((0, 1))
    assert image.size == (512, 512)
    assert red > blue + 30
    assert reply.headers["x-venice-model-id"] == "fondaco-upscaler"
    assert [charge.amount for charge in one.charges()] == [-TWICE]


async def test_a_picture_is_enlarged_by_any_scale_as_a_form_too(one: House) -> None:
    image = result(await send_form(one, UPSCALE, {"image": saved(scene(300, 220))}, scale="2.5"))
    assert image.size == (750, 550)
    again = np.asarray(image.resize((300, 220), Image.Resampling.BOX)).astype(int)
    assert np.abs(again - np.asarray(scene(300, 220))).mean() < 3
    assert [charge.amount for charge in one.charges()] == [-FOURFOLD]


async def test_a_cut_out_stays_one(one: House) -> None:
    clear = scene().convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 128, 256))
    image = result(await send(one, UPSCALE, image=base64(saved(clear)), scale=1.5))
    assert (image.mode, image.size) == ("RGBA", (384, 384))
    alpha = np.asarray(image)[..., 3]
    assert (alpha[200, 100], alpha[200, 300]) == (0, 255)


async def test_at_a_scale_of_1_a_picture_is_only_enhanced(one: House) -> None:
    picture = base64(saved(scene()))
    images = [
        result(await send(one, UPSCALE, image=picture, scale=1, enhance=True, **fields))
        for fields in ({"enhanceCreativity": 0.2}, {"enhanceCreativity": 1})
    ]
    little, much = (
        np.abs(np.asarray(image).astype(int) - np.asarray(scene())).mean() for image in images
    )
    assert [image.size for image in images] == [(256, 256)] * 2
    assert 0 < little < much
    assert code(await send(one, UPSCALE, image=picture, scale=1))[0] == 400


async def test_a_prompt_that_it_does_not_know_is_told(one: House) -> None:
    body = {"enhance": True, "enhancePrompt": "qwrtp", "scale": 1}
    reply = await send(one, UPSCALE, image=base64(saved(scene())), **body)
    assert result(reply).size == (256, 256)
    assert reply.headers["x-fondaco-prompt-understood"] == "false"
