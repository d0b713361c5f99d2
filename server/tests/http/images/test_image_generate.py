"""POST /api/v1/image/generate and GET /api/v1/image/styles: fields, files, headers and money."""

import json
import os
import signal
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import anyio
import httpx2
import pytest
from PIL import Image

import toy_pictures
from contracts.image_engine import Bench, ImageEngineContract
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import STYLES
from fondaco.domain.media.picture import PictureFile
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.engines.openai.images import OpenAIImages, UpstreamImageModel
from fondaco.http.apis.venice.images.schemas import GeneratedImages
from fondaco.imaging.codec import PillowCodec
from fondaco.ports import GeneratedImage
from hand_clock import HandClock
from house import MANY, TOY, House, house
from toy_painter import AN_IMAGE, PROMPT_LIMIT, TOY_IMAGES, ToyPainter

PATH = "/api/v1/image/generate"


def world(**fields: Any):  # type: ignore[no-untyped-def]  # house's own context
    options: dict[str, Any] = {
        "models": (TOY, TOY_IMAGES),
        "image_engines": {"toy-brush": ToyPainter()},
        "aliases": {"hidream": "toy-painter"},
    }
    return house(**{**options, **fields})


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def draw(one: House, **fields: object) -> httpx2.Response:
    body = {"model": "toy-painter", "prompt": "A heron", "seed": 5, **fields}
    return await one.client.post(PATH, json=body)


def files(reply: httpx2.Response) -> list[bytes]:
    assert reply.status_code == 200, reply.text
    return [b64decode(image, validate=True) for image in reply.json()["images"]]


def opened(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file)) as image:
        image.load()
        return image


class TestToyPainter(ImageEngineContract):
    @pytest.fixture
    def bench(self) -> Bench:
        task = ImageTask(
            model="toy-painter", prompt="A heron", width=64, height=64, steps=9, seed=7
        )
        return Bench(ToyPainter(), task)


async def test_the_example_of_the_documentation_works_as_it_stands(one: House) -> None:
    body = {
        "cfg_scale": 7.5,
        "embed_exif_metadata": False,
        "format": "webp",
        "height": 1024,
        "hide_watermark": False,
        "inpaint": None,
        "lora_strength": 50,
        "model": "hidream",
        "negative_prompt": "Clouds, Rain, Snow",
        "prompt": "A beautiful sunset over a mountain range",
        "return_binary": False,
        "variants": 3,
        "safe_mode": False,
        "seed": 123456789,
        "steps": 20,
        "style_preset": "3D Model",
        "width": 1024,
    }
    reply = await one.client.post(PATH, json=body)
    assert [opened(file).size for file in files(reply)] == [(1024, 1024)] * 3
    told = reply.json()
    GeneratedImages.model_validate(told, strict=True)
    assert list(told) == ["id", "images", "request", "timing"]
    assert told["request"] == body
    assert told["id"].startswith("img-")
    timing = told["timing"]
    assert 0 < timing["inferenceDuration"] <= timing["total"]
    assert timing["inferenceQueueTime"] == 0


async def test_what_engines_tell_of_variants_is_summed_up() -> None:
    clock = HandClock(at=7)

    class Busy(ToyPainter):
        async def generate(self, task: ImageTask) -> GeneratedImage:
            clock.at += 4
            made = await super().generate(task)
            return replace(made, queued_s=3.0, understood=len(self.asked) > 1)

    async with world(image_engines={"toy-brush": Busy()}, clock=clock) as one:
        reply = await draw(one, variants=2)
    assert reply.headers["x-fondaco-prompt-understood"] == "false", "the first one's was not"
    assert reply.json()["timing"] == {
        "inferenceDuration": 2_000,
        "inferencePreprocessingTime": 0,
        "inferenceQueueTime": 6_000,
        "total": 8_000,
    }


async def test_defaults_are_a_webp_of_the_models_own_size(one: House) -> None:
    reply = await one.client.post(PATH, json={"model": "default", "prompt": "A heron"})
    (file,) = files(reply)
    assert (opened(file).format, opened(file).size) == ("WEBP", (64, 64))
    assert reply.json()["request"] == {"model": "default", "prompt": "A heron"}


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
async def test_binary_responses_are_the_file(one: House, name: str) -> None:
    reply = await draw(one, format=name, return_binary=True)
    assert reply.headers["content-type"] == f"image/{name}"
    assert opened(reply.content).format == name.upper()
    assert [reply.content] == files(await draw(one, format=name))


