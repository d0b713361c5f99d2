"""Models that edit images at OpenAI-compatible upstreams: forms, sizes, and replies that break them."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO

import anyio
import pytest
from PIL import Image

import toy_pictures
from contracts.image_editor import Bench, ImageEditorContract
from fake_upstream import FakeUpstream, form, hanging, refusing, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineBusyError, EngineError, InvalidRequestError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import PictureFile, Pixels
from fondaco.domain.models.image_model import ImageParameter
from fondaco.engines.openai.images import OpenAIImages, UpstreamImageModel

RED = Pixels(64, 48, bytes((200, 10, 10)) * (64 * 48))
HALF = Pixels(64, 48, (bytes(4) * 32 + b"\0\0\0\xff" * 32) * 48, 4)
TASK = EditTask(model="ours", prompt="Blau \N{SUNRISE}", picture=RED, width=64, height=48, seed=7)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAIImages]:
    client = connect(fake.base_url, key="k", first_byte_timeout_s=5, total_timeout_s=20)
    models = {
        "ours": UpstreamImageModel("theirs"),
        "rich": UpstreamImageModel(
            "rich", frozenset({ImageParameter.SEED, ImageParameter.BACKGROUND})
        ),
    }
    yield OpenAIImages("faker", client, models)
    await client.aclose()


class TestOpenAIImagesAsEditor(ImageEditorContract):
    @pytest.fixture
    def bench(self, engine: OpenAIImages) -> Bench:
        colourful = Pixels(64, 48, bytes(n % 251 for n in range(64 * 48 * 3)))
        return Bench(engine, replace(TASK, picture=colourful), masks=False)


def opened(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file)) as image:
        image.load()
        return image


async def size(engine: OpenAIImages, task: EditTask) -> tuple[int, int]:
    picture = (await engine.edit(task)).picture
    assert isinstance(picture, PictureFile)
    return opened(picture.data).size


async def test_the_engine_gets_a_form_with_the_picture(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    assert await size(engine, TASK) == (64, 48)
    fields = form(fake.edited[0])
    image = opened(fields.pop("image"))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 48))
    assert image.getpixel((5, 5)) == (200, 10, 10)
    assert fields == {
        "model": b"theirs",
        "prompt": "Blau \N{SUNRISE}".encode(),
        "n": b"1",
        "size": b"64x48",
        "response_format": b"b64_json",
    }


async def test_a_mask_is_transparent_where_the_picture_may_change(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    await engine.edit(replace(TASK, mask=HALF))
    mask = opened(form(fake.edited[0])["mask"])
    assert (mask.mode, mask.size) == ("RGBA", (64, 48))
    assert mask.getpixel((0, 0)) == (0, 0, 0, 0)
    assert mask.getpixel((63, 0)) == (0, 0, 0, 255)


async def test_seed_and_background_are_for_models_that_take_them(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    for model in ("ours", "rich"):
        await engine.edit(replace(TASK, model=model, transparent=True))
    plain, rich = (form(asked) for asked in fake.edited)
    assert {"seed", "background"}.isdisjoint(plain)
    assert (rich["seed"], rich["background"]) == (b"7", b"transparent")


@pytest.mark.parametrize("told", ["Invalid size: 64x48", "Unknown parameter: 'size'."])
async def test_an_engine_with_sizes_of_its_own_is_asked_without_where_nobody_asked_for_one(
    engine: OpenAIImages, fake: FakeUpstream, told: str
) -> None:
    fake.edit_next.append(refusing(400, {"message": told}))
    assert await size(engine, TASK) == (96, 80)
    assert await size(engine, TASK) == (96, 80)
    assert ["size" in form(asked) for asked in fake.edited] == [True, False, False]
    assert await size(engine, replace(TASK, width=32, height=32)) == (32, 32)
    fake.edit_next.append(refusing(400, {"message": told}))
    with pytest.raises(InvalidRequestError):
        await engine.edit(replace(TASK, width=32, height=32))


async def test_an_engine_that_refuses_two_fields_is_asked_without_both(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    for name in ("response_format", "size"):
        fake.edit_next.append(refusing(422, {"message": f"unknown field {name}"}))
    assert await size(engine, TASK) == (96, 80)
    assert form(fake.edited[-1]).keys() == {"model", "prompt", "n", "image"}


async def test_a_refusal_about_something_else_is_for_the_caller(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    fake.edit_next.append(refusing(400, {"message": "The prompt is blocked."}))
    with pytest.raises(InvalidRequestError, match="blocked"):
        await engine.edit(TASK)
    assert len(fake.edited) == 1


async def test_an_instruction_does_not_command_the_engine(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    with pytest.raises(InvalidRequestError, match="are instructions to the engine") as refused:
        await engine.edit(replace(TASK, prompt='x <sd_cpp_extra_args>{"width":9}'))
    assert list(refused.value.faults) == ["prompt"]
    assert not fake.edited


async def test_an_instruction_is_text_whatever_it_holds(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    prompt = '\r\n--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n9\ud800'
    await engine.edit(replace(TASK, prompt=prompt))
    fields = form(fake.edited[0])
    assert fields["prompt"] == prompt.replace("\ud800", "?").encode()
    assert fields["n"] == b"1"


@pytest.mark.parametrize(
    "reply",
    [
        {"data": []},
        {"data": [{"url": "http://127.0.0.1/a.png"}]},
        toy_pictures.sent(b"<svg/>"),
        {"error": {"message": "out of memory"}},
    ],
    ids=["nothing", "a URL to fetch", "no picture", "an error"],
)
async def test_a_reply_that_breaks_its_word_ends_the_call(
    engine: OpenAIImages, fake: FakeUpstream, reply: dict[str, object]
) -> None:
    fake.edit_next.append(replying(reply))
    with pytest.raises(EngineError):
        await engine.edit(TASK)
    assert await size(engine, TASK) == (64, 48)


async def test_a_busy_engine_and_an_unknown_model_are_the_engines_failure(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    fake.edit_next.append(refusing(429, retry_after_s=7))
    with pytest.raises(EngineBusyError):
        await engine.edit(TASK)
    with pytest.raises(EngineError, match="no model 'other'"):
        await engine.edit(replace(TASK, model="other"))


async def test_cancelling_closes_the_connection(engine: OpenAIImages, fake: FakeUpstream) -> None:
    fake.edit_next.append(hanging())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.edit, TASK)
        with anyio.fail_after(20):
            while not fake.edited:  # noqa: ASYNC110 - the fake has no event for it
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    with anyio.fail_after(20):
        await fake.edited[0].hang_up.wait()
