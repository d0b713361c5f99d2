"""POST /api/v1/image/edit: the instruction, where pictures come from, and money."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import httpx2
import pytest
from PIL import Image

from contracts.image_editor import Bench, ImageEditorContract
from fake_upstream import FakeUpstream, refusing
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EditNotSupportedError,
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    FondacoError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import Picture, PictureFile, Pixels
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.engines.openai.images import OpenAIImages, UpstreamImageModel
from fondaco.web.files import WebFiles
from house import MANY, TOY, House
from picture_house import EDIT, base64, code, picture, result, saved, send, send_form, world
from toy_editors import AN_IMAGE, TOY_EDITOR, ToyEditor
from web.site import Site, http, site

AN_EDIT = 4 * AN_IMAGE
SMALL = base64(picture())
INVERTED = (0xDF, 0xBF, 0x9F)


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


@asynccontextmanager
async def beside_a_site() -> AsyncGenerator[tuple[House, Site]]:
    async with site() as web, world(files=WebFiles(lambda: web.egress)) as one:
        yield one, web


class TestToyEditor(ImageEditorContract):
    @pytest.fixture
    def bench(self) -> Bench:
        picture = Pixels(64, 48, bytes(n % 251 for n in range(64 * 48 * 3)))
        task = EditTask(
            model="toy-editor", prompt="Invert", picture=picture, width=64, height=48, seed=7
        )
        return Bench(ToyEditor(), task, impossible="Add people", masks=False)


async def edit(one: House, **fields: object) -> httpx2.Response:
    return await send(one, EDIT, **{"prompt": "Colorize", "image": SMALL, **fields})


async def test_the_example_of_the_documentation_works_as_it_stands(one: House) -> None:
    image = result(await edit(one))
    assert (image.format, image.size, image.mode) == ("PNG", (256, 256), "RGB")
    assert image.getpixel((7, 7)) == INVERTED
    assert (await one.balance()).usd == 10 * NANO - AN_EDIT


async def test_a_form_with_a_file_means_the_same(one: House) -> None:
    reply = await send_form(one, EDIT, {"image": picture()}, prompt="Colorize")
    assert reply.content == (await edit(one)).content


async def test_the_engine_gets_the_instruction_and_the_picture() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        await edit(one, prompt="Ändere den Himmel \N{SUNRISE}")
        await edit(one)
    first, second = engine.asked
    assert first.prompt == "Ändere den Himmel \N{SUNRISE}"
    assert (first.model, first.width, first.height, first.mask) == ("toy-editor", 256, 256, None)
    assert (first.picture.width, first.picture.data[:3]) == (256, b"\x20\x40\x60")
    assert first.seed != second.seed
    assert not first.transparent


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": None},
        {"prompt": "x" * 201},
        {"prompt": "x" * 1_501},
        {"image": None},
        {"image": [SMALL]},
        {"model": "toy-editor"},
        {"mask": SMALL},
        {"n": 1},
    ],
    ids=str,
)
async def test_fields_are_held_to_their_bounds(one: House, fields: dict[str, object]) -> None:
    reply = await edit(one, **fields)
    assert code(reply) == (400, "INVALID_REQUEST")
    assert next(iter(fields)) in reply.json()["details"]
    assert not one.charges()


async def test_both_fields_are_required(one: House) -> None:
    for reply in (await send(one, EDIT), await send_form(one, EDIT, {"nothing": b"x"})):
        assert reply.status_code == 400
        assert {"prompt", "image"} <= reply.json()["details"].keys()


async def test_a_picture_is_fetched_from_its_address() -> None:
    async with beside_a_site() as (one, web):
        web.server.answer(http(picture(300, 260), media_type="image/png"), close=True)
        assert result(await edit(one, image=web.url("/a.png"))).size == (300, 260)
        (asked,) = web.server.heads
        assert "authorization" not in str(asked).lower()


@pytest.mark.parametrize(
    ("answer", "expected", "told"),
    [
        (
            http(b"<html>", media_type="text/html"),
            "INVALID_IMAGE_FORMAT",
            "does not declare it as PNG",
        ),
        (http(b"<svg/>", media_type="image/png"), "INVALID_IMAGE_FORMAT", "not a PNG"),
        (http(b"", status="404 Not Found"), "IMAGE_NOT_FETCHED", "404"),
        (http(picture(64, 64), media_type="image/png"), "INVALID_IMAGE_FORMAT", "65,536"),
    ],
    ids=["page", "svg", "gone", "small"],
)
async def test_what_cannot_be_fetched_is_refused_and_free(
    answer: bytes, expected: str, told: str
) -> None:
    async with beside_a_site() as (one, web):
        web.server.answer(answer, close=True)
        reply = await edit(one, image=web.url("/canary.png"))
        assert code(reply) == (400, expected)
        (reason,) = reply.json()["details"]["image"]["_errors"]
        assert told in reason
        assert "canary" not in reply.text
        assert not one.charges()


async def test_a_picture_of_10_mib_is_too_large_to_be_fetched() -> None:
    async with site(most_bytes=10 * 2**20) as web, world(files=WebFiles(lambda: web.egress)) as one:
        web.server.answer(http(bytes(10 * 2**20), media_type="image/png"), close=True)
        reply = await edit(one, image=web.url("/large.png"))
        assert code(reply) == (413, "INVALID_FILE_SIZE")
        web.server.answer(http(bytes(10 * 2**20 + 1), media_type="image/png"), close=True)
        larger = await edit(one, image=web.url("/a.png"))
        assert code(larger) == (413, "INVALID_FILE_SIZE")
        assert "10,485,761 bytes" in larger.json()["error"]
        assert "10,485,760" in larger.json()["error"]
        assert not one.charges()


async def test_an_empty_file_is_no_picture(one: House) -> None:
    reply = await send_form(one, EDIT, {"image": b""}, prompt="Colorize")
    assert code(reply) == (400, "CORRUPTED_IMAGE")
    assert "It is empty." in reply.text


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/a.png", "http://[::1]/a", "http://169.254.169.254/", "HTTP://10.0.0.1/"],
)
async def test_addresses_within_are_not_fetched(url: str) -> None:
    async with beside_a_site() as (one, _):
        assert code(await edit(one, image=url)) == (400, "IMAGE_NOT_FETCHED")


async def test_where_nothing_is_fetched_the_error_says_so(one: House) -> None:
    reply = await edit(one, image="https://example.com/a.png")
    assert code(reply) == (400, "IMAGE_NOT_FETCHED")
    assert "disabled" in reply.json()["error"]


async def test_other_schemes_are_no_base64(one: House) -> None:
    for url in ("file:///etc/passwd", "ftp://example.com/a.png", "data:text/html,<b>"):
        assert code(await edit(one, image=url)) == (400, "CORRUPTED_IMAGE")


async def test_a_large_picture_is_reduced_to_what_the_model_takes() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        assert result(await edit(one, image=base64(picture(2_000, 1_000)))).size == (783, 391)
        assert engine.asked[0].picture.width == 783


async def test_pictures_may_have_up_to_33_million_pixels(one: House) -> None:
    reply = await edit(one, image=base64(picture(7_681, 4_320)))
    assert code(reply) == (400, "INVALID_IMAGE_FORMAT")
    assert "33,177,600" in reply.json()["details"]["image"]["_errors"][0]


@pytest.mark.long
async def test_the_largest_picture_is_edited(one: House) -> None:
    assert (await edit(one, image=base64(picture(7_680, 4_320)))).status_code == 200


async def test_an_instruction_may_change_the_size() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        for made in (
            Pixels(90, 40, bytes(90 * 40 * 4), 4),
            PictureFile(saved(Image.new("RGB", (90, 40)), "WEBP")),
        ):
            engine.next.append(made)
            assert result(await edit(one)).size == (90, 40)


async def test_what_an_engine_elsewhere_rounds_up_is_cropped() -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        engine.next.append(PictureFile(saved(Image.new("RGB", (300, 264)))))
        assert result(await edit(one)).size == (256, 256)
        engine.next.append(Pixels(300, 264, bytes(300 * 264 * 3)))
        assert result(await edit(one)).size == (300, 264), "ours do as they are told"


@pytest.mark.parametrize(
    ("failure", "status", "expected"),
    [
        (EngineError(), 500, "INFERENCE_FAILED"),
        (EngineUnavailableError(), 503, "MODEL_AT_CAPACITY"),
        (EngineBusyError(), 503, "MODEL_AT_CAPACITY"),
        (PictureFile(b"no picture"), 500, "INFERENCE_FAILED"),
        (PictureFile(picture()[:100]), 500, "INFERENCE_FAILED"),
        (Pixels(8, 8, bytes(3)), 500, "INFERENCE_FAILED"),
        (Pixels(5_000, 5_000, b""), 500, "INFERENCE_FAILED"),
        (EditNotSupportedError("It cannot dance."), 422, "EDIT_NOT_SUPPORTED"),
    ],
    ids=["failed", "down", "busy", "no picture", "damaged", "too few", "too large", "unable"],
)
async def test_where_nothing_is_delivered_nothing_is_charged(
    failure: FondacoError | Picture, status: int, expected: str
) -> None:
    engine = ToyEditor()
    async with world(image_editors={"toy-scissors": engine}) as one:
        engine.next.append(failure)
        assert code(await edit(one)) == (status, expected)
        assert not one.charges()
        assert (await one.balance()).usd == 10 * NANO
        assert (await edit(one)).status_code == 200


async def test_an_edit_that_no_engine_can_make_says_what_they_can(one: House) -> None:
    reply = await edit(one, prompt="Add people")
    assert code(reply) == (422, "EDIT_NOT_SUPPORTED")
    told = "It cannot add people. It can invert the colours."
    assert reply.json()["error"] == told
    assert reply.json()["details"]["prompt"]["_errors"] == [told]


async def test_an_engine_that_cannot_leaves_it_to_the_next() -> None:
    first, spare = ToyEditor(), ToyEditor("spare")
    first.next.append(EditNotSupportedError())
    models = (TOY, replace(TOY_EDITOR, engines=("toy-scissors", "spare")))
    async with world(models=models, image_editors={e.name: e for e in (first, spare)}) as one:
        reply = await edit(one)
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "spare")
        assert len(one.charges()) == 1


async def test_an_edit_is_charged_once_and_shown_in_the_usage(one: House) -> None:
    await edit(one)
    (row,) = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    assert (row["sku"], row["units"], row["amount"]) == ("toy-editor-edit-unit", 1, -0.04)
    assert row["inferenceDetails"]["requestId"].startswith("img-")


async def test_who_cannot_pay_gets_402_before_any_work() -> None:
    async with beside_a_site() as (_, web):
        async with world(usd=AN_EDIT - 1, files=WebFiles(lambda: web.egress)) as one:
            assert code(await edit(one, image=web.url("/a"))) == (402, "INSUFFICIENT_BALANCE")
        assert not web.server.heads


async def test_who_hangs_up_stops_the_engine_and_pays_nothing() -> None:
    engine = ToyEditor()
    engine.waits_from = 0
    async with world(image_editors={"toy-scissors": engine}) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(edit, one)
            with anyio.fail_after(20):
                await engine.working.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        assert (await edit(one)).status_code == 200
        assert len(one.charges()) == 1


async def test_a_form_that_is_sent_again_runs_once(one: House) -> None:
    async def asked(prompt: str, boundary: str) -> httpx2.Response:
        request = one.client.build_request(
            "POST",
            EDIT,
            data={"prompt": prompt},
            files={"image": ("a.png", picture(), "image/png")},
            headers={
                "Idempotency-Key": "mine",
                "Content-Type": f"multipart/form-data; boundary={boundary}",
            },
        )
        return await one.client.send(request)

    assert (await asked("Colorize", "one")).status_code == 200
    assert code(await asked("Colorize", "another")) == (409, "IDEMPOTENT_REPLAY")
    assert code(await asked("Invert", "one")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert len(one.charges()) == 1


async def test_limits_are_those_of_images() -> None:
    tier = {"paid": Tier("paid", {"image": RateLimits(2, MANY), "small": RateLimits(MANY, MANY)})}
    async with world(tiers=tier) as one:
        assert [(await edit(one)).status_code for _ in range(3)] == [200, 200, 429]


async def test_headers_name_model_engine_and_seed(one: House) -> None:
    headers = (await edit(one, prompt="qwrtp")).headers
    assert headers["x-venice-model-id"] == "toy-editor"
    assert headers["x-venice-model-router"] == "toy-scissors"
    assert int(headers["x-fondaco-seeds"]) > 0
    assert headers["x-fondaco-prompt-understood"] == "false"


async def test_without_a_model_an_engine_or_a_key_there_is_nothing(one: House) -> None:
    reply = await one.client.post(EDIT, json={}, headers={"Authorization": ""})
    assert reply.status_code == 401
    async with world(models=(TOY,)) as bare:
        assert code(await edit(bare)) == (404, "MODEL_NOT_FOUND")
    async with world(image_editors={}) as bare:
        assert (await edit(bare)).status_code == 503


async def test_pictures_and_instructions_are_kept_nowhere(
    one: House, capfd: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary-7f3a"
    file = saved(Image.new("RGB", (256, 256)), "JPEG", exif=exif, comment=b"canary-7f3b")
    made = await send_form(one, EDIT, {"image": file}, prompt="canary-7f3c")
    refused = await send_form(one, EDIT, {"image": b"canary-7f3d"}, prompt="canary-7f3e")
    unable = await edit(one, prompt="people canary-7f3f", image=base64(file))
    assert (made.status_code, refused.status_code, unable.status_code) == (200, 400, 422)
    metrics = await one.client.get("/metrics")
    told = "".join(capfd.readouterr()) + metrics.text + repr(one.journal.__dict__)
    assert "canary" not in told + refused.text + unable.text
    assert b"canary" not in made.content


async def test_an_upstream_edits_and_its_file_is_written_anew() -> None:
    async with FakeUpstream() as fake:
        client = connect(fake.base_url)
        models = {"toy-editor": UpstreamImageModel("theirs")}
        async with world(
            image_editors={"toy-scissors": OpenAIImages("toy-scissors", client, models)}
        ) as one:
            exif = Image.Exif()
            exif[0x010E] = "canary"
            file = saved(Image.new("RGB", (300, 260), "teal"), "JPEG", exif=exif)
            made = result(await edit(one, image=base64(file)))
            fake.edit_next.append(refusing(400, {"message": "size is not supported"}))
            free = result(await edit(one))
        await client.aclose()
    assert (made.size, free.size) == ((300, 260), (96, 80))
    assert b"canary" not in fake.edited[0].content