async def test_a_seed_gives_the_same_bytes_and_variants_have_seeds_of_their_own(one: House) -> None:
    four = await draw(one, variants=4)
    assert four.headers["x-fondaco-seeds"] == "5, 6, 7, 8"
    assert len(set(files(four))) == 4
    for seed, file in zip(range(5, 9), files(four), strict=True):
        assert files(await draw(one, seed=seed)) == [file]


async def test_without_a_seed_each_call_has_another(one: House) -> None:
    body = {"model": "toy-painter", "prompt": "A heron"}
    replies = [await one.client.post(PATH, json=body) for _ in range(2)]
    seeds = [reply.headers["x-fondaco-seeds"] for reply in replies]
    assert len(set(seeds)) == 2
    assert files(await draw(one, seed=int(seeds[0]))) == files(replies[0])


async def test_the_engine_gets_what_was_asked_for() -> None:
    engine = ToyPainter()
    async with world(image_engines={"toy-brush": engine}) as one:
        wanted = {"width": 128, "height": 96, "steps": 30, "cfg_scale": 20, "lora_strength": 0}
        await draw(one, **wanted, negative_prompt="people", style_preset="origami", seed=-999999999)
        await draw(one, steps=0)
    rich, plain = engine.asked
    assert (rich.width, rich.height, rich.steps, rich.cfg_scale) == (128, 96, 30, 20)
    assert (rich.lora_strength, rich.negative_prompt, rich.seed) == (0, "people", -999999999)
    assert rich.style is not None
    assert rich.style.name == "Origami"
    assert (plain.steps, plain.cfg_scale, plain.style) == (10, None, None)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"aspect_ratio": "1:1"}, (1024, 1024)),
        ({"aspect_ratio": "16:9"}, (1368, 768)),
        ({"aspect_ratio": "9:16", "resolution": "1K"}, (768, 1368)),
    ],
)
async def test_an_aspect_ratio_stands_for_a_size(
    one: House, fields: dict[str, object], size: tuple[int, int]
) -> None:
    (file,) = files(await draw(one, **fields))
    assert opened(file).size == size


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": None},
        {"prompt": "x" * (PROMPT_LIMIT + 1)},
        {"prompt": "x" * 7_501},
        {"negative_prompt": "x" * (PROMPT_LIMIT + 1)},
        {"model": ""},
        {"cfg_scale": 0},
        {"cfg_scale": 20.1},
        {"cfg_scale": "7"},
        {"steps": -1},
        {"steps": 31},
        {"steps": 51},
        {"steps": 1.5},
        {"width": 0},
        {"width": 1281},
        {"width": 100},
        {"height": -8},
        {"height": 1288},
        {"height": 1023},
        {"aspect_ratio": "16/9"},
        {"aspect_ratio": "0:1"},
        {"aspect_ratio": "99:1"},
        {"aspect_ratio": "1:1", "width": 64},
        {"resolution": "1K"},
        {"resolution": "4K", "aspect_ratio": "1:1"},
        {"resolution": "8K", "aspect_ratio": "1:1"},
        {"seed": 1_000_000_000},
        {"seed": -1_000_000_000},
        {"seed": 0.5},
        {"lora_strength": 101},
        {"lora_strength": -1},
        {"variants": 0},
        {"variants": 5},
        {"variants": 2, "return_binary": True},
        {"format": "gif"},
        {"format": "JPEG"},
        {"style_preset": "Anim"},
        {"style_preset": ""},
        {"inpaint": {}},
        {"inpaint": {"strength": 50}},
        {"safe_mode": "no"},
        {"embed_exif_metadata": 1},
    ],
    ids=str,
)
async def test_fields_are_held_to_their_bounds(one: House, fields: dict[str, object]) -> None:
    reply = await draw(one, **fields)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert next(iter(fields)) in reply.json()["details"]
    assert not one.charges()


async def test_a_style_that_is_none_is_refused_with_the_nearest(one: House) -> None:
    told = (await draw(one, style_preset="Watercolour")).json()["error"]
    assert "'Watercolor'" in told
    assert "/api/v1/image/styles" in told


