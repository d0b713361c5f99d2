"""POST /images/generations, below /api/v1 and /v1: OpenAI's fields over the same use case."""

from base64 import b64decode
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI
from PIL import Image

from fondaco.domain.money.money import NANO
from fondaco.http.apis.openai.images.schemas import ImageList
from house import SECRET, TOY, House, house
from toy_painter import AN_IMAGE, TOY_IMAGES, ToyPainter

PATH = "/api/v1/images/generations"
LARGE = replace(TOY_IMAGES, id="large", traits=(), width=1024, height=1024)


def world(**fields: Any):  # type: ignore[no-untyped-def]  # house's own context
    engine = ToyPainter(models=("toy-painter", "large"))
    options: dict[str, Any] = {
        "models": (TOY, TOY_IMAGES, LARGE),
        "image_engines": {"toy-brush": engine},
    }
    return house(**{**options, **fields})


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def draw(one: House, **fields: object) -> httpx2.Response:
    return await draw_at(one, PATH, fields)


async def draw_at(one: House, path: str, fields: Mapping[str, object]) -> httpx2.Response:
    return await one.client.post(path, json={"prompt": "A heron", **fields})


def opened(reply: httpx2.Response) -> Image.Image:
    assert reply.status_code == 200, reply.text
    (image,) = reply.json()["data"]
    with Image.open(BytesIO(b64decode(image["b64_json"], validate=True))) as found:
        found.load()
        return found


@pytest.mark.parametrize("path", [PATH, "/v1/images/generations"])
async def test_the_example_of_the_documentation_works_as_it_stands(one: House, path: str) -> None:
    body = {
        "background": "auto",
        "model": "hidream",
        "moderation": "auto",
        "n": 1,
        "output_compression": 100,
        "output_format": "png",
        "prompt": "A beautiful sunset over mountain ranges",
        "quality": "auto",
        "response_format": "b64_json",
        "size": "1024x1024",
        "style": "natural",
        "user": "user123",
    }
    reply = await draw_at(one, path, body)
    image = opened(reply)
    assert (image.format, image.size) == ("PNG", (1024, 1024))
    ImageList.model_validate(reply.json(), strict=True)
    assert reply.json()["created"] > 1_700_000_000
    assert reply.headers["x-fondaco-ignored-params"] == "moderation, style"


async def test_a_prompt_is_all_that_is_needed(one: House) -> None:
    reply = await draw(one)
    assert (opened(reply).format, opened(reply).size) == ("PNG", (64, 64))
    assert (await one.balance()).usd == 10 * NANO - AN_IMAGE
    nulls = dict.fromkeys(
        [
            "background",
            "model",
            "moderation",
            "n",
            "output_compression",
            "quality",
            "response_format",
            "size",
            "style",
        ]
    )
    assert (await draw(one, **nulls)).status_code == 200


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("large", "large"),
        ("default", "toy-painter"),
        ("dall-e-3", "toy-painter"),
        ("gpt-4o", "toy-painter"),
        ("toy", "toy-painter"),
        ("", "toy-painter"),
    ],
)
async def test_an_unknown_model_stands_for_the_default(one: House, name: str, served: str) -> None:
    assert (await draw(one, model=name)).headers["x-venice-model-id"] == served


async def test_without_an_image_model_there_is_none_to_fall_back_to() -> None:
    async with world(models=(TOY,)) as one:
        reply = await draw(one, model="dall-e-3")
        assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize(
    "size",
    ["256x256", "512x512", "1024x1024", "1536x1024", "1024x1536", "1792x1024", "1024x1792"],
)
async def test_every_size_is_made_as_asked(one: House, size: str) -> None:
    image = opened(await draw(one, size=size, output_format="jpeg"))
    assert f"{image.width}x{image.height}" == size


async def test_auto_is_the_size_of_the_model(one: House) -> None:
    assert opened(await draw(one, model="large", size="auto")).size == (1024, 1024)


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
async def test_a_url_is_a_data_url(one: House, name: str) -> None:
    reply = await draw(one, response_format="url", output_format=name)
    (image,) = reply.json()["data"]
    kind, _, text = image["url"].partition(";base64,")
    assert kind == f"data:image/{name}"
    with Image.open(BytesIO(b64decode(text, validate=True))) as found:
        assert found.format == name.upper()


async def test_more_compression_is_a_smaller_file(one: House) -> None:
    # The seed is random, so the pictures differ, but each is of two colours: quality decides.
    sizes = [
        len(
            (
                await draw(one, size="512x512", output_format="jpeg", output_compression=quality)
            ).content
        )
        for quality in (0, 100)
    ]
    assert sizes[0] < sizes[1]


async def test_transparency_goes_to_models_that_have_it(one: House) -> None:
    assert "x-fondaco-ignored-params" not in (await draw(one, background="transparent")).headers
    model = replace(TOY_IMAGES, parameters=frozenset())
    async with world(models=(TOY, model)) as other:
        reply = await draw(other, background="transparent")
        assert reply.headers["x-fondaco-ignored-params"] == "background"


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": "x" * 7_501},
        {"n": 0},
        {"n": 2},
        {"size": "100x100"},
        {"quality": "best"},
        {"output_format": "gif"},
        {"output_compression": 101},
        {"output_compression": -1},
        {"response_format": "binary"},
        {"background": "blue"},
        {"background": "transparent", "output_format": "jpeg"},
        {"moderation": "high"},
        {"style": "bold"},
        {"user": 5},
        {"stream": True},
        {"seed": 5},
    ],
    ids=str,
)
async def test_fields_are_held_to_the_contract(one: House, fields: dict[str, object]) -> None:
    reply = await draw(one, **fields)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert next(iter(fields)) in reply.json()["details"]
    below_v1 = await draw_at(one, "/v1/images/generations", fields)
    assert below_v1.status_code == 400
    assert below_v1.json()["error"]["type"] == "invalid_request_error"
    assert not one.charges()


async def test_moderation_low_asks_for_no_blur(one: House) -> None:
    for moderation in ("auto", "low"):  # whether there is a classifier or not
        headers = (await draw(one, moderation=moderation)).headers
        assert headers.get("x-venice-is-blurred") is None


async def test_openais_client_gets_an_image(one: House) -> None:
    async with AsyncOpenAI(api_key=SECRET, base_url=f"{one.url}/v1") as client:
        made = await client.images.generate(
            model="gpt-image-1", prompt="A heron", size="1536x1024", output_format="webp"
        )
    assert made.data is not None
    with Image.open(BytesIO(b64decode(made.data[0].b64_json or ""))) as found:
        assert (found.format, found.size) == ("WEBP", (1536, 1024))
    assert made.created
