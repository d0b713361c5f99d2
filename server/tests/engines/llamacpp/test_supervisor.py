"""The child process: it comes back when it dies, and never outlives its parent."""

import errno
import http.client
import os
import signal
import subprocess
import sys
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import anyio.lowlevel
import orjson
import pytest

from contracts.chat_engine import answer, counting
from fondaco.clients.pool import HttpPool
from fondaco.domain.errors import EngineError, EngineUnavailableError, ModelNotInstalledError
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch, Running

TURN = counting("smollm2-135m", max_output_tokens=2)


def address_of(engine: LlamaCpp) -> str:
    state = engine._supervisor.state
    assert isinstance(state, Running)
    assert isinstance(state.upstream, HttpPool)
    return state.upstream._address.authority


async def gone(pid: int) -> None:
    """Wait until a process is no more, or is a corpse that nobody has buried."""
    with anyio.fail_after(10), suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat")
        while stat.read_text().rpartition(") ")[2][0] != "Z":  # noqa: ASYNC110, ASYNC240 - /proc only
            await anyio.sleep(0.02)


async def alive(engine: LlamaCpp) -> int:
    """Wait until the engine answers, and return the child's process id."""
    with anyio.fail_after(10):
        while True:
            with suppress(EngineUnavailableError):
                assert (await answer(engine, TURN)).text
                assert engine.child_pid is not None
                return engine.child_pid
            await anyio.sleep(0.05)


async def test_a_killed_child_is_replaced_within_five_seconds(engine: LlamaCpp) -> None:
    killed = await alive(engine)
    os.kill(killed, signal.SIGKILL)
    await gone(killed)
    with anyio.fail_after(5):
        assert await alive(engine) != killed


async def test_a_call_in_a_dying_child_ends_with_an_engine_error(engine: LlamaCpp) -> None:
    child = await alive(engine)

    async def ask() -> None:
        async with aclosing(engine.chat(replace(TURN, max_output_tokens=500), None)) as batches:
            async for _ in batches:
                os.kill(child, signal.SIGKILL)

    with anyio.fail_after(5), pytest.raises(EngineError):
        await ask()


async def test_the_childs_port_is_closed_without_the_key(engine: LlamaCpp) -> None:
    await alive(engine)
    address = address_of(engine)

    def status(path: str, key: str) -> int:
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request("POST", path, b'{"content":"x","prompt":"x"}', {"Authorization": key})
        code = connection.getresponse().status
        connection.close()
        return code

    for path in ("/completion", "/v1/chat/completions", "/tokenize", "/apply-template"):
        for key in ("", "Bearer wrong"):
            assert await anyio.to_thread.run_sync(status, path, key) == 401