async def test_an_aspect_ratio_that_is_none_is_told_by_example(one: House) -> None:
    told = (await draw(one, aspect_ratio="wide")).json()["error"]
    assert told == "aspect_ratio: must look like '16:9'"


async def test_an_unknown_model_is_told_where_those_of_images_are_listed(one: House) -> None:
    told = (await draw(one, model="nobody")).json()["error"]
    assert "/api/v1/models?type=image lists all" in told


async def test_an_unknown_field_is_refused_with_the_nearest(one: House) -> None:
    reply = await draw(one, stepz=5)
    assert reply.status_code == 400
    assert "steps" in reply.text


async def test_a_size_that_the_model_does_not_make_names_the_next_ones(one: House) -> None:
    assert "96 or 104, not 100" in (await draw(one, width=100)).json()["error"]


async def test_what_the_model_does_not_have_is_ignored_and_named() -> None:
    engine = ToyPainter()
    model = replace(TOY_IMAGES, parameters=frozenset({ImageParameter.SEED}))
    async with world(models=(TOY, model), image_engines={"toy-brush": engine}) as one:
        reply = await draw(
            one, steps=50, cfg_scale=3, negative_prompt="x", lora_strength=5, safe_mode=True
        )
        assert reply.headers["x-fondaco-ignored-params"] == (
            "cfg_scale, lora_strength, negative_prompt, safe_mode, steps"
        )
        assert "x-fondaco-ignored-params" not in (await draw(one)).headers
    task = engine.asked[0]
    assert (task.steps, task.cfg_scale, task.negative_prompt, task.lora_strength) == (
        (10, None, "", None)
    )


async def test_safe_mode_claims_nothing_that_nobody_looked_at(one: House) -> None:
    asked = await draw(one, safe_mode=True)
    assert "x-venice-is-blurred" not in asked.headers
    assert "safe_mode" in asked.headers["x-fondaco-ignored-params"]
    assert "x-venice-is-content-violation" not in asked.headers
    assert "x-venice-is-blurred" not in (await draw(one, safe_mode=False)).headers


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
async def test_metadata_is_in_the_file_where_asked_for_and_nowhere_else(
    one: House, name: str
) -> None:
    wanted = {"prompt": "canary in a tree", "negative_prompt": "canaries", "format": name}
    (plain,) = files(await draw(one, **wanted))
    assert b"canar" not in plain
    assert not opened(plain).getexif()
    (told,) = files(
        await draw(one, **wanted, embed_exif_metadata=True, style_preset="Anime", cfg_scale=7.5)
    )
    exif = opened(told).getexif()
    assert exif[0x010E] == "canary in a tree"
    comment = exif.get_ifd(0x8769)[0x9286]
    for part in (b'"seed": 5', b'"negative_prompt": "canaries"', b'"cfg_scale": 7.5', b'"Anime"'):
        assert part in comment


async def test_the_longest_prompts_are_in_the_file_whatever_their_characters() -> None:
    model = replace(TOY_IMAGES, prompt_limit=7_500)
    fields = {
        "prompt": "\N{FAMILY}" * 7_500,
        "negative_prompt": "\x01" * 5_890,
        "cfg_scale": 7.123456789012345,
        "format": "jpeg",
        "embed_exif_metadata": True,
    }
    async with world(models=(TOY, model)) as one:
        (file,) = files(await draw(one, **fields))
    comment = opened(file).getexif().get_ifd(0x8769)[0x9286]
    assert json.loads(comment[8:])["negative_prompt"] == " " * 5_890


async def test_a_prompt_of_which_nothing_is_understood_is_told(one: House) -> None:
    assert "x-fondaco-prompt-understood" not in (await draw(one)).headers
    reply = await draw(one, prompt="qwrtp")
    assert reply.headers["x-fondaco-prompt-understood"] == "false"


@pytest.mark.parametrize(
    "fields", [{"width": 56}, {"height": 8}, {"aspect_ratio": "99:1"}], ids=str
)
async def test_a_side_that_is_too_short_is_refused(fields: dict[str, object]) -> None:
    model = replace(TOY_IMAGES, shortest_side=128, longest_side=16_384)
    async with world(models=(TOY, model)) as one:
        reply = await draw(one, **fields)
        assert reply.status_code == 400
        assert (
            "at least 128 pixels a side"
            in reply.json()["details"][next(iter(fields))]["_errors"][0]
        )


