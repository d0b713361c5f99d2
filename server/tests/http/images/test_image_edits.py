"""POST /images/edits, below /api/v1 and /v1: OpenAI's fields over the same use case."""

import random
from base64 import b64decode
from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO

import httpx2
import pytest
from openai import AsyncOpenAI, UnprocessableEntityError
from PIL import Image, ImageCms

from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import Pixels
from fondaco.domain.money.money import NANO
from fondaco.http.apis.openai.images.schemas import ImageList
from fondaco.ports import GeneratedImage
from house import SECRET, TOY, House
from picture_house import EDITS, base64, code, opened, picture, saved, send, send_form, world
from toy_editors import AN_IMAGE, TOY_EDITOR, ToyEditor

AN_EDIT = 4 * AN_IMAGE
SMALL = base64(picture())
INVERTED = (0xDF, 0xBF, 0x9F)


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def edit(one: House, **fields: object) -> httpx2.Response:
    return await send(one, EDITS, **{"prompt": "Colorize", "image": SMALL, **fields})


def images(reply: httpx2.Response) -> list[Image.Image]:
    assert reply.status_code == 200, reply.text
    ImageList.model_validate(reply.json(), strict=True)
    return [opened(b64decode(one["b64_json"], validate=True)) for one in reply.json()["data"]]


def mask(width: int = 256, height: int = 256) -> bytes:
    image = Image.new("RGBA", (width, height), "black")
    image.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    return saved(image)


@pytest.mark.parametrize("path", [EDITS, "/v1/images/edits"])
async def test_a_form_with_all_fields_is_answered(one: House, path: str) -> None:
    texts = {
        "prompt": "Colorize",
        "model": "gpt-image-1.5",
        "n": "1",
        "size": "1024x1024",
        "quality": "auto",
        "background": "auto",
        "output_format": "png",
        "output_compression": "100",
        "response_format": "b64_json",
        "input_fidelity": "high",
        "moderation": "low",
        "user": "user123",
        "stream": "false",
        "partial_images": "0",
    }
    large = replace(TOY_EDITOR, most_pixels=2_000_000)
    async with world(models=(TOY, large)) as larger:
        files = {"image": picture(), "mask": mask()}
        reply = await send_form(larger, path, files, **texts)
        (image,) = images(reply)
    assert (image.format, image.size) == ("PNG", (1024, 1024))
    assert reply.json()["created"] > 1_700_000_000
    assert reply.headers["x-fondaco-ignored-params"] == "input_fidelity"
    assert reply.headers["x-venice-model-id"] == "toy-editor"


async def test_openais_client_edits_a_picture(one: House) -> None:
    async with AsyncOpenAI(
        base_url=f"{one.url}/v1", api_key=SECRET, max_retries=0, http_client=None
    ) as client:
        for image in (BytesIO(picture()), [("a.png", picture(), "image/png")]):
            made = await client.images.edit(
                model="gpt-image-1", image=image, prompt="Colorize", mask=BytesIO(mask())
            )
            assert made.data is not None
            assert made.data[0].b64_json is not None
            assert opened(b64decode(made.data[0].b64_json)).getpixel((9, 9)) == INVERTED
        with pytest.raises(UnprocessableEntityError) as refused:
            await client.images.edit(image=BytesIO(picture()), prompt="Add people")
        assert refused.value.code == "edit_not_supported"
        assert refused.value.param == "prompt"


async def test_a_prompt_and_a_picture_are_all_that_is_needed(one: House) -> None:
    (image,) = images(await edit(one))
    assert (image.format, image.size, image.getpixel((9, 9))) == ("PNG", (256, 256), INVERTED)
    assert (await one.balance()).usd == 10 * NANO - AN_EDIT
    names = "mask model n size output_format output_compression response_format background quality"
    nulls = dict.fromkeys([*names.split(), "input_fidelity", "user", "stream", "moderation"])
    assert (await edit(one, **nulls)).status_code == 200


@pytest.mark.parametrize("name", ["toy-editor", "default", "qwen-image", "dall-e-2", "toy", ""])
async def test_an_unknown_model_stands_for_the_default(one: House, name: str) -> None:
    assert (await edit(one, model=name)).headers["x-venice-model-id"] == "toy-editor"