async def test_a_hung_up_call_leaves_its_slot_idle_within_a_second(engine: LlamaCpp) -> None:
    await alive(engine)
    upstream = (await engine._running("")).upstream

    async def busy() -> bool:
        async with upstream.send("GET", "/slots") as reply:
            return any(slot["is_processing"] for slot in orjson.loads(await reply.read(2**20)))

    async with aclosing(engine.chat(replace(TURN, max_output_tokens=500), None)) as batches:
        async for _ in batches:
            assert await busy()
            break
    with anyio.fail_after(5):  # a second on a machine that has nothing else to do
        while await busy():  # noqa: ASYNC110 - the engine tells only who asks
            await anyio.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_child_dies_with_a_parent_that_is_killed(launch: Launch) -> None:
    parent = dedent(
        """
        import sys
        from pathlib import Path
        import anyio
        from fondaco.engines.llamacpp.engine import LlamaCpp
        from fondaco.engines.llamacpp.supervisor import Launch

        async def main():
            engine = LlamaCpp("orphan", Launch(Path(sys.argv[1]), 1, 1, 256, compact_cache=True))
            async with anyio.create_task_group() as group:
                await group.start(engine.run)
                await engine.probe()
                print(engine.child_pid, flush=True)
                await anyio.sleep_forever()

        anyio.run(main)
        """
    )
    command = [sys.executable, "-c", parent, str(launch.model_file)]
    async with await anyio.open_process(command, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            child = int(await process.stdout.receive())
        process.send_signal(signal.SIGKILL)
        await gone(child)


async def test_closing_the_engine_ends_the_child(launch: Launch) -> None:
    engine = LlamaCpp("short", replace(launch, slots=1, context_tokens=256))
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        await engine.probe()
        child = engine.child_pid
        group.cancel_scope.cancel()
    assert child is not None
    await gone(child)
    with pytest.raises(EngineUnavailableError, match="not running"):
        await engine.measure(TURN)


async def test_a_signal_to_the_whole_group_does_not_end_the_child(engine: LlamaCpp) -> None:
    child = await alive(engine)
    os.kill(child, signal.SIGTERM)
    os.kill(child, signal.SIGINT)
    assert await alive(engine) == child


async def test_a_missing_file_names_the_command_that_brings_it(
    launch: Launch, tmp_path: Path
) -> None:
    engine = LlamaCpp("absent", replace(launch, model_file=tmp_path / "absent.gguf"))
    with pytest.raises(ModelNotInstalledError, match="fondaco models pull smollm2-135m"):
        await engine.measure(TURN)


async def test_a_missing_file_of_ones_own_is_named(launch: Launch, tmp_path: Path) -> None:
    missing = replace(launch, model_file=tmp_path / "tiny.gguf", source="PATH_OR_URL/tiny.gguf")
    engine = LlamaCpp("absent", missing, model="tiny")
    with pytest.raises(ModelNotInstalledError, match=r"'tiny'.*pull PATH_OR_URL/tiny\.gguf"):
        await engine.probe()


async def test_a_broken_file_is_reported_and_tried_again_later(
    launch: Launch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    engine = LlamaCpp("broken", replace(launch, model_file=broken))
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        with anyio.fail_after(20):
            with pytest.raises(EngineUnavailableError, match=r"'broken\.gguf' could not be loaded"):
                await engine.measure(TURN)
            broken.unlink()
            broken.symlink_to(launch.model_file)
            while engine.child_pid is None:
                with suppress(EngineUnavailableError):
                    await engine.measure(TURN)
                await anyio.sleep(0.05)
        group.cancel_scope.cancel()


@pytest.mark.parametrize("rounds", range(8))
async def test_a_start_that_is_cancelled_leaves_no_child(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """After each number of rounds of the loop: it is cancelled while its pipes are connected, too."""
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    engine = LlamaCpp("embedded", launch, model="smollm2-135m")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        tasks.start_soon(engine.probe)
        while not started:
            await anyio.lowlevel.checkpoint()
        for _ in range(rounds):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert all(child.returncode is not None for child in started)


async def test_a_machine_with_no_room_for_the_child_gets_it_later(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def none_left(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(errno.EMFILE, "Too many open files")

    engine = LlamaCpp("embedded", launch, model="smollm2-135m")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        with monkeypatch.context() as full:
            full.setattr(anyio, "open_process", none_left)
            with pytest.raises(EngineUnavailableError, match="cannot be started"):
                await answer(engine, TURN)
        await alive(engine)
        tasks.cancel_scope.cancel()
    assert tries >= 1


@pytest.mark.parametrize(
    ("error", "reasons"),
    [
        (OSError(errno.EMFILE, "Too many open files"), ["engine_stopped reason=not_started"]),
        (KeyError("a defect"), ["task_failed reason=KeyError", "engine_stopped reason=defect"]),
    ],
)
async def test_what_ends_a_life_is_reported_and_ends_nothing_else(
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    reasons: list[str],
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise error

    engine = LlamaCpp("embedded", launch, model="smollm2-135m")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        with monkeypatch.context() as full:
            full.setattr(anyio, "open_process", broken)
            with pytest.raises(EngineUnavailableError):
                await answer(engine, TURN)
        await alive(engine)
        tasks.cancel_scope.cancel()
    told = [record.getMessage() for record in caplog.records]
    for reason in reasons:
        assert any(reason in one for one in told), told
    assert not any("a defect" in one for one in told)
