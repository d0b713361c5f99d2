"""POST /api/v1/image/upscale: fields, pictures, sizes, and money."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from typing import Any

import anyio
import pytest
from PIL import Image

from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.domain.media.image_upscale import Enhancement
from fondaco.domain.media.picture import PictureFile, Pixels
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.imaging.codec import PillowCodec
from house import MANY, TOY, House
from picture_house import (
    UPSCALE,
    base64,
    charged,
    code,
    opened,
    picture,
    result,
    saved,
    send,
    send_form,
    world,
)
from toy_editors import AN_IMAGE, TOY_UPSCALER, ToyUpscaler

SMALL = base64(picture())
TWICE, FOURFOLD = 2 * AN_IMAGE, 8 * AN_IMAGE


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def test_the_example_of_the_documentation_works_as_it_stands() -> None:
    engine = ToyUpscaler()
    body = {"enhance": True, "enhanceCreativity": 0.5, "enhancePrompt": "gold", "scale": 2}
    async with world(image_upscalers={"toy-glass": engine}) as one:
        assert result(await send(one, UPSCALE, image=SMALL, **body)).size == (512, 512)
    assert engine.asked[0].enhancement == Enhancement(0.5, "gold", 0.35)


async def test_a_picture_is_all_that_is_needed(one: House) -> None:
    image = result(await send(one, UPSCALE, image=base64(picture(300, 220))))
    assert (image.size, image.getpixel((5, 5))) == ((600, 440), (0x20, 0x40, 0x60))
    assert (await one.balance()).usd == 10 * NANO - TWICE


async def test_a_prompt_of_which_nothing_is_understood_is_told(one: House) -> None:
    body = {"image": SMALL, "enhance": True}
    reply = await send(one, UPSCALE, **body, enhancePrompt="gold")
    assert "x-fondaco-prompt-understood" not in reply.headers
    reply = await send(one, UPSCALE, **body, enhancePrompt="qwrtp")
    assert reply.headers["x-fondaco-prompt-understood"] == "false"


async def test_json_and_forms_mean_the_same() -> None:
    engine = ToyUpscaler()
    async with world(image_upscalers={"toy-glass": engine}) as one:
        fields = {"scale": 1.5, "enhance": True, "enhanceCreativity": 1, "replication": 0}
        await send(one, UPSCALE, image=SMALL, enhancePrompt="gold", **fields)
        texts = {
            "scale": "1.5",
            "enhance": "true",
            "enhanceCreativity": "1",
            "replication": "0",
            "enhancePrompt": "gold",
        }
        await send_form(one, UPSCALE, {"image": picture()}, **texts)
        parts = {name: (None, text) for name, text in {**texts, "image": SMALL}.items()}
        await one.client.post(UPSCALE, files=parts)
    first, *others = engine.asked
    assert (first.width, first.enhancement) == (384, Enhancement(1.0, "gold", 0.0))
    assert others == [first, first]


@pytest.mark.parametrize("value", [True, "true"])
async def test_a_scale_of_one_enhances_only(value: object) -> None:
    engine = ToyUpscaler()
    async with world(image_upscalers={"toy-glass": engine}) as one:
        fields = {"enhance": value, "enhanceCreativity": None, "replication": None, "scale": 1}
        assert result(await send(one, UPSCALE, image=SMALL, **fields)).size == (256, 256)
        assert (await one.balance()).usd == 10 * NANO - TWICE
    assert engine.asked[0].enhancement == Enhancement()


@pytest.mark.parametrize(
    "fields",
    [
        {"scale": 1},
        {"scale": 0.99, "enhance": True},
        {"scale": 4.01},
        {"scale": 1.001},
        {"scale": "2"},
        {"scale": None},
        {"enhance": "yes"},
        {"enhance": 1},
        {"enhanceCreativity": 1.01, "enhance": True},
        {"enhanceCreativity": -0.01},
        {"enhanceCreativity": "0.5"},
        {"replication": 1.01},
        {"replication": -1},
        {"enhancePrompt": "x" * 1_501},
        {"enhancePrompt": None},
        {"image": None},
        {"image": 5},
        {"image": [SMALL]},
        {"scales": 2},
    ],
    ids=str,
)
async def test_fields_are_held_to_their_bounds(one: House, fields: dict[str, object]) -> None:
    reply = await send(one, UPSCALE, **{"image": SMALL, **fields})
    assert code(reply) == (400, "INVALID_REQUEST")
    assert next(iter(fields)) in reply.json()["details"]
    assert not one.charges()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("scale", "two"),
        ("scale", "NaN"),
        ("scale", "1e999"),
        ("scale", ""),
        ("enhance", "yes"),
        ("replication", "half"),
        ("sclae", "2"),
    ],
)
async def test_texts_of_a_form_are_held_to_the_same_bounds(
    one: House, field: str, text: str
) -> None:
    reply = await send_form(one, UPSCALE, {"image": picture()}, **{field: text})
    assert code(reply) == (400, "INVALID_REQUEST")
    assert field in reply.json()["details"]


async def test_a_form_says_null_and_switches_as_clients_write_them(one: House) -> None:
    for switch in ("true", "True", "TRUE"):
        texts = {"enhance": switch, "enhanceCreativity": "null", "scale": "1"}
        assert (await send_form(one, UPSCALE, {"image": picture()}, **texts)).status_code == 200


async def test_what_only_enhancing_needs_is_ignored_and_named(one: House) -> None:
    reply = await send(one, UPSCALE, image=SMALL, enhancePrompt="gold", replication=0.5)
    assert reply.headers["x-fondaco-ignored-params"] == "enhancePrompt, replication"
    assert "x-fondaco-ignored-params" not in (await send(one, UPSCALE, image=SMALL)).headers


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_each_format_is_taken(one: House, kind: str) -> None:
    file = picture(kind=kind)
    for sent in (base64(file), f"data:image/{kind.lower()};base64,{base64(file)}"):
        assert result(await send(one, UPSCALE, image=sent, scale=1.1)).size == (282, 282)


async def test_base64_may_have_line_ends(one: House) -> None:
    wrapped = "\r\n".join(SMALL[at : at + 76] for at in range(0, len(SMALL), 76))
    assert (await send(one, UPSCALE, image=wrapped)).status_code == 200


async def test_the_result_is_upright_and_transparent_as_the_picture_was(one: House) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGBA", (300, 230), (9, 8, 7, 6))
    made = result(await send(one, UPSCALE, image=base64(saved(image, exif=exif))))
    assert (made.size, made.mode, made.getpixel((0, 0))) == ((460, 600), "RGBA", (9, 8, 7, 6))


NOT_TAKEN: dict[str, tuple[str, str, str]] = {
    "no base64": ("INVALID base64", "CORRUPTED_IMAGE", "not base64"),
    "not padded": (SMALL.rstrip("=") + "A", "CORRUPTED_IMAGE", "not base64"),
    "a file's name": ("photo.png", "CORRUPTED_IMAGE", "File names are not read"),
    "empty": ("", "CORRUPTED_IMAGE", "base64"),
    "no media type": (f"data:image/png,{SMALL}", "CORRUPTED_IMAGE", "base64"),
    "words": (base64(b"no picture"), "INVALID_IMAGE_FORMAT", "not a PNG"),
    "svg": (
        base64(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "INVALID_IMAGE_FORMAT",
        "not a PNG",
    ),
    "zip": (base64(b"PK\3\4" + bytes(100)), "INVALID_IMAGE_FORMAT", "not a PNG"),
    "an address": (
        "https://example.com/a.png",
        "INVALID_IMAGE_FORMAT",
        "Fetching URLs is disabled",
    ),
    "too few pixels": (base64(picture(255, 256)), "INVALID_IMAGE_FORMAT", "65,536 pixels"),
    "a strip": (base64(picture(31, 4_000)), "INVALID_IMAGE_FORMAT", "32 x 32"),
    "too many pixels": (base64(picture(4_097, 4_096)), "INVALID_IMAGE_FORMAT", "16,777,216 pixels"),
    "truncated": (base64(picture()[:-20]), "CORRUPTED_IMAGE", "end is missing"),
    "damaged": (base64(picture()[:60] + bytes(40) + picture()[100:]), "CORRUPTED_IMAGE", "damaged"),
    "png and zip": (
        base64(picture() + b"PK\5\6" + bytes(18)),
        "CORRUPTED_IMAGE",
        "other data after the image",
    ),
    "webp and zip": (
        base64(picture(kind="WEBP") + b"PK\5\6"),
        "CORRUPTED_IMAGE",
        "other data after the image",
    ),
    "gif and zip": (base64(picture(kind="GIF") + b"PK\5\6"), "CORRUPTED_IMAGE", "end is missing"),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
async def test_what_is_no_picture_is_refused_and_costs_nothing(one: House, case: str) -> None:
    sent, expected, told = NOT_TAKEN[case]
    reply = await send(one, UPSCALE, image=sent)
    assert code(reply) == (400, expected)
    (reason,) = reply.json()["details"]["image"]["_errors"]
    assert told in reason
    assert not one.charges()


async def test_a_large_picture_is_enlarged_as_far_as_a_result_may_go() -> None:
    engine = ToyUpscaler()
    async with world(image_upscalers={"toy-glass": engine}) as one:
        engine.next.append(Pixels(5_016, 3_344, bytes(5_016 * 3_344 * 3)))
        reply = await send(one, UPSCALE, image=base64(picture(3_000, 2_000)), scale=4)
        task = engine.asked[0]
        assert task.width * task.height <= 16_777_216
        assert (task.width, task.height) == (5_017, 3_344)
        assert reply.status_code == 500  # the toy's is a pixel too narrow
        engine.next.append(Pixels(5_017, 3_344, bytes(5_017 * 3_344 * 3)))
        reply = await send(one, UPSCALE, image=base64(picture(3_000, 2_000)), scale=4)
        assert reply.headers["x-fondaco-scale"] == "1.672"
        assert opened(reply.content).size == (5_017, 3_344)
        assert [row.sku for row in one.charges()] == ["toy-upscaler-upscale-2x-unit"]
        assert (await one.balance()).usd == 10 * NANO - TWICE


async def test_what_cannot_be_enlarged_any_more_can_only_be_enhanced(one: House) -> None:
    full = base64(picture(4_096, 4_096))
    reply = await send(one, UPSCALE, image=full, scale=2)
    assert code(reply) == (400, "INVALID_REQUEST")
    assert "as many as a result may have" in reply.json()["details"]["image"]["_errors"][0]
    assert not one.charges()


async def test_what_is_told_as_twofold_is_sold_as_twofold(one: House) -> None:
    reply = await send(one, UPSCALE, image=base64(picture(2_049, 2_047)), scale=4)
    assert reply.headers["x-fondaco-scale"] == "2.000"
    assert [-charge.amount for charge in one.charges()] == [TWICE]


@pytest.mark.parametrize(
    ("scale", "price", "sku"),
    [(1.01, TWICE, "2x"), (2, TWICE, "2x"), (2.001, FOURFOLD, "4x"), (4, FOURFOLD, "4x")],
)
async def test_a_scale_beyond_two_is_sold_as_fourfold(
    one: House, scale: float, price: int, sku: str
) -> None:
    assert "x-fondaco-scale" not in (await send(one, UPSCALE, image=SMALL, scale=scale)).headers
    (charge,) = one.charges()
    assert charge.amount == -price
    (row,) = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    assert (row["sku"], row["units"]) == (f"toy-upscaler-upscale-{sku}-unit", 1)
    assert row["inferenceDetails"]["requestId"].startswith("img-")


@pytest.mark.parametrize(
    ("failure", "status", "expected"),
    [
        (EngineError(), 500, "UPSCALE_FAILED"),
        (PictureFile(b"no picture"), 500, "UPSCALE_FAILED"),
        (Pixels(8, 8, bytes(192)), 500, "UPSCALE_FAILED"),
        (EngineUnavailableError(), 503, "MODEL_AT_CAPACITY"),
        (EngineTimeoutError(), 504, "INFERENCE_TIMEOUT"),
    ],
    ids=["failed", "damaged", "another size", "down", "slow"],
)
async def test_where_the_engine_fails_nothing_is_charged(
    failure: Any, status: int, expected: str
) -> None:
    engine = ToyUpscaler()
    async with world(image_upscalers={"toy-glass": engine}) as one:
        engine.next.append(failure)
        assert code(await send(one, UPSCALE, image=SMALL)) == (status, expected)
        assert not one.charges()
        assert (await one.balance()).usd == 10 * NANO
        assert (await send(one, UPSCALE, image=SMALL)).status_code == 200


async def test_the_next_engine_takes_over() -> None:
    first, spare = ToyUpscaler(), ToyUpscaler("spare")
    first.next.append(EngineError())
    models = (TOY, replace(TOY_UPSCALER, engines=("toy-glass", "spare")))
    async with world(models=models, image_upscalers={e.name: e for e in (first, spare)}) as one:
        reply = await send(one, UPSCALE, image=SMALL)
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "spare")
        assert len(one.charges()) == 1


async def test_who_cannot_pay_gets_402_before_any_work() -> None:
    engine = ToyUpscaler()
    async with world(usd=FOURFOLD - 1, image_upscalers={"toy-glass": engine}) as one:
        reply = await send(one, UPSCALE, image="no picture at all", scale=4)
        assert code(reply) == (402, "INSUFFICIENT_BALANCE")
        assert not engine.asked
        assert (await send(one, UPSCALE, image=SMALL)).status_code == 200
        assert (await one.balance()).usd == FOURFOLD - 1 - TWICE


async def test_who_hangs_up_stops_the_engine_and_pays_nothing() -> None:
    engine = ToyUpscaler()
    engine.waits_from = 0
    async with world(image_upscalers={"toy-glass": engine}) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: send(one, UPSCALE, image=SMALL))
            with anyio.fail_after(20):
                await engine.working.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        assert (await send(one, UPSCALE, image=SMALL)).status_code == 200
        await charged(one)
        assert len(one.charges()) == 1


async def test_an_idempotency_key_runs_once(one: House) -> None:
    headers = {"Idempotency-Key": "mine"}
    body = {"image": SMALL}
    first = await one.client.post(UPSCALE, json=body, headers=headers)
    again = await one.client.post(UPSCALE, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 409)
    assert len(one.charges()) == 1


async def test_limits_are_those_of_images() -> None:
    tier = {"paid": Tier("paid", {"image": RateLimits(2, MANY), "small": RateLimits(MANY, MANY)})}
    async with world(tiers=tier) as one:
        replies = [await send(one, UPSCALE, image=SMALL) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert (await one.chat()).status_code == 200


async def test_headers_name_model_engine_balance_and_limits(one: House) -> None:
    headers = (await send(one, UPSCALE, image=SMALL)).headers
    assert headers["x-venice-model-id"] == "toy-upscaler"
    assert headers["x-venice-model-router"] == "toy-glass"
    assert headers["x-venice-balance-usd"] == "10"
    assert headers["x-ratelimit-limit-requests"] == str(MANY)
    assert {"x-fondaco-seeds", "x-venice-is-blurred", "content-encoding"}.isdisjoint(headers)


async def test_a_model_that_will_be_retired_is_announced() -> None:
    ending = Deprecation(announced=date(2020, 1, 1), sunset=date(2999, 1, 1))
    async with world(models=(TOY, replace(TOY_UPSCALER, deprecation=ending))) as one:
        reply = await send(one, UPSCALE, image=SMALL)
        assert "2999" in reply.headers["x-venice-model-deprecation-date"]


async def test_without_a_model_or_an_engine_there_is_nothing() -> None:
    async with world(models=(TOY,)) as one:
        reply = await send(one, UPSCALE, image=SMALL)
        assert code(reply) == (404, "MODEL_NOT_FOUND")
        assert "none of type 'upscale' has the trait 'default'" in reply.json()["error"]
    async with world(image_upscalers={}) as one:
        assert (await send(one, UPSCALE, image=SMALL)).status_code == 503


async def test_without_the_packages_nothing_is_upscaled_or_charged() -> None:
    engine = ToyUpscaler()
    options = {"image_codec": PillowCodec(lambda: False), "image_upscalers": {"toy-glass": engine}}
    async with world(**options) as one:
        reply = await send(one, UPSCALE, image=SMALL)
        assert reply.status_code == 503
        assert "server[images]" in reply.json()["error"]
        assert not one.charges()


@pytest.mark.parametrize(
    "media_type", ["text/plain", "image/png", "application/x-www-form-urlencoded", ""]
)
async def test_other_content_types_are_refused(one: House, media_type: str) -> None:
    reply = await one.client.post(
        UPSCALE, content=b64encode(picture()), headers={"Content-Type": media_type}
    )
    assert code(reply) == (415, "INVALID_CONTENT_TYPE")
    assert "multipart/form-data" in reply.json()["error"]


async def test_a_body_that_is_too_large_is_refused() -> None:
    async with world(body_limit_bytes=2**20) as one:
        for reply in (
            await send(one, UPSCALE, image="A" * 2**20),
            await send_form(one, UPSCALE, {"image": bytes(2**20)}),
        ):
            assert code(reply) == (413, "INVALID_FILE_SIZE")


async def test_memory_for_pixels_is_limited_and_given_back() -> None:
    engine = ToyUpscaler()
    engine.waits_from = 0
    async with world(image_upscalers={"toy-glass": engine}, picture_memory_bytes=4 * 2**20) as one:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: send(one, UPSCALE, image=SMALL))
            with anyio.fail_after(20):
                await engine.working.wait()
            mine = await send(one, UPSCALE, image=SMALL)
            assert code(mine) == (429, "RATE_LIMIT_EXCEEDED")
            assert "pictures of 2,097,152 bytes" in mine.json()["error"]
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await engine.cancelled.wait()
        reply = await send(one, UPSCALE, image=SMALL, scale=4)
        assert code(reply) == (503, "MODEL_AT_CAPACITY")
        assert "as many pictures as it can" in reply.json()["error"]
        assert (await send(one, UPSCALE, image=SMALL)).status_code == 200
