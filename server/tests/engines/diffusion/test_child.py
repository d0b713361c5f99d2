"""The engine and its children over a binding without a library: the contract, memory, faults, cancelling."""

import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

import fake_diffusion
from contracts.image_engine import Bench, ImageEngineContract, opened
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    ModelNotInstalledError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion import launch as launching
from fondaco.engines.diffusion.engine import Diffusion
from fondaco.engines.diffusion.launch import WORKING_BYTES, DiffusionLaunch

TASK = ImageTask(model="toy", prompt="a red boat", width=64, height=64, steps=3, seed=7)
MIB = 2**20


@pytest.fixture(autouse=True)
def _children_find_the_fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(fake_diffusion.__file__).parent))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., DiffusionLaunch]:
    """Return a launch of a model whose file says how it behaves."""

    def launch(name: str = "toy", size_bytes: int = 0, **said: object) -> DiffusionLaunch:
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(json.dumps(said).encode().ljust(size_bytes))
        return DiffusionLaunch(
            files={WeightRole.MODEL: file},
            threads=1,
            source=f"PATH_OR_URL/{file.name}",
            binding="fake_diffusion",
        )

    return launch


@asynccontextmanager
async def running(engine: Diffusion) -> AsyncGenerator[Diffusion]:
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


class TestDiffusionWithoutItsLibrary(ImageEngineContract):
    @pytest.fixture
    async def bench(self, write: Callable[..., DiffusionLaunch]) -> AsyncGenerator[Bench]:
        async with running(Diffusion({"toy": write()}, name="diffusion")) as engine:
            yield Bench(engine, TASK)


