"""ComfyUI: the contract, jobs and what is left of them, edits."""

from dataclasses import replace
from io import BytesIO

import anyio
import pytest
from PIL import Image

from contracts.image_editor import Bench as EditBench, ImageEditorContract
from contracts.image_engine import Bench, ImageEngineContract
from engines.comfyui.conftest import OPTIONS, asking
from fake_comfyui import FakeComfyUI, Running, status
from fake_upstream import Asked, Wire
from fondaco.domain.errors import (
    EditNotSupportedError,
    EngineError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import style
from fondaco.domain.media.picture import RGBA, PictureFile, Pixels
from fondaco.engines.comfyui.engine import ComfyUI
from fondaco.engines.comfyui.workflow import Placeholder, built_in
from fondaco.engines.common.images import supervision
from fondaco.engines.common.images.options import ImageOptions

TASK = ImageTask(model="ours", prompt="A heron", width=64, height=64, steps=9, seed=7)
STRIPES = Pixels(64, 64, bytes(range(192)) * 64)
EDIT = EditTask(
    model="edits", prompt="at night", picture=Pixels(2, 1, b"abcdef"), width=2, height=1, seed=-1
)
KINDS = ["ours", "kept", "seen"]
"""Models whose pictures come by the websocket, and lie among outputs and among temporary files."""


class TestComfyUI(ImageEngineContract):
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, at_once=2)

    @pytest.fixture(params=KINDS)
    def bench(self, engine: ComfyUI, request: pytest.FixtureRequest) -> Bench:
        return Bench(engine, replace(TASK, model=request.param))


class TestComfyUIEdits(ImageEditorContract):
    @pytest.fixture
    def bench(self, engine: ComfyUI) -> EditBench:
        return EditBench(engine, replace(EDIT, model="masks", picture=STRIPES, width=64, height=64))


async def test_the_built_in_workflow_is_filled_with_the_request(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    task = replace(
        TASK, negative_prompt="people", cfg_scale=5.5, seed=-3, width=100, style=style("Origami")
    )
    await engine.generate(task)
    [job] = fake.jobs
    assert job.nodes == built_in().filled(
        {
            Placeholder.MODEL: "heron_v8.safetensors",
            Placeholder.PROMPT: style("Origami").styled("A heron"),
            Placeholder.NEGATIVE_PROMPT: style("Origami").avoiding("people"),
            Placeholder.WIDTH: 104,
            Placeholder.HEIGHT: 64,
            Placeholder.SEED: 2**31 - 3,
            Placeholder.STEPS: 9,
            Placeholder.CFG_SCALE: 5.5,
            Placeholder.SAMPLER: "dpmpp_2m",
            Placeholder.SCHEDULER: "karras",
        }
    )


async def test_what_the_row_does_not_say_has_ordinary_values(fake: FakeComfyUI) -> None:
    async with asking(fake, ImageOptions()) as engine:
        await engine.generate(TASK)
    inputs = fake.jobs[0].nodes["5"]["inputs"]
    assert (inputs["cfg"], inputs["sampler_name"], inputs["scheduler"]) == (7.0, "euler", "normal")


@pytest.mark.parametrize(
    "prompt", ['a "quoted" cat', "a \\ b", '"}, "evil": {"class_type": "Evil"}', "{{seed}}", "{x}"]
)
async def test_a_prompt_changes_nothing_but_its_own_value(
    engine: ComfyUI, fake: FakeComfyUI, prompt: str
) -> None:
    await engine.generate(replace(TASK, prompt=prompt))
    [job] = fake.jobs
    assert job.nodes.keys() == built_in().nodes.keys()
    assert job.nodes["2"]["inputs"]["text"] == prompt


async def test_a_prompt_commands_nothing(engine: ComfyUI, fake: FakeComfyUI) -> None:
    for odd in ("<lora:x:1>", "__colour__", "{a|b}", "embedding:easynegative"):
        with pytest.raises(InvalidRequestError, match="instructions to the engine"):
            await engine.generate(replace(TASK, prompt=odd))
        with pytest.raises(InvalidRequestError, match="instructions to the engine"):
            await engine.edit(replace(EDIT, prompt=odd))
    assert not fake.jobs


@pytest.mark.parametrize("model", KINDS)
async def test_the_engine_forgets_what_it_was_asked(
    engine: ComfyUI, fake: FakeComfyUI, model: str
) -> None:
    await engine.generate(replace(TASK, model=model))
    assert len(fake.jobs) == 1
    assert not fake.history


@pytest.mark.parametrize("model", KINDS)
async def test_a_caller_who_leaves_has_the_job_interrupted_and_forgotten(
    engine: ComfyUI, fake: FakeComfyUI, model: str
) -> None:
    fake.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, replace(TASK, model=model))
        await fake.sampling.wait()
        tasks.cancel_scope.cancel()
    assert fake.jobs[0].interrupted.is_set()
    assert fake.running is None
    assert not fake.history


async def test_a_job_that_does_not_stop_in_time_is_forgotten_with_the_next(
    engine: ComfyUI, fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "_LONGEST_CLEAN_UP_S", 0.05)
    working, done = anyio.Event(), anyio.Event()

    async def play(fake: FakeComfyUI, job: Running) -> object:
        working.set()
        await done.wait()
        return status("error", ["execution_interrupted", {"prompt_id": job.prompt_id}])

    fake.plays.append(play)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, TASK)
        await working.wait()
        tasks.cancel_scope.cancel()
    monkeypatch.undo()
    done.set()
    await engine.generate(TASK)
    assert len(fake.jobs) == 2
    assert not fake.history