async def test_headers_name_model_engine_balance_and_limits(one: House) -> None:
    headers = (await draw(one)).headers
    assert headers["x-venice-model-id"] == "toy-painter"
    assert headers["x-venice-model-name"] == "Toy painter"
    assert headers["x-venice-model-router"] == "toy-brush"
    assert headers["x-venice-balance-usd"] == "10"
    assert headers["x-ratelimit-limit-requests"] == str(MANY)
    assert "x-venice-model-deprecation-warning" not in headers
    assert headers["cf-ray"]


async def test_a_model_that_will_be_retired_is_announced() -> None:
    ending = Deprecation(announced=date(2020, 1, 1), sunset=date(2999, 1, 1))
    async with world(models=(TOY, replace(TOY_IMAGES, deprecation=ending))) as one:
        assert "2999" in (await draw(one)).headers["x-venice-model-deprecation-date"]


@pytest.mark.parametrize("name", ["toy", "gpt-4o", "nothing"])
async def test_names_of_other_kinds_of_model_are_not_found(one: House, name: str) -> None:
    reply = await draw(one, model=name)
    assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")
    assert (await one.chat(model="toy-painter")).status_code == 404


async def test_the_models_limits_are_listed(one: House) -> None:
    (entry,) = (await one.client.get("/api/v1/models?type=image")).json()["data"]
    assert entry["model_spec"]["constraints"] == {
        "promptCharacterLimit": PROMPT_LIMIT,
        "steps": {"default": 10, "max": 30},
        "widthHeightDivisor": 8,
    }
    assert entry["model_spec"]["pricing"]["generation"] == {"usd": 0.01, "diem": 0.01}
    traits = (await one.client.get("/api/v1/models/traits?type=image")).json()["data"]
    assert traits == {"default": "toy-painter"}


async def test_each_variant_is_charged_and_shown_in_the_usage(one: House) -> None:
    reply = await draw(one, variants=3)
    (charge,) = one.charges()
    assert charge.amount == -3 * AN_IMAGE
    assert (await one.balance()).usd == 10 * NANO - 3 * AN_IMAGE
    (row,) = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    assert (row["sku"], row["units"], row["amount"]) == ("toy-painter-image-unit", 3, -0.03)
    assert row["pricePerUnitUsd"] == 0.01
    assert row["inferenceDetails"]["requestId"] == reply.json()["id"]


async def test_who_cannot_pay_all_variants_gets_402_before_any_work() -> None:
    engine = ToyPainter()
    async with world(usd=2 * AN_IMAGE, image_engines={"toy-brush": engine}) as one:
        reply = await draw(one, variants=3)
        assert (reply.status_code, reply.json()["code"]) == (402, "INSUFFICIENT_BALANCE")
        assert not engine.asked
        assert (await draw(one, variants=2)).status_code == 200
        assert (await one.balance()).usd == 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (EngineUnavailableError(), 503),
        (PictureFile(b"no picture"), 500),
        (PictureFile(toy_pictures.png(8, 8)), 500),
    ],
    ids=["down", "damaged", "too small"],
)
async def test_where_one_variant_fails_nothing_is_charged(
    failure: EngineUnavailableError | PictureFile, status: int
) -> None:
    engine = ToyPainter()
    async with world(image_engines={"toy-brush": engine}) as one:
        engine.next += [None, failure]
        assert (await draw(one, variants=3)).status_code == status
        assert not one.charges()
        assert (await one.balance()).usd == 10 * NANO
        assert (await draw(one)).status_code == 200


async def test_a_damaged_picture_is_made_by_the_next_engine() -> None:
    first, spare = ToyPainter("toy-brush"), ToyPainter("spare")
    first.next.append(PictureFile(b"no picture"))
    models = (TOY, replace(TOY_IMAGES, engines=("toy-brush", "spare")))
    async with world(models=models, image_engines={e.name: e for e in (first, spare)}) as one:
        reply = await draw(one)
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "spare")


async def test_who_hangs_up_pays_for_the_images_that_were_complete() -> None:
    engine = ToyPainter()
    engine.waits_from = 2
    async with world(image_engines={"toy-brush": engine}) as one:
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                await draw(one, variants=4)

            tasks.start_soon(ask)
            with anyio.fail_after(20):
                await engine.painting.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            while not one.charges():  # noqa: ASYNC110 - the ledger owes nobody an event
                await anyio.sleep(0.01)
        (charge,) = one.charges()
        assert charge.amount == -2 * AN_IMAGE