async def cancelled_at_work(engine: Diffusion, prompt: str) -> None:
    """Ask for a picture and leave once it is being drawn."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, replace(TASK, prompt=prompt, steps=1_000))
        with anyio.fail_after(30):
            while engine.progress is None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("queue", [0, 2])
async def test_so_many_wait_and_no_more(write: Callable[..., DiffusionLaunch], queue: int) -> None:
    async with running(Diffusion({"toy": write()}, name="diffusion", queue=queue)) as engine:
        await engine.generate(TASK)
        refused: list[bool] = []

        async def ask() -> None:
            try:
                await engine.generate(TASK)
            except EngineBusyError:
                refused.append(True)

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(ask)
        assert len(refused) == 4 - 1 - queue


async def test_a_child_that_obeys_goes_on(write: Callable[..., DiffusionLaunch]) -> None:
    async with running(Diffusion({"toy": write()}, name="diffusion")) as engine:
        await engine.generate(TASK)
        pid = engine.pid("toy")
        await cancelled_at_work(engine, fake_diffusion.SLOW)
        assert engine.progress is None
        await engine.generate(TASK)
        assert engine.pid("toy") == pid


@pytest.mark.parametrize(
    ("prompt", "said"),
    [(fake_diffusion.DEAF, {}), (fake_diffusion.SLOW, {"cancellable": False})],
)
async def test_a_child_that_does_not_obey_is_ended(
    write: Callable[..., DiffusionLaunch],
    monkeypatch: pytest.MonkeyPatch,
    prompt: str,
    said: dict[str, object],
) -> None:
    monkeypatch.setattr(launching, "_CANCEL_GRACE_S", 0.2)
    async with running(Diffusion({"toy": write(**said)}, name="diffusion")) as engine:
        await engine.generate(TASK)
        pid = engine.pid("toy")
        with anyio.fail_after(30):
            await cancelled_at_work(engine, prompt)
        assert engine.pid("toy") is None
        await engine.generate(TASK)
        assert engine.pid("toy") != pid


async def test_progress_keeps_a_long_picture_alive_and_its_lack_ends_it(
    write: Callable[..., DiffusionLaunch],
) -> None:
    launch = replace(write(), stall_timeout_s=0.5)
    async with running(Diffusion({"toy": launch}, name="diffusion")) as engine:
        slow = replace(TASK, prompt=fake_diffusion.SLOW, steps=40)  # 0.8 s
        assert opened((await engine.generate(slow)).picture).size == (64, 64)
        with pytest.raises(EngineTimeoutError):
            await engine.generate(replace(TASK, prompt=fake_diffusion.STALLED))
        await engine.generate(TASK)


async def test_a_picture_that_fails_leaves_the_model_loaded(
    write: Callable[..., DiffusionLaunch],
) -> None:
    async with running(Diffusion({"toy": write()}, name="diffusion")) as engine:
        await engine.generate(TASK)
        pid = engine.pid("toy")
        with pytest.raises(EngineError) as failed:
            await engine.generate(replace(TASK, prompt=fake_diffusion.FAILING))
        assert fake_diffusion.FAILING not in str(failed.value)
        assert engine.pid("toy") == pid


async def test_why_a_model_is_not_loaded_is_told(write: Callable[..., DiffusionLaunch]) -> None:
    launch = write(broken="tensor 'x' has wrong shape")
    async with running(Diffusion({"toy": launch}, name="diffusion")) as engine:
        with pytest.raises(
            EngineUnavailableError, match=r"toy\.safetensors: .* wrong shape"
        ) as told:
            await engine.generate(TASK)
    folder = launch.files[WeightRole.MODEL].parent
    assert str(folder) not in str(told.value), "callers learn nothing of this machine's folders"


async def test_a_missing_file_names_the_command_that_brings_it(
    write: Callable[..., DiffusionLaunch],
) -> None:
    launch = write()
    launch.files[WeightRole.MODEL].unlink()
    async with running(Diffusion({"toy": launch}, name="diffusion")) as engine:
        with pytest.raises(ModelNotInstalledError, match=r"pull PATH_OR_URL/toy\.safetensors"):
            await engine.generate(TASK)


async def test_without_a_library_the_error_names_the_command(
    write: Callable[..., DiffusionLaunch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "installed_binding", lambda: None)
    engine = Diffusion({"toy": replace(write(), binding=None)}, name="diffusion")
    for oldest, command in (((3, 11), "./server[diffusion]"), ((3, 99), "pip install stable")):
        monkeypatch.setattr(launching, "_WHEELS_FROM", oldest)
        with pytest.raises(EngineUnavailableError, match=re.escape(command)):
            await engine.generate(TASK)
    with pytest.raises(EngineUnavailableError):
        await engine.probe()


async def test_an_idle_model_is_unloaded_and_loaded_again(
    write: Callable[..., DiffusionLaunch],
) -> None:
    async with running(Diffusion({"toy": write()}, name="diffusion", idle_s=0.2)) as engine:
        await engine.generate(TASK)
        with anyio.fail_after(10):
            while engine.pid("toy") is not None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.05)
        await engine.generate(TASK)


async def test_models_that_fit_stay_loaded_and_the_longest_unused_gives_way(
    write: Callable[..., DiffusionLaunch],
) -> None:
    launches = {name: write(name, MIB) for name in "abc"}
    budget = 2 * (WORKING_BYTES + MIB)
    async with running(Diffusion(launches, name="diffusion", memory_bytes=budget)) as engine:
        for name in "abac":
            await engine.generate(replace(TASK, model=name))
        assert [name for name in "abc" if engine.pid(name) is not None] == ["a", "c"]


async def test_a_model_beyond_the_budget_is_not_loaded(
    write: Callable[..., DiffusionLaunch],
) -> None:
    launches = {"toy": write("toy"), "large": write("large", 2 * MIB)}
    budget = WORKING_BYTES + MIB
    async with running(Diffusion(launches, name="diffusion", memory_bytes=budget)) as engine:
        await engine.generate(TASK)
        with pytest.raises(EngineUnavailableError, match=r"about 1\.0 GiB .* raise diffusion"):
            await engine.generate(replace(TASK, model="large"))
        assert engine.pid("toy") is not None


async def test_a_reload_keeps_the_children_of_models_that_did_not_change(
    write: Callable[..., DiffusionLaunch],
) -> None:
    kept, gone, changed = (write(name) for name in ("kept", "gone", "changed"))
    launches = {"kept": kept, "gone": gone, "changed": changed}
    async with running(Diffusion(launches, name="diffusion", idle_s=0.2)) as engine:
        for name in launches:
            await engine.generate(replace(TASK, model=name))
        pids = {name: engine.pid(name) for name in launches}
        engine.follow({"kept": kept, "changed": replace(changed, threads=2)})
        await engine.generate(replace(TASK, model="kept"))
        assert engine.pid("kept") == pids["kept"]
        await engine.generate(replace(TASK, model="changed"))
        assert engine.pid("changed") != pids["changed"]
        with pytest.raises(EngineUnavailableError, match="does not run 'gone'"):
            await engine.generate(replace(TASK, model="gone"))
        with anyio.fail_after(10):
            while engine.pid("gone") is not None:  # noqa: ASYNC110 - likewise
                await anyio.sleep(0.05)


async def test_what_the_row_says_reaches_the_library(write: Callable[..., DiffusionLaunch]) -> None:
    plain = write()
    launches = {
        "toy": plain,
        "guided": replace(plain, cfg_scale=3.0),
        "half": replace(plain, lora_strength=50),
        "wide": replace(plain, divisor=128),
    }
    async with running(Diffusion(launches, name="diffusion")) as engine:
        found = [(await engine.generate(replace(TASK, model=name))).picture for name in launches]
        assert len({opened(picture).tobytes() for picture in found}) == 4
        asked = replace(TASK, cfg_scale=3.0)
        assert (await engine.generate(asked)).picture == found[1]
        asked = replace(TASK, lora_strength=50)
        assert (await engine.generate(asked)).picture == found[2]


async def test_an_edit_that_may_change_nothing_gives_the_picture_back(
    write: Callable[..., DiffusionLaunch],
) -> None:
    rgba = Pixels(2, 1, b"\x10\x20\x30\x00\x40\x50\x60\xff", 4)
    edit = EditTask(model="toy", prompt="x", picture=rgba, width=2, height=1, seed=1)
    launch = replace(write(), strength=0.0, divisor=1)
    async with running(Diffusion({"toy": launch}, name="diffusion")) as engine:
        made = await engine.edit(edit)
    assert made.picture == Pixels(2, 1, b"\x10\x20\x30\x40\x50\x60")


@pytest.mark.parametrize(
    ("steps", "strength", "expected"),
    [(20, 0.75, 20), (4, 0.75, 5), (1, 0.75, 5), (4, 0.5, 4), (1, 0.9, 11), (1, 1.0, 1)],
)
def test_an_edit_has_steps_enough_to_see_the_picture(
    write: Callable[..., DiffusionLaunch], steps: int, strength: float, expected: int
) -> None:
    launch = replace(write(), steps=steps, strength=strength)
    assert launch.edit_steps() == expected
    assert replace(launch, by_reference=True).edit_steps() == steps
