"""Whisper as an engine: the contract, its child, its queue, and what it says without its files."""

import json
import os
import signal
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from contracts.transcription_engine import (
    Bench,
    TranscriptionEngineContract,
    segments_of,
    text_of,
)
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidRequestError,
    ModelNotInstalledError,
)
from fondaco.domain.media.sound import Sound
from fondaco.domain.media.transcription import TranscriptionTask
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from recordings import joined, noise, said, silence, tone, understood

TINY = "whisper-tiny.en"
SILENCE = TranscriptionTask(model=TINY, sound=silence(1))


class TestWhisper(TranscriptionEngineContract):
    @pytest.fixture
    def bench(self, whisper: Whisper) -> Bench:
        return Bench(whisper, TINY)


async def heard(engine: Whisper, task: TranscriptionTask = SILENCE) -> str:
    with anyio.fail_after(60):
        async with aclosing(engine.transcribe(task)) as parts:
            return text_of([part async for part in parts])


@pytest.mark.parametrize(
    "sound", [noise(20), noise(5, 0.001), tone(10)], ids=["noise", "hiss", "tone"]
)
async def test_it_makes_nothing_up_where_nobody_speaks(whisper: Whisper, sound: Sound) -> None:
    assert await heard(whisper, replace(SILENCE, sound=sound)) == ""


async def test_what_is_said_after_a_long_pause_has_its_own_times(whisper: Whisper) -> None:
    bench = Bench(whisper, TINY)
    first = said()
    pause_s = 120.0
    parts = await bench.parts(joined(first, silence(pause_s), first))
    assert understood(text_of(parts[: len(parts) // 2]))
    late = [one for one in segments_of(parts) if one.start_s > first.seconds]
    assert understood("".join(one.text for one in late))
    assert late[0].start_s == pytest.approx(first.seconds + pause_s, abs=1.0)


async def test_a_language_that_the_model_does_not_know_is_the_callers_mistake(
    whisper: Whisper,
) -> None:
    with pytest.raises(InvalidRequestError, match="does not support 'xx'"):
        await heard(whisper, replace(SILENCE, language="xx"))


async def test_calls_have_their_turns_and_too_many_are_refused(launch: WhisperLaunch) -> None:
    engine = Whisper({TINY: launch}, name="whisper", queue=1)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        done: list[str] = []

        async def ask() -> None:
            done.append(await heard(engine))

        tasks.start_soon(ask)
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(EngineBusyError):
            await heard(engine)
        with anyio.fail_after(60):
            while len(done) < 2:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_a_model_is_loaded_for_a_call_and_unloaded_when_idle(
    launch: WhisperLaunch, tmp_path: Path
) -> None:
    launch = replace(launch, links=str(tmp_path))
    engine = Whisper({TINY: launch}, name="whisper", idle_s=0.2)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        assert engine.pid(TINY) is None
        await heard(engine)
        assert engine.pid(TINY) is not None
        links = [path async for path in anyio.Path(tmp_path).iterdir()]
        assert links == []
        with anyio.fail_after(20):
            while engine.pid(TINY) is not None:  # noqa: ASYNC110 - ending it is no event of the engine's
                await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()


async def test_a_call_that_is_left_costs_no_child(whisper: Whisper) -> None:
    await heard(whisper)
    pid, child = whisper.pid(TINY), whisper._loaded[TINY].worker._worker._child
    assert child is not None
    spoken = replace(SILENCE, sound=joined(said(), silence(6), said()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(heard, whisper, spoken)
        with anyio.fail_after(20):
            while not child.owes_response:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert whisper.pid(TINY) == pid
    assert understood(await heard(whisper, replace(SILENCE, sound=said())))


async def test_an_account_of_many_calls_lets_others_have_their_turns(whisper: Whisper) -> None:
    done: list[str] = []

    async def ask(account: str) -> None:
        await heard(whisper, replace(SILENCE, account_scope=account))
        done.append(account)

    async with anyio.create_task_group() as tasks:
        for account in ("1", "1", "1", "1", "2"):
            tasks.start_soon(ask, account)
    assert done[1] == "2", "after the call that was under way"
    assert len(done) == 5


async def test_a_child_that_ends_is_started_again(whisper: Whisper) -> None:
    await heard(whisper)
    pid = whisper.pid(TINY)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineUnavailableError):
        await heard(whisper)
    assert await heard(whisper) == ""
    assert whisper.pid(TINY) not in (pid, None)


async def test_a_child_that_ends_within_a_piece_leaves_no_gap_in_a_transcript(
    whisper: Whisper,
) -> None:
    task = replace(SILENCE, sound=joined(said(), silence(6), said()))

    async def interrupted() -> None:
        async with aclosing(whisper.transcribe(task)) as parts:
            async for _ in parts:
                await whisper._loaded[TINY].worker.aclose()

    with pytest.raises(EngineError):
        await interrupted()
    assert await heard(whisper) == ""


async def test_a_child_that_takes_too_long_is_ended(launch: WhisperLaunch) -> None:
    engine = Whisper({TINY: replace(launch, step_timeout_s=0.001)}, name="whisper")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        with pytest.raises(EngineTimeoutError):
            await heard(engine, replace(SILENCE, sound=said()))
        assert engine.pid(TINY) is None
        tasks.cancel_scope.cancel()


async def test_without_its_files_it_says_which_command_brings_them(
    launch: WhisperLaunch, tmp_path: Path
) -> None:
    missing = {name: tmp_path / path.name for name, path in launch.files.items()}
    engine = Whisper({TINY: replace(launch, files=missing)}, name="whisper")
    with pytest.raises(ModelNotInstalledError, match=r"fondaco models pull whisper-tiny\.en"):
        await heard(engine)
    being_fetched = pytest.raises(ModelNotInstalledError, match="is being downloaded")
    with engine.file_downloading(TINY), being_fetched:
        await heard(engine)


async def test_without_its_libraries_it_says_how_to_install_them(launch: WhisperLaunch) -> None:
    engine = Whisper({TINY: launch}, name="whisper", unavailable=lambda: "Install them.")
    for ask in (engine.probe, lambda: heard(engine)):
        with pytest.raises(EngineUnavailableError, match="Install them"):
            await ask()


async def test_a_file_that_is_no_model_is_told(launch: WhisperLaunch, tmp_path: Path) -> None:
    broken = tmp_path / "model.bin"
    broken.write_bytes(b"no model")
    files = {**launch.files, "model.bin": broken}
    engine = Whisper({TINY: replace(launch, files=files)}, name="whisper")
    with pytest.raises(EngineUnavailableError, match="could not be loaded"):
        await heard(engine)


async def test_a_vocabulary_in_json_is_read(launch: WhisperLaunch, tmp_path: Path) -> None:
    words = launch.files["vocabulary.txt"].read_text("utf-8").removesuffix("\n").split("\n")
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text(json.dumps(words), "utf-8")
    engine = Whisper(
        {TINY: replace(launch, files={**launch.files, "vocabulary.txt": vocabulary})},
        name="whisper",
    )
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        assert understood(await heard(engine, replace(SILENCE, sound=said())))
        tasks.cancel_scope.cancel()


async def test_where_no_links_can_be_made_a_model_is_loaded_all_the_same(
    launch: WhisperLaunch, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "no such folder")
    engine = Whisper({TINY: replace(launch, links=nowhere)}, name="whisper")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        assert await heard(engine) == ""
        tasks.cancel_scope.cancel()