class TestQueue:
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, at_once=2)

    async def test_one_that_still_waits_is_taken_out_and_the_other_goes_on(
        self, engine: ComfyUI, fake: FakeComfyUI
    ) -> None:
        fake.hold = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.generate, TASK)
            await fake.sampling.wait()
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as second:
                    second.start_soon(engine.generate, TASK)
                    while not fake.pending:  # noqa: ASYNC110 - the fake counts jobs
                        await anyio.sleep(0.001)
                    scope.cancel()
            assert not fake.pending
            assert not fake.jobs[0].interrupted.is_set()
            fake.hold.set()

    async def test_the_wait_in_the_engines_queue_is_measured(
        self, engine: ComfyUI, fake: FakeComfyUI
    ) -> None:
        waits: list[float] = []

        async def draw() -> None:
            waits.append((await engine.generate(TASK)).queued_s)

        fake.hold = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(draw)
            await fake.sampling.wait()
            tasks.start_soon(draw)
            while not fake.pending:  # noqa: ASYNC110 - the fake counts jobs
                await anyio.sleep(0.001)
            await anyio.sleep(0.03)
            fake.hold.set()
        first, second = waits
        assert first < second
        assert 0.03 <= second < 5


async def test_an_older_version_that_interrupts_anything_is_asked_for_our_own_only() -> None:
    async with FakeComfyUI(own_ids=True) as fake, asking(fake) as engine:
        assert isinstance((await engine.generate(TASK)).picture, PictureFile)
        fake.hold = anyio.Event()
        fake.sampling = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.generate, TASK)
            await fake.sampling.wait()
            tasks.cancel_scope.cancel()
        assert fake.jobs[1].interrupted.is_set()
        assert not fake.history
        before = len(fake.asked_at("/interrupt"))
        fake.sampling = anyio.Event()
        async with (
            asking(fake, replace(OPTIONS, at_once=2)) as busy,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(engine.generate, TASK)
            await fake.sampling.wait()
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as second:
                    second.start_soon(busy.generate, TASK)
                    while not fake.pending:  # noqa: ASYNC110 - the fake counts jobs
                        await anyio.sleep(0.001)
                    scope.cancel()
            assert len(fake.asked_at("/interrupt")) == before
            fake.hold.set()


async def test_without_a_websocket_the_history_tells() -> None:
    async with FakeComfyUI(websocket=False) as fake, asking(fake) as engine:
        for model in ("kept", "seen"):
            made = await engine.generate(replace(TASK, model=model))
            assert isinstance(made.picture, PictureFile)
        assert not fake.history
        with pytest.raises(EngineUnavailableError, match="cannot be reached"):
            await engine.generate(TASK)
        assert len(fake.jobs) == 2, "a picture that could not come is not asked for"


async def test_an_edit_brings_the_picture_and_blanks_it_afterwards(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    await engine.edit(EDIT)
    [(name, (picture, blank))] = fake.uploads.items()
    assert fake.jobs[0].nodes["1"]["inputs"] == {"image": f"{name} [temp]"}
    assert fake.jobs[0].nodes["2"]["inputs"] == {"text": "at night"}
    with Image.open(BytesIO(picture)) as image:
        assert (image.size, image.getpixel((3, 4)), image.getpixel((4, 4))) == (
            (8, 8),
            tuple(b"abc"),
            tuple(b"def"),
        )
    with Image.open(BytesIO(blank)) as image:
        assert image.size == (1, 1)


async def test_a_mask_goes_to_the_workflow_that_takes_one(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    mask = Pixels(2, 1, b"abc\0abc\xff", RGBA)
    with pytest.raises(EditNotSupportedError, match="does not support masks"):
        await engine.edit(replace(EDIT, mask=mask))
    assert not fake.uploads
    await engine.edit(replace(EDIT, model="masks", mask=mask))
    await engine.edit(replace(EDIT, model="masks"))
    masked, whole = (job.nodes["4"]["inputs"]["image"].removesuffix(" [temp]") for job in fake.jobs)
    with Image.open(BytesIO(fake.uploads[masked][0])) as image:
        assert (image.mode, image.getpixel((3, 4)), image.getpixel((4, 4))) == ("L", 255, 0)
    with Image.open(BytesIO(fake.uploads[whole][0])) as image:
        assert image.getextrema() == (255, 255)
    assert all(len(versions) == 2 for versions in fake.uploads.values())


async def test_the_pictures_of_an_edit_that_fails_or_is_left_are_blanked_too(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    fake.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.edit, replace(EDIT, model="masks"))
        await fake.sampling.wait()
        tasks.cancel_scope.cancel()
    assert len(fake.uploads) == 2
    assert all(len(versions) == 2 for versions in fake.uploads.values())


async def test_a_picture_that_is_left_on_its_way_is_blanked_at_once(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    arrived = anyio.Event()

    async def keep_waiting(wire: Wire, asked: Asked) -> bool:
        arrived.set()
        await anyio.sleep_forever()
        return False

    fake.script("/upload/image", keep_waiting)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.edit, EDIT)
            await arrived.wait()
            tasks.cancel_scope.cancel()
    [[blank]] = fake.uploads.values()
    with Image.open(BytesIO(blank)) as image:
        assert image.size == (1, 1)


async def test_models_without_a_workflow_edit_nothing(engine: ComfyUI) -> None:
    with pytest.raises(EngineError, match="no workflow that edits with 'bare'"):
        await engine.edit(replace(EDIT, model="bare"))
