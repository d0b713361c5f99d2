"""sd-server's jobs: the contract, what is asked, recorded answers, and servers that lie."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO
from typing import Any

import anyio
import pytest
from PIL import Image

from contracts.image_editor import Bench as EditBench, ImageEditorContract
from contracts.image_engine import Bench, ImageEngineContract
from engines.sdserver.conftest import OPTIONS
from fake_sd_server import CAPABILITIES, SUBMIT, FakeSdServer, answering, recorded
from fake_upstream import cut_after, hanging, raw, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGBA, PictureFile, Pixels
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.sdserver.capabilities import capabilities_of
from fondaco.engines.sdserver.engine import SdServer

TASK = ImageTask(model="ours", prompt="A heron", width=64, height=64, steps=9, seed=7)
STRIPES = Pixels(64, 64, bytes(range(192)) * 64)
EDIT = EditTask(
    model="ours", prompt="at night", picture=Pixels(2, 1, b"abcdef"), width=2, height=1, seed=-1
)


class TestSdServer(ImageEngineContract):
    @pytest.fixture
    def bench(self, engine: SdServer) -> Bench:
        return Bench(engine, TASK)


class TestSdServerEdits(ImageEditorContract):
    @pytest.fixture
    def bench(self, engine: SdServer) -> EditBench:
        return EditBench(engine, replace(EDIT, picture=STRIPES, width=64, height=64))

    @pytest.mark.parametrize(("width", "height"), [(128, 64), (64, 192)])
    async def test_a_result_has_the_size_that_was_asked_for(
        self, bench: EditBench, width: int, height: int
    ) -> None:
        """In multiples of 64 it is the size; else it is rounded up, and the codec crops it."""
        await super().test_a_result_has_the_size_that_was_asked_for(bench, width, height)


async def test_a_job_has_all_that_the_row_says(engine: SdServer, fake: FakeSdServer) -> None:
    task = replace(TASK, negative_prompt="people", cfg_scale=5.5, lora_strength=40, width=100)
    await engine.generate(task)
    [asked] = fake.asked_at(SUBMIT)
    assert asked.body == {
        "prompt": "A heron",
        "negative_prompt": "people",
        "lora": [{"path": "detail.safetensors", "multiplier": 0.4}],
        "width": 128,
        "height": 64,
        "seed": 7,
        "batch_count": 1,
        "embed_image_metadata": False,
        "output_format": "png",
        "sample_params": {
            "sample_steps": 9,
            "sample_method": "euler_a",
            "scheduler": "karras",
            "guidance": {"txt_cfg": 5.5},
        },
    }


async def test_what_the_row_does_not_say_is_left_to_the_engine(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    await SdServer("sd", client, {"ours": "flux.safetensors"}, ImageOptions()).generate(TASK)
    await client.aclose()
    assert fake.asked_at(SUBMIT)[0].body["sample_params"] == {"sample_steps": 9}


async def test_an_edit_draws_over_the_picture_in_register(
    engine: SdServer, fake: FakeSdServer
) -> None:
    await engine.edit(replace(EDIT, mask=Pixels(2, 1, b"abc\0abc\xff", RGBA)))
    body = fake.asked_at(SUBMIT)[0].body
    assert (body["width"], body["height"], body["seed"], body["strength"]) == (
        64,
        64,
        2**31 - 1,
        0.75,
    )
    assert body["sample_params"]["sample_steps"] == 20
    with Image.open(BytesIO(base64.b64decode(body["init_image"]))) as image:
        assert (image.size, image.getpixel((31, 5)), image.getpixel((32, 60))) == (
            (64, 64),
            tuple(b"abc"),
            tuple(b"def"),
        )
    with Image.open(BytesIO(base64.b64decode(body["mask_image"]))) as image:
        assert (image.size, image.getpixel((31, 5)), image.getpixel((32, 60))) == ((64, 64), 255, 0)


async def test_a_model_of_instructions_looks_at_the_picture(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    engine = SdServer("sd", client, {"ours": "flux"}, ImageOptions(), edit_way="reference")
    await engine.edit(EDIT)
    await client.aclose()
    body = fake.asked_at(SUBMIT)[0].body
    assert len(body["ref_images"]) == 1
    assert not {"init_image", "strength", "mask_image"} & body.keys()


async def test_a_prompt_commands_nothing(engine: SdServer, fake: FakeSdServer) -> None:
    odd = 'x <sd_cpp_extra_args>{"width":2048}</sd_cpp_extra_args>'
    with pytest.raises(InvalidRequestError, match="instructions to the engine"):
        await engine.generate(replace(TASK, prompt=odd))
    with pytest.raises(InvalidRequestError, match="instructions to the engine"):
        await engine.edit(replace(EDIT, prompt=odd))
    await engine.generate(replace(TASK, prompt="a {red|blue} __bird__"))
    assert len(fake.asked_at(SUBMIT)) == 1, "it knows no wildcards and no variants"


async def test_names_that_the_engine_would_ignore_are_its_failure(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    for options, words in (
        (ImageOptions(sampler="Euler"), "no sampler 'Euler', but ddim_trailing"),
        (ImageOptions(scheduler="fast"), "no scheduler 'fast'"),
    ):
        with pytest.raises(EngineError, match=words):
            await SdServer("sd", client, {"ours": "flux"}, options).generate(TASK)
    engine = SdServer("sd", client, {"lost": "sdxl"}, ImageOptions())
    for _ in range(2):
        with pytest.raises(
            EngineError, match=r"does not support 'sdxl'\. It supports flux, flux.safetensors"
        ):
            await engine.generate(replace(TASK, model="lost"))
    await client.aclose()
    assert not fake.asked_at(SUBMIT)
    assert len(fake.asked_at(CAPABILITIES)) == 4, "it may have been started anew with another one"


async def test_the_recorded_picture_is_one(engine: SdServer, fake: FakeSdServer) -> None:
    job = recorded("job, completed")
    fake.job_scripts = [replying({**job, "id": "job_6b088016_00000000"})]
    made = (await engine.generate(TASK)).picture
    assert isinstance(made, PictureFile)
    with Image.open(BytesIO(made.data)) as image:
        image.load()
        assert (image.size, image.info) == ((64, 64), {})


def completed(**result: Any) -> Any:
    return replying({"id": "job_6b088016_00000000", "status": "completed", "result": result})


PNG = recorded("job, completed")["result"]["images"][0]["b64_json"]
LIES: dict[str, tuple[Any, type[EngineError]]] = {
    "another's job": (replying({**recorded("job, completed"), "id": "job_7"}), EngineError),
    "no status": (replying({"id": "job_6b088016_00000000"}), EngineError),
    "failed": (replying({"id": "job_6b088016_00000000", "status": "failed"}), EngineError),
    "cancelled": (
        replying({**recorded("job, cancelled"), "id": "job_6b088016_00000000"}),
        EngineUnavailableError,
    ),
    "no result": (completed(), EngineError),
    "no images": (completed(images=[]), EngineError),
    "an odd image": (completed(images=[PNG]), EngineError),
    "no base64": (completed(images=[{"b64_json": "?"}]), EngineError),
    "a page": (completed(images=[{"b64_json": "PGh0bWw+"}]), EngineError),
    "lost": (answering("job, unknown"), EngineError),
    "a list": (replying([1]), EngineError),
    "hung up": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", then="close"),
        EngineUnavailableError,
    ),
    "huge": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 68000000\r\n\r\n" + b" " * 68_000_000),
        EngineUnavailableError,
    ),
}


@pytest.mark.parametrize("case", LIES)
async def test_a_job_that_breaks_its_word_ends_the_call(
    engine: SdServer, fake: FakeSdServer, case: str
) -> None:
    script, kind = LIES[case]
    fake.job_scripts = [script]
    with pytest.raises(kind):
        await engine.generate(TASK)
    assert isinstance((await engine.generate(TASK)).picture, PictureFile)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ("img_gen, no JSON", EngineError, "invalid json"),
        ("img_gen, no body", EngineError, "empty body"),
        ("img_gen, no such LoRA", EngineError, "invalid generation parameters"),
        ("job, unknown", EngineError, "job not found"),
    ],
)
async def test_recorded_refusals_say_why(
    engine: SdServer, fake: FakeSdServer, answer: str, kind: type[EngineError], words: str
) -> None:
    fake.script(SUBMIT, answering(answer))
    with pytest.raises(kind, match=words):
        await engine.generate(TASK)


@pytest.mark.parametrize("job_id", [None, 7, "", "../../v1/models", "a b", "x" * 101, "ä"])
async def test_an_id_that_is_none_is_never_asked_for(
    engine: SdServer, fake: FakeSdServer, job_id: object
) -> None:
    fake.script(SUBMIT, replying({"id": job_id, "status": "queued"}))
    with pytest.raises(EngineError, match="returned no job id"):
        await engine.generate(TASK)
    assert not fake.looks


async def test_a_full_queue_is_a_busy_engine(engine: SdServer, fake: FakeSdServer) -> None:
    fake.script(SUBMIT, raw(b"HTTP/1.1 429 x\r\nContent-Length: 2\r\n\r\n{}"))
    with pytest.raises(EngineBusyError):
        await engine.generate(TASK)


@pytest.fixture
async def holding() -> AsyncGenerator[FakeSdServer]:
    async with FakeSdServer(holds=True) as fake:
        yield fake


async def looked_at(fake: FakeSdServer, job_id: str, *, times: int) -> None:
    seen = fake.looks.get(job_id, 0)
    while fake.looks.get(job_id, 0) < seen + times:  # noqa: ASYNC110 - the fake counts looks
        await anyio.sleep(0.001)


async def test_the_wait_in_the_engines_queue_is_measured(holding: FakeSdServer) -> None:
    client = connect(holding.url)
    engine = SdServer("sd", client, {"ours": "flux"}, OPTIONS)
    waits: list[float] = []
    first = "job_6b088016_00000000"

    async def draw() -> None:
        waits.append((await engine.generate(TASK)).queued_s)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(draw)
        await looked_at(holding, first, times=5)
        holding.jobs[first] = "generating"
        await looked_at(holding, first, times=5)
        holding.jobs[first] = "completed"
    await client.aclose()
    assert 0.01 < waits[0] < 5


@pytest.mark.parametrize("status", ["queued", "generating"])
async def test_a_caller_who_leaves_has_the_job_cancelled(
    holding: FakeSdServer, status: str
) -> None:
    client = connect(holding.url)
    engine = SdServer("sd", client, {"ours": "flux"}, OPTIONS)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK)
        await looked_at(holding, "job_6b088016_00000000", times=1)
        holding.jobs["job_6b088016_00000000"] = status
        tasks.cancel_scope.cancel()
    await client.aclose()
    assert holding.cancelled == ["job_6b088016_00000000"]


async def test_one_who_leaves_during_the_submission_does_too(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    engine = SdServer("sd", client, {"ours": "flux"}, OPTIONS)
    await engine.probe()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK)
        while not fake.jobs:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await client.aclose()
    assert fake.cancelled == list(fake.jobs)


async def test_a_job_that_takes_too_long_is_given_up(holding: FakeSdServer) -> None:
    client = connect(holding.url)
    engine = SdServer("sd", client, {"ours": "flux"}, replace(OPTIONS, total_timeout_s=0.1))
    with pytest.raises(EngineTimeoutError):
        await engine.generate(TASK)
    await client.aclose()
    assert holding.cancelled == ["job_6b088016_00000000"]


async def test_a_server_that_does_not_answer_is_not_waited_for(fake: FakeSdServer) -> None:
    client = connect(fake.url, first_byte_timeout_s=0.1)
    engine = SdServer("sd", client, {"ours": "flux"}, OPTIONS)
    fake.script(SUBMIT, hanging())
    with pytest.raises(EngineTimeoutError):
        await engine.generate(TASK)
    fake.script(SUBMIT, cut_after(0), cut_after(0))
    with pytest.raises(EngineUnavailableError):
        await engine.generate(TASK)
    await client.aclose()


async def test_capabilities_are_read_as_recorded(fake: FakeSdServer) -> None:
    client = connect(fake.url)
    able = await capabilities_of(client)
    assert able.names == {"flux", "flux.safetensors"}
    assert able.makes_images
    assert "euler_a" in able.samplers
    assert "karras" in able.schedulers
    assert (able.width, able.height, able.steps, able.cfg_scale) == (512, 512, 2, 1.0)
    assert able.longest_side == 4_096
    odd_ones: list[object] = [{}, [], {"model": {}}, {"model": "flux"}]
    for odd in odd_ones:
        fake.script(CAPABILITIES, replying(odd))
        with pytest.raises(EngineError):
            await capabilities_of(client)
    fake.script(CAPABILITIES, replying({"model": {"stem": "x", "name": 7}, "samplers": {}}))
    bare = await capabilities_of(client)
    assert bare.names == {"x"}
    assert (bare.makes_images, bare.width, bare.cfg_scale) == (False, None, None)
    await client.aclose()
