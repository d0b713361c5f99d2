"""`client.image` and `client.images`: prompts become files, in both clients."""

import base64
import io
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio.to_thread
import pytest
from PIL import Image

from house import SECRET, TOY, House, house
from toy_editors import TOY_EDITOR, TOY_UPSCALER, ToyEditor, ToyUpscaler
from toy_painter import AN_IMAGE, TOY_IMAGES, ToyPainter
from upstream.raw_server import RawServer
from venice_ai import InvalidRequestError, NotFoundError, SyncVeniceClient, VeniceClient
from venice_ai.types.api.images import PictureSource

_BODY = b'{"created":1,"data":[{"b64_json":"eA=="}]}'
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)


def world() -> AbstractAsyncContextManager[House]:
    return house(models=(TOY, TOY_IMAGES), image_engines={"toy-brush": ToyPainter()})


def client_of(one: House) -> VeniceClient:
    return VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1")


async def test_variants_are_files_that_can_be_saved(tmp_path: Path) -> None:
    async with world() as one, client_of(one) as client:
        made = await client.image.generate(
            model="default",
            prompt="A heron",
            negative_prompt="people",
            width=128,
            height=64,
            steps=5,
            cfg_scale=7.5,
            seed=5,
            style_preset="Anime",
            lora_strength=50,
            variants=2,
            format="png",
            embed_exif_metadata=False,
            hide_watermark=True,
            safe_mode=False,
        )
        assert len(one.charges()) == 1
        assert one.charges()[0].amount == -2 * AN_IMAGE
    assert all(file.startswith(b"\x89PNG") for file in made.images)
    assert made.timing.total >= made.timing.inferenceDuration
    assert made.request is not None
    assert made.request["seed"] == 5
    assert made.meta.headers["x-fondaco-seeds"] == "5, 6"
    assert len(repr(made)) < 2_000  # no files in a terminal or a log
    paths = made.save(tmp_path / "heron.png")
    assert [path.name for path in paths] == ["heron-1.png", "heron-2.png"]
    assert [path.read_bytes() for path in paths] == made.images


@pytest.mark.parametrize("response_format", ["b64_json", "url", None])
async def test_openais_words_give_a_file_too(tmp_path: Path, response_format: str | None) -> None:
    async with world() as one, client_of(one) as client:
        made = await client.images.generate(
            prompt="A heron",
            model="dall-e-3",
            size="256x256",
            output_format="webp",
            response_format=response_format,  # type: ignore[arg-type]  # one of those
        )
    (path,) = made.save(str(tmp_path / "heron.webp"))
    assert path.read_bytes() == made.data[0].file
    assert made.data[0].file[8:12] == b"WEBP"


async def test_the_synchronous_client_does_the_same() -> None:
    async with world() as one:

        def draw() -> bytes:
            with SyncVeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1") as client:
                assert "Anime" in client.image.styles().data
                return client.image.generate(model="default", prompt="A heron").images[0]

        assert (await anyio.to_thread.run_sync(draw))[8:12] == b"WEBP"


async def test_only_what_is_given_is_sent(raw: RawServer) -> None:
    raw.answer(REPLY)
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client:
        made = await client.images.generate(prompt="A heron")
    assert made.data[0].file == b"x"
    assert json.loads(raw.bodies[0]) == {"prompt": "A heron"}


async def test_a_paid_request_can_be_repeated_without_a_second_charge(raw: RawServer) -> None:
    raw.answer(REPLY)
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        await client.images.generate(prompt="A heron")
    assert "idempotency-key:" in raw.heads[0].lower()


async def test_faults_are_those_of_the_server() -> None:
    async with world() as one, client_of(one) as client:
        with pytest.raises(InvalidRequestError, match="Did you mean 'Anime'"):
            await client.image.generate(model="default", prompt="A heron", style_preset="Anim")
        with pytest.raises(NotFoundError):
            await client.image.generate(model="nothing", prompt="A heron")


def edited_world() -> AbstractAsyncContextManager[House]:
    return house(
        models=(TOY, TOY_EDITOR, TOY_UPSCALER),
        image_editors={"toy-scissors": ToyEditor()},
        image_upscalers={"toy-glass": ToyUpscaler()},
    )


def a_picture() -> Image.Image:
    return Image.new("RGB", (256, 256), (200, 40, 40))


def png() -> bytes:
    out = io.BytesIO()
    a_picture().save(out, "PNG")
    return out.getvalue()


def sources(folder: Path) -> list[PictureSource]:
    """Return one picture in each way that callers may give it."""
    file = folder / "red.png"
    file.write_bytes(png())
    text = base64.b64encode(png()).decode()
    return [png(), file, a_picture(), text, f"data:image/png;base64,{text}"]


@pytest.mark.parametrize("way", range(5), ids=["bytes", "path", "pillow", "base64", "data-url"])
async def test_a_picture_is_edited_however_it_is_given(tmp_path: Path, way: int) -> None:
    async with edited_world() as one, client_of(one) as client:
        made = await client.image.edit(image=sources(tmp_path)[way], prompt="invert")
        several = await client.images.edit(image=sources(tmp_path)[way], prompt="invert", n=2)
    assert made.media_type == "image/png"
    assert made.meta.model_id == TOY_EDITOR.id
    saved = made.save(tmp_path / "inverted.png")
    with Image.open(saved) as image:
        assert image.convert("RGB").getpixel((9, 9)) == (55, 215, 215)
    assert len(several.save(tmp_path / "several.png")) == 2


async def test_a_picture_is_enlarged(tmp_path: Path) -> None:
    async with edited_world() as one, client_of(one) as client:
        larger = await client.image.upscale(image=a_picture(), scale=2)
        redrawn = await client.image.upscale(
            image=png(),
            scale=1,
            enhance=True,
            enhance_creativity=0.9,
            enhance_prompt="gold",
            replication=0.1,
        )
    for made, side in ((larger, 512), (redrawn, 256)):
        with Image.open(io.BytesIO(made.content)) as image:
            assert image.size == (side, side)


async def test_a_missing_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    async with edited_world() as one, client_of(one) as client:
        with pytest.raises(FileNotFoundError):
            await client.image.edit(image=tmp_path / "nowhere.png", prompt="invert")
        assert not one.charges()