@pytest.mark.parametrize(
    ("output_format", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")]
)
async def test_files_have_the_format_that_was_asked_for(
    one: House, output_format: str, kind: str
) -> None:
    (image,) = images(await edit(one, output_format=output_format, output_compression=50))
    assert image.format == kind
    reply = await edit(one, output_format=output_format, response_format="url")
    (shown,) = reply.json()["data"]
    assert shown["url"].startswith(f"data:image/{output_format};base64,")


async def test_variants_have_seeds_of_their_own_and_are_charged_each() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        reply = await edit(one, n=3)
        assert len(images(reply)) == 3
        seeds = [task.seed for task in engine.asked]
        assert reply.headers["x-fondaco-seeds"] == ", ".join(map(str, seeds))
        assert len(set(seeds)) == 3
        (charge,) = one.charges()
        assert charge.amount == -3 * AN_EDIT


async def test_variants_that_are_complete_occupy_memory_too() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    noise = Pixels(256, 256, chance.randbytes(256 * 256 * 3))
    engine = ToyEditor()
    engine.next = [noise] * 8
    async with world(image_editors={"toy-scissors": engine}, picture_memory_bytes=2**20) as one:
        fields = {"image": base64(picture()), "prompt": "Invert"}
        assert code(await send(one, EDITS, **fields, n=4)) == (503, "MODEL_AT_CAPACITY")
        assert not one.charges()
        assert (await send(one, EDITS, **fields, n=2)).status_code == 200


async def test_a_result_that_is_larger_than_its_picture_occupies_memory_too() -> None:
    async with world(picture_memory_bytes=2**20) as one:
        assert code(await edit(one, size="640x480")) == (503, "MODEL_AT_CAPACITY")
        assert (await edit(one, size="320x240")).status_code == 200


async def test_what_one_variant_did_not_understand_is_told() -> None:
    class Forgetful(ToyEditor):
        async def edit(self, task: EditTask) -> GeneratedImage:
            made = await super().edit(task)
            return replace(made, understood=len(self.asked) > 1)

    async with world(image_editors={"toy-scissors": Forgetful()}) as one:
        reply = await edit(one, n=2)
        assert reply.headers["x-fondaco-prompt-understood"] == "false"


async def test_a_result_of_too_many_pixels_is_the_engines_failure() -> None:
    engine = ToyEditor()
    engine.next = [Pixels(4097, 4096, bytes(4097 * 4096 * 3))]
    async with world(image_editors={"toy-scissors": engine}) as one:
        reply = await edit(one)
        assert code(reply) == (500, "INFERENCE_FAILED")
        assert "4097 x 4096 pixels" in reply.json()["error"]


async def test_where_one_variant_fails_nothing_is_charged() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        engine.next += [None, EngineError()]
        assert code(await edit(one, n=3)) == (500, "INFERENCE_FAILED")
        assert not one.charges()


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": "x" * 201},
        {"prompt": "x" * 32_001},
        {"n": 0},
        {"n": 5},
        {"n": 1.5},
        {"size": "0x64"},
        {"size": "64"},
        {"size": "64 x 64"},
        {"size": "9999x9999"},
        {"output_format": "gif"},
        {"output_compression": 101},
        {"response_format": "json"},
        {"background": "blue"},
        {"background": "transparent", "output_format": "jpeg"},
        {"quality": "best"},
        {"input_fidelity": "medium"},
        {"stream": True},
        {"stream": 0},
        {"partial_images": 1},
        {"partial_images": False},
        {"mask": SMALL},
        {"mask": base64(mask(256, 257))},
        {"mask": "canary"},
        {"image": []},
        {"image": [SMALL, SMALL]},
        {"image": [5]},
        {"markup": SMALL},
    ],
    ids=lambda fields: f"{next(iter(fields))}={str(next(iter(fields.values())))[:20]}",
)
async def test_fields_are_held_to_their_bounds(one: House, fields: dict[str, object]) -> None:
    reply = await edit(one, **fields)
    assert reply.status_code == 400
    assert next(iter(fields)) in reply.json()["details"]
    assert not one.charges()
    assert "canary" not in reply.text