async def test_an_idempotency_key_runs_once(one: House) -> None:
    body = {"model": "toy-painter", "prompt": "once"}
    headers = {"Idempotency-Key": "mine"}
    first = await one.client.post(PATH, json=body, headers=headers)
    again = await one.client.post(PATH, json=body, headers=headers)
    assert (again.status_code, again.json()["chargeId"]) == (409, first.json()["id"])
    assert len(one.charges()) == 1


async def test_limits_are_those_of_images() -> None:
    tier = {"paid": Tier("paid", {"image": RateLimits(2, MANY), "small": RateLimits(MANY, MANY)})}
    async with world(tiers=tier) as one:
        assert [(await draw(one)).status_code for _ in range(3)] == [200, 200, 429]
        assert (await one.chat()).status_code == 200


async def test_without_the_packages_nothing_is_painted_or_charged() -> None:
    engine = ToyPainter()
    async with world(
        image_codec=PillowCodec(lambda: False), image_engines={"toy-brush": engine}
    ) as one:
        reply = await draw(one)
        assert reply.status_code == 503
        assert "server[images]" in reply.json()["error"]
        assert not engine.asked
        assert not one.charges()


async def test_a_model_without_an_engine_is_unavailable() -> None:
    async with world(image_engines={}) as one:
        assert (await draw(one)).status_code == 503


async def test_prompts_are_kept_nowhere(one: House, capfd: pytest.CaptureFixture[str]) -> None:
    await draw(one, prompt="canary-7f3a", negative_prompt="canary-7f3b", embed_exif_metadata=True)
    await draw(one, prompt="canary-7f3a", style_preset="canary-7f3c")
    metrics = await one.client.get("/metrics")
    told = "".join(capfd.readouterr()) + metrics.text + repr(one.journal.__dict__)
    assert "canary" not in told


async def test_without_a_key_there_is_nothing(one: House) -> None:
    reply = await one.client.post(PATH, json={}, headers={"Authorization": ""})
    assert reply.status_code == 401


async def test_an_upstream_serves_and_its_file_is_written_anew() -> None:
    async with FakeUpstream() as fake:
        client = connect(fake.base_url)
        engine = OpenAIImages("toy-brush", client, {"toy-painter": UpstreamImageModel("theirs")})
        async with world(image_engines={"toy-brush": engine}) as one:
            (file,) = files(await draw(one, prompt="canary in a chunk", format="png", width=72))
        await client.aclose()
    assert fake.drawn[0].body["size"] == "72x64"
    assert opened(file).size == (72, 64)
    assert b"canary" not in file


async def test_styles_are_listed_for_anybody(one: House) -> None:
    reply = await one.client.get("/api/v1/image/styles", headers={"Authorization": ""})
    assert reply.status_code == 200
    told = reply.json()
    assert (list(told), told["object"]) == (["data", "object"], "list")
    assert {"3D Model", "Analog Film", "Anime", "Cinematic", "Comic Book"} <= set(told["data"])
    assert len(set(told["data"])) == len(STYLES) >= 60
    assert told["data"] == [one.name for one in STYLES]


async def test_every_style_has_words_of_its_own() -> None:
    assert len({one.words for one in STYLES}) == len(STYLES)
    assert all(one.words and one.avoided for one in STYLES)


async def test_a_writer_that_is_killed_is_no_failure_of_the_engine() -> None:
    engines = {"toy-brush": ToyPainter(), "other": ToyPainter("other")}
    models = (TOY, replace(TOY_IMAGES, engines=("toy-brush", "other")))
    async with (
        aclosing(PillowCodec()) as codec,
        world(models=models, image_engines=engines, image_codec=codec) as one,
    ):
        assert (await draw(one)).status_code == 200
        charged = len(one.charges())
        assert codec.writer_pid is not None
        os.kill(codec.writer_pid, signal.SIGKILL)
        failed = await draw(one)
        assert (failed.status_code, failed.json()["code"]) == (500, "INFERENCE_FAILED")
        assert "could not encode its file" in failed.json()["error"]
        assert len(one.charges()) == charged
        incidents = one.platform.metrics.incidents
        assert not [labels for labels in incidents if "engine_failed" in labels]
        assert not engines["other"].asked
        assert (await draw(one)).status_code == 200
