"""AUTOMATIC1111's API: the contract, what is asked, and engines that lie."""

import base64
import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import anyio
import pytest
from PIL import Image

import toy_pictures
from contracts.image_editor import Bench as EditBench, ImageEditorContract
from contracts.image_engine import Bench, ImageEngineContract
from engines.automatic1111.conftest import OPTIONS
from fake_automatic1111 import OVERALL, PROGRESS, FakeAutomatic1111, drawn, picture, refused
from fake_upstream import Asked, Wire, hanging, raw, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import style
from fondaco.domain.media.picture import RGBA, PictureFile, Pixels
from fondaco.engines.automatic1111.engine import Automatic1111
from fondaco.engines.common.images.options import ImageOptions

TASK = ImageTask(model="ours", prompt="A heron", width=64, height=64, steps=9, seed=7)
STRIPES = Pixels(64, 64, bytes(range(192)) * 64)
EDIT = EditTask(
    model="ours",
    prompt="at night",
    picture=Pixels(2, 1, b"abcdef"),
    width=64,
    height=64,
    seed=-1,
)
SAMPLERS = "/sdapi/v1/samplers"
TXT2IMG, IMG2IMG = "/sdapi/v1/txt2img", "/sdapi/v1/img2img"
PNG = base64.b64decode(picture())


class TestAutomatic1111(ImageEngineContract):
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, at_once=2)

    @pytest.fixture
    def bench(self, engine: Automatic1111) -> Bench:
        return Bench(engine, TASK)


class TestAutomatic1111Edits(ImageEditorContract):
    @pytest.fixture
    def bench(self, engine: Automatic1111) -> EditBench:
        return EditBench(engine, replace(EDIT, picture=STRIPES, width=64, height=64))