async def test_several_pictures_are_refused_however_they_are_sent(one: House) -> None:
    for name in ("image", "image[]"):
        reply = await send_form(one, EDITS, [(name, picture())] * 2, prompt="Colorize")
        assert code(reply) == (400, "INVALID_REQUEST")
        assert "2 images were sent; models edit one image" in reply.json()["error"]
        assert (
            await send_form(one, EDITS, {name: picture()}, prompt="Colorize")
        ).status_code == 200


async def test_a_mask_goes_to_the_engine_in_the_pictures_size() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        large = base64(picture(1_280, 960))
        await edit(one, image=large, mask=base64(mask(1_280, 960)))
    (task,) = engine.asked
    assert task.mask is not None
    assert (task.mask.width, task.mask.height) == (task.picture.width, task.picture.height)
    assert task.mask.data[3] == 0
    assert task.mask.data[-1] == 255


async def test_what_a_mask_protects_stays_whatever_the_engine_does_to_it(one: House) -> None:
    """The toy inverts the whole picture."""
    noise = Image.effect_noise((256, 256), 90).convert("RGB")
    reply = await edit(one, image=base64(saved(noise)), mask=base64(mask()))
    (edited,) = images(reply)
    kept, changed = (128, 0, 256, 256), (0, 0, 128, 256)
    assert edited.crop(kept).tobytes() == noise.crop(kept).tobytes()
    inverse = noise.crop(changed).point(lambda value: 255 - value)
    assert edited.crop(changed).tobytes() == inverse.tobytes()


@pytest.mark.parametrize(
    ("fields", "name", "said"),
    [
        ({"image": [SMALL] * 17}, "image", "Must have at most 16 items (got 17)"),
        ({"image": 5}, "image", "Must be a file or a string"),
        ({"n": 1.0}, "n", "Must be an integer (got 1.0)"),
        ({"size": "large"}, "size", "Must look like 'auto' or '1024x1024'"),
    ],
)
async def test_a_fault_is_said_in_a_sentence_about_its_field(
    one: House, fields: dict[str, object], name: str, said: str
) -> None:
    details = (await edit(one, **fields)).json()["details"]
    assert list(details) == ["_errors", name]
    assert said in details[name]["_errors"][0]


async def test_a_file_sent_as_text_is_called_a_file(one: House) -> None:
    files = [("image", picture()), ("prompt", b"Colorize")]
    reply = await one.client.post(EDITS, files=files)
    assert reply.json()["details"]["prompt"]["_errors"] == ["Must be a string, not a file"]


async def test_a_jpeg_whose_profile_hides_its_size_says_what_to_do(one: House) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    large = saved(Image.new("RGB", (256, 256)), "JPEG", icc_profile=profile + bytes(3 * 2**20))
    reply = await edit(one, image=base64(large))
    assert "Save it without its metadata" in reply.json()["details"]["image"]["_errors"][0]


async def test_a_mask_without_transparency_says_what_to_do(one: House) -> None:
    reply = await edit(one, mask=SMALL)
    assert "Make the area to change transparent" in reply.json()["details"]["mask"]["_errors"][0]


async def test_a_size_is_what_the_result_has_to_have() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        (image,) = images(await edit(one, size="320x200"))
        assert image.size == (320, 200)
        engine.next.append(Pixels(256, 256, bytes(256 * 256 * 3)))
        assert code(await edit(one, size="320x200")) == (500, "INFERENCE_FAILED")


async def test_a_transparent_background_is_for_models_that_can() -> None:
    engine = ToyEditor()
    plain = replace(TOY_EDITOR, id="plain", traits=(), parameters=frozenset())
    async with world(
        models=(TOY, TOY_EDITOR, plain), image_editors={"toy-scissors": engine}
    ) as one:
        engine.models = ("toy-editor", "plain")
        able = await edit(one, background="transparent")
        assert "x-fondaco-ignored-params" not in able.headers
        reply = await edit(one, background="transparent", model="plain", quality="high")
        assert reply.headers["x-fondaco-ignored-params"] == "background, quality"
    assert [task.transparent for task in engine.asked] == [True, False]


async def test_errors_at_v1_are_openais_object(one: House) -> None:
    reply = await send(one, "/v1/images/edits", prompt="Colorize")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "image")
