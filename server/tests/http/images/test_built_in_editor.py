"""POST /image/edit and /images/edits with the built-in editor: the documented examples, masks, sizes, refusals."""

from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnxruntime", reason="the extra `images` is not installed")

from engines.editor.scenes import grey_picture, landscape, still_life
from fondaco.configuration import catalogue_of, load
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.picture_models import EditModel
from fondaco.domain.money.money import NANO
from fondaco.engines.editor.engine import Editor
from fondaco.engines.editor.launch import STYLES_FILE, SUBJECT_FILE
from house import TOY, House
from picture_house import EDIT, EDITS, base64, code, opened, result, saved, send, send_form, world
from program import model_file

PRICE = NANO * 4 // 100


def editor_model(home: Path) -> EditModel:
    settings = load(environ={"FONDACO_HOME": str(home)}).settings
    return catalogue_of(settings).route("default", ModelType.INPAINT).model


def with_editor(editor: Editor, home: Path) -> AbstractAsyncContextManager[House]:
    return world(
        models=(TOY, editor_model(home)), image_editors={"editor": editor}, image_upscalers={}
    )


@pytest.fixture(scope="module")
async def editor() -> AsyncGenerator[Editor]:
    for name in (STYLES_FILE, SUBJECT_FILE):
        if not model_file(name).is_file():
            pytest.skip(f"{model_file(name)} is missing: run `fondaco models pull fondaco-editor`")
    folder = model_file(STYLES_FILE).parent
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=folder)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        yield editor
        tasks.cancel_scope.cancel()


@pytest.fixture
async def one(editor: Editor, tmp_path: Path) -> AsyncGenerator[House]:
    async with with_editor(editor, tmp_path) as found:
        yield found


SCENE = saved(landscape().image)


async def test_the_documented_examples_change_the_picture_visibly(one: House) -> None:
    grey = saved(grey_picture().image)
    for prompt, file in (
        ("Colorize", grey),
        ("Change the color of the sky to a sunrise", SCENE),
    ):
        reply = await send(one, EDIT, prompt=prompt, image=base64(file))
        before, after = np.asarray(opened(file)), np.asarray(result(reply))
        assert after.shape == before.shape
        assert np.abs(after.astype(int) - before).mean() > 8
        assert reply.headers["x-venice-model-id"] == "fondaco-editor"
    assert [charge.amount for charge in one.charges()] == [-PRICE, -PRICE]


async def test_a_background_that_is_removed_is_transparent_in_the_png(one: House) -> None:
    file = saved(still_life().image)
    image = result(await send_form(one, EDIT, {"image": file}, prompt="Remove the background"))
    assert image.mode == "RGBA"
    alpha = np.asarray(image)[..., 3]
    assert (alpha[128, 128], alpha[3, 3]) == (255, 0)


async def test_the_instruction_may_change_the_size(one: House) -> None:
    file = saved(landscape(320, 240).image)
    prompt = "Rotate it 90 degrees to the left and crop to a square"
    image = result(await send(one, EDIT, prompt=prompt, image=base64(file)))
    assert image.size == (240, 240)


async def test_openais_fields_are_honoured(one: House) -> None:
    mask = Image.new("RGBA", (256, 256), "black")
    mask.paste((0, 0, 0, 0), (0, 0, 128, 256))
    files = {"image": SCENE, "mask": saved(mask)}
    for model in ("gpt-image-1", "dall-e-2", "fondaco-editor"):
        reply = await send_form(one, EDITS, files, prompt="Invert the colours", model=model)
        assert reply.status_code == 200, reply.text
        after = np.asarray(opened(b64decode(reply.json()["data"][0]["b64_json"])))
        assert (after[:, 128:] == landscape().rgb[:, 128:]).all()
        assert (after[:, :128] == 255 - landscape().rgb[:, :128]).all()
    reply = await send(
        one, EDITS, prompt="greyscale", image=base64(SCENE), size="128x64", background="transparent"
    )
    image = opened(b64decode(reply.json()["data"][0]["b64_json"]))
    assert image.size == (128, 64)


async def test_what_it_cannot_do_costs_nothing_and_is_explained(one: House) -> None:
    reply = await send(one, EDIT, prompt="Add a zebra beside the tower", image=base64(SCENE))
    assert code(reply) == (422, "EDIT_NOT_SUPPORTED")
    assert "It can repaint" in reply.text
    assert "zebra" not in reply.text
    reply = await send(one, EDIT, prompt="Change the purple to green", image=base64(SCENE))
    assert code(reply) == (422, "EDIT_NOT_SUPPORTED")
    assert one.charges() == []


async def test_an_edit_that_needs_a_missing_file_names_the_command(tmp_path: Path) -> None:
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=tmp_path)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        async with with_editor(editor, tmp_path) as bare:
            reply = await send(bare, EDIT, prompt="As a mosaic", image=base64(SCENE))
            assert reply.status_code == 503
            assert "fondaco models pull fondaco-editor" in reply.text
            sepia = result(await send(bare, EDIT, prompt="Sepia", image=base64(SCENE)))
            assert sepia.size == (256, 256)
        tasks.cancel_scope.cancel()