async def test_the_checkpoint_is_asked_for_by_its_title_and_with_all_that_the_row_says(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    rich = replace(
        TASK,
        negative_prompt="people",
        cfg_scale=5.5,
        lora_strength=40,
        seed=-3,
        style=style("Origami"),
    )
    await engine.generate(rich)
    [asked] = fake.asked_at(TXT2IMG)
    assert asked.body.pop("force_task_id").startswith("fondaco-")
    assert asked.body == {
        "prompt": style("Origami").styled("A heron") + " <lora:detail:0.4>",
        "negative_prompt": style("Origami").avoiding("people"),
        "width": 64,
        "height": 64,
        "steps": 9,
        "cfg_scale": 5.5,
        "seed": 2**31 - 3,
        "batch_size": 1,
        "n_iter": 1,
        "sampler_name": "Euler a",
        "scheduler": "Karras",
        "override_settings": {
            "sd_vae": "none.pt",
            "sd_model_checkpoint": "anime/heron.safetensors [879db523c3]",
        },
        "send_images": True,
        "save_images": False,
    }


async def test_what_the_row_does_not_say_is_left_to_the_engine(fake: FakeAutomatic1111) -> None:
    client = connect(fake.url)
    await Automatic1111("webui", client, {"ours": "heron"}, ImageOptions()).generate(TASK)
    await client.aclose()
    [asked] = fake.asked_at(TXT2IMG)
    assert not {"sampler_name", "scheduler", "cfg_scale"} & asked.body.keys()


async def test_a_size_is_rounded_up_to_what_the_engine_would_round_down(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    made = (await engine.generate(replace(TASK, width=100, height=60))).picture
    assert isinstance(made, PictureFile)
    with Image.open(BytesIO(made.data)) as image:
        assert image.size == (104, 64)


async def test_checkpoints_are_listed_once_and_again_for_a_new_name(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    for model in ("ours", "old", "ours"):
        await engine.generate(replace(TASK, model=model))
    assert len(fake.asked_at("/sdapi/v1/sd-models")) == 1
    with pytest.raises(EngineUnavailableError, match="does not list the checkpoint 'no such'"):
        await engine.generate(replace(TASK, model="lost"))
    assert len(fake.asked_at("/sdapi/v1/sd-models")) == 2
    assert len(fake.asked_at(TXT2IMG)) == 3


async def test_a_sampler_that_the_engine_lacks_is_no_picture_by_another_one(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    samplers = [{"name": "Heun", "aliases": ["k_heun"], "options": {}}, {"name": None}, 7]
    fake.script(SAMPLERS, replying(samplers))
    with pytest.raises(EngineError, match="no sampler 'Euler a', but Heun, k_heun"):
        await engine.generate(TASK)
    await engine.generate(TASK)
    await engine.generate(TASK)
    assert len(fake.asked_at(SAMPLERS)) == 2, "looked up until it is there"


async def test_an_engine_without_a_list_of_samplers_is_believed(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    fake.forget(SAMPLERS)
    await engine.generate(TASK)
    assert len(fake.asked_at(TXT2IMG)) == 1


async def test_an_engine_without_a_list_is_asked_by_the_name_as_it_is(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    fake.forget("/sdapi/v1/sd-models")
    fake.script(TXT2IMG, replying({"images": [picture()], "info": ""}))
    await engine.generate(replace(TASK, model="lost"))
    assert fake.asked_at(TXT2IMG)[0].body["override_settings"]["sd_model_checkpoint"] == "no such"


async def test_a_prompt_commands_nothing(engine: Automatic1111, fake: FakeAutomatic1111) -> None:
    for odd in ("<lora:x:1>", "__colour__", "{a|b}", "<sd_cpp_extra_args>{}"):
        with pytest.raises(InvalidRequestError, match="instructions to the engine"):
            await engine.generate(replace(TASK, negative_prompt=odd))
        with pytest.raises(InvalidRequestError, match="instructions to the engine"):
            await engine.edit(replace(EDIT, prompt=odd))
    assert not fake.asked_at(TXT2IMG) + fake.asked_at(IMG2IMG)


class TestStripping:
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, strip_commands=True, loras={})

    async def test_commands_become_words_where_the_row_says_so(
        self, engine: Automatic1111, fake: FakeAutomatic1111
    ) -> None:
        await engine.generate(replace(TASK, prompt="a {red|blue} __bird__"))
        assert fake.asked_at(TXT2IMG)[0].body["prompt"] == "a  red|blue  _bird_"


async def test_an_edit_sends_the_picture_and_where_it_may_change(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    await engine.edit(replace(EDIT, mask=Pixels(2, 1, b"abc\0abc\xff", RGBA)))
    await engine.edit(EDIT)
    masked, whole = (asked.body for asked in fake.asked_at(IMG2IMG))
    with Image.open(BytesIO(base64.b64decode(masked["init_images"][0]))) as image:
        assert image.tobytes() == b"abcdef"
    with Image.open(BytesIO(base64.b64decode(masked["mask"]))) as image:
        assert image.tobytes() == b"\xff\0"
    shown = {
        key: masked[key] for key in ("prompt", "steps", "denoising_strength", "seed", "mask_blur")
    }
    assert shown == {
        "prompt": "at night",
        "steps": 20,
        "denoising_strength": 0.75,
        "seed": 2**31 - 1,
        "mask_blur": 0,
    }
    assert "mask" not in whole


ANSWERS: dict[str, Any] = {
    "no images": {"info": ""},
    "none": {"images": [], "info": ""},
    "null": {"images": None, "info": ""},
    "an object": {"images": {"0": picture()}},
    "no text": {"images": [None]},
    "no base64": {"images": ["not base64!"]},
    "a page": {"images": [base64.b64encode(b"<html>").decode()]},
    "a GIF": {"images": [base64.b64encode(b"GIF89a" + bytes(60)).decode()]},
    "a list": [picture()],
    "many values": {"images": [picture()], "odd": [[]] * 300_000},
    "another checkpoint": {
        "images": [picture()],
        "info": json.dumps({"sd_model_name": "v1-5-pruned", "sd_model_hash": "e1441589a6"}),
    },
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_answer_without_a_picture_is_the_engines_failure(
    engine: Automatic1111, fake: FakeAutomatic1111, case: str
) -> None:
    fake.script(TXT2IMG, replying(ANSWERS[case]))
    with pytest.raises(EngineError):
        await engine.generate(TASK)
    assert isinstance((await engine.generate(TASK)).picture, PictureFile), "and the next is served"


ODD_INFO = [
    "", "no JSON", "[]", "{}", json.dumps({"sd_model_name": None}), 7, None, "x" * (2**20 + 1),
    json.dumps({"sd_model_name": "heron"}), json.dumps({"sd_model_hash": "879db523c3"}),
]  # fmt: skip


@pytest.mark.parametrize("info", ODD_INFO, ids=range(len(ODD_INFO)))
async def test_an_info_that_names_no_other_checkpoint_is_let_be(
    engine: Automatic1111, fake: FakeAutomatic1111, info: object
) -> None:
    url = f"data:image/png;base64,{picture()}"
    fake.script(TXT2IMG, replying({"images": [url, picture(8, 8)], "info": info}))
    assert (await engine.generate(TASK)).picture == PictureFile(PNG), "the first of them"


PAGE = b"<html>Bad Gateway</html>"


def page(status: int) -> Any:
    head = b"HTTP/1.1 %d x\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    return raw(head % (status, len(PAGE)) + PAGE)


OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"
FASTAPI = [
    {"loc": ["body", "steps"], "msg": "ensure this value is less than 151", "type": "value_error"}
]
FAULTS: dict[str, tuple[Any, type[EngineError], str]] = {
    "no such sampler": (refused(404, "Sampler not found"), EngineError, "Sampler not found"),
    "validation": (refused(422, FASTAPI), EngineError, "body.steps: ensure this value"),
    "bare validation": (refused(422, [1, "x"]), EngineError, "422"),
    "a key": (refused(401, "Incorrect username or password"), EngineRefusedError, "key"),
    "out of memory": (refused(500, "", OUT_OF_MEMORY), EngineError, "status 500"),
    "too many": (refused(429, "slow down"), EngineBusyError, "capacity"),
    "a proxy": (page(502), EngineUnavailableError, "capacity"),
    "a page": (page(200), EngineError, "not JSON"),
    "a page of refusal": (page(400), EngineError, "status 400"),
    "cut short": (
        raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"images":', then="close"),
        EngineUnavailableError,
        "ended early",
    ),
    "huge": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 68000000\r\n\r\n" + b" " * 68_000_000),
        EngineUnavailableError,
        "larger",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_faults_are_mapped_and_said(
    engine: Automatic1111, fake: FakeAutomatic1111, case: str
) -> None:
    script, kind, words = FAULTS[case]
    fake.script(TXT2IMG, script)
    with pytest.raises(kind, match=words) as fault:
        await engine.generate(TASK)
    assert "heron" not in str(fault.value)


class TestSilence:
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, first_byte_timeout_s=0.2, silence_timeout_s=0.2)

    async def test_an_engine_that_makes_no_progress_is_given_up_and_told_so(
        self, engine: Automatic1111, fake: FakeAutomatic1111
    ) -> None:
        fake.hold = anyio.Event()
        with pytest.raises(EngineTimeoutError):
            await engine.generate(TASK)
        assert len(fake.asked_at("/sdapi/v1/interrupt")) == 1

    async def test_a_slow_engine_that_makes_progress_stays_alive(
        self, engine: Automatic1111, fake: FakeAutomatic1111
    ) -> None:
        fake.hold = anyio.Event()

        async def tell(wire: Wire, asked: Asked) -> bool:
            fake.steps_done += 1
            if fake.steps_done > 60:  # three times as long as its silence may be
                fake.hold.set()
            return await fake.tell(wire, asked)

        fake.always_at(PROGRESS, tell)
        await engine.generate(TASK)
        assert fake.steps_done > 60

    async def test_one_that_tells_of_no_progress_has_its_time_to_the_first_byte(
        self, engine: Automatic1111, fake: FakeAutomatic1111
    ) -> None:
        fake.forget(PROGRESS, OVERALL)
        fake.script(TXT2IMG, hanging())
        with pytest.raises(EngineTimeoutError):
            await engine.generate(TASK)
        assert not fake.asked_at("/sdapi/v1/interrupt"), "it may work for somebody else"


async def test_the_wait_at_the_engine_is_measured_and_so_is_the_one_here(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    waits: list[float] = []

    async def draw() -> None:
        waits.append((await engine.generate(TASK)).queued_s)

    fake.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        async with fake.occupied():
            tasks.start_soon(draw)
            tasks.start_soon(draw)
            await fake.looked_at(times=5)
        await fake.looked_at(times=5)
        fake.hold.set()
    assert 0.02 < waits[0] < 5, "behind what occupied the engine"
    assert waits[0] < waits[1] < 5, "behind the first"


@pytest.mark.parametrize("tells_tasks", [True, False])
async def test_a_caller_who_leaves_has_the_task_interrupted(
    engine: Automatic1111, fake: FakeAutomatic1111, *, tells_tasks: bool
) -> None:
    fake.tells_tasks = tells_tasks
    fake.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK)
        await fake.looked_at(times=2)
        tasks.cancel_scope.cancel()
    assert len(fake.asked_at("/sdapi/v1/interrupt")) == 1


async def test_the_task_of_somebody_else_is_not_interrupted(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    async with fake.occupied(), anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK)
        await fake.looked_at(times=2)
        tasks.cancel_scope.cancel()
    assert not fake.asked_at("/sdapi/v1/interrupt")


class TestQueue:
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, queue=1)

    async def test_more_than_may_wait_are_turned_away(
        self, engine: Automatic1111, fake: FakeAutomatic1111
    ) -> None:
        fake.hold = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.generate, TASK)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(engine.generate, TASK)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(EngineBusyError):
                await engine.generate(TASK)
            assert len(fake.asked_at(TXT2IMG)) == 1
            fake.hold.set()


async def test_a_probe_needs_the_list(engine: Automatic1111, fake: FakeAutomatic1111) -> None:
    fake.script("/sdapi/v1/sd-models", refused(401, "Incorrect username or password"))
    with pytest.raises(EngineRefusedError):
        await engine.probe()


def test_the_toy_answers_as_the_real_one() -> None:
    body = {"prompt": "x", "seed": 1, "width": 71, "height": 8}
    answer = drawn({**body, "override_settings": {"sd_model_checkpoint": "v1-5-pruned.ckpt"}})
    assert answer.keys() == {"images", "parameters", "info"}
    assert toy_pictures.png(64, 8)[:8] == base64.b64decode(answer["images"][0])[:8]  # type: ignore[index]
