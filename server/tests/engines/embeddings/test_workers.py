"""Workers: started when asked, started again after they ended, ended when they hang."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from engines.embeddings.conftest import MINILM
from fondaco.domain.embedding import EmbeddingRequest, floats
from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InputTooLongError,
    ModelNotInstalledError,
)
from fondaco.engines.onnx.launch import onnx_launch
from fondaco.workers.backend import PipedProgram
from fondaco.workers.embedder import EmbeddingLaunch, EmbeddingWorkers
from idle import all_tasks_blocked

HELLO = EmbeddingRequest(MINILM, ("hello",))


@asynccontextmanager
async def running(launch: EmbeddingLaunch) -> AsyncGenerator[EmbeddingWorkers]:
    engine = EmbeddingWorkers({MINILM: launch}, name="onnx")
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_it_starts_with_the_first_call_and_ends_with_the_engine(
    minilm_launch: EmbeddingLaunch,
) -> None:
    async with running(minilm_launch) as engine:
        assert engine.child_pids == {}
        await engine.embed(HELLO, None)
        pid = engine.child_pids[MINILM]
    assert gone(pid)


async def test_after_a_crash_it_is_started_again(
    minilm_launch: EmbeddingLaunch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(minilm_launch) as engine:
        before = await engine.embed(HELLO, None)
        os.kill(engine.child_pids[MINILM], signal.SIGKILL)
        with pytest.raises(EngineUnavailableError, match="being restarted") as told:
            await engine.embed(HELLO, None)
        assert told.value.retry_after_s == 1
        assert (await engine.embed(HELLO, None)).vectors == before.vectors
    assert "engine_stopped" in caplog.text


async def test_one_that_hangs_is_ended(minilm_launch: EmbeddingLaunch) -> None:
    assert isinstance(minilm_launch.program, PipedProgram)
    program = replace(minilm_launch.program.program, answer_timeout_s=0.3)
    async with running(replace(minilm_launch, program=PipedProgram(program))) as engine:
        await engine.embed(HELLO, None)
        pid = engine.child_pids[MINILM]
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(EngineTimeoutError):
            await engine.embed(HELLO, None)
        assert gone(pid)


async def test_a_file_that_is_no_model_is_reported(
    minilm_launch: EmbeddingLaunch, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"\x08\x0a nonsense")
    launch = onnx_launch(bad, minilm_launch.files[1], context_tokens=512, dimensions=384)
    async with running(launch) as engine:
        with pytest.raises(EngineUnavailableError, match="could not be loaded"):
            await engine.embed(HELLO, None)


async def test_missing_files_are_reported_with_the_command_that_fetches_them(
    tmp_path: Path,
) -> None:
    launch = onnx_launch(
        tmp_path / "a.onnx", tmp_path / "a.json", context_tokens=512, dimensions=384, source="a"
    )
    async with running(launch) as engine:
        with pytest.raises(ModelNotInstalledError, match="fondaco models pull a"):
            await engine.measure(HELLO)
        with (
            engine.file_downloading(MINILM),
            pytest.raises(ModelNotInstalledError, match="being downloaded"),
        ):
            await engine.embed(HELLO, None)
        with pytest.raises(EngineError):
            await engine.probe()


async def test_a_machine_that_cannot_run_it_says_so(minilm_launch: EmbeddingLaunch) -> None:
    async with running(replace(minilm_launch, unavailable_reason="Only on Mars.")) as engine:
        with pytest.raises(EngineUnavailableError, match="Only on Mars"):
            await engine.embed(HELLO, None)


async def test_wrong_dimensions_in_the_configuration_are_reported(
    minilm_launch: EmbeddingLaunch,
) -> None:
    async with running(replace(minilm_launch, dimensions=512)) as engine:
        with pytest.raises(EngineError, match="vectors of 384 dimensions"):
            await engine.embed(HELLO, None)


async def test_an_unknown_model_is_not_run(minilm_launch: EmbeddingLaunch) -> None:
    async with running(minilm_launch) as engine:
        with pytest.raises(EngineUnavailableError, match="does not run 'other'"):
            await engine.measure(EmbeddingRequest("other", ("hello",)))


async def test_a_reload_keeps_the_worker_of_a_model_that_stays(
    minilm_launch: EmbeddingLaunch,
) -> None:
    async with running(minilm_launch) as engine:
        await engine.embed(HELLO, None)
        pid = engine.child_pids[MINILM]
        (await engine.follow({MINILM: minilm_launch, "twin": minilm_launch}))()
        assert engine.child_pids == {MINILM: pid}
        await engine.embed(EmbeddingRequest("twin", ("hello",)), None)
        end = await engine.follow({"twin": minilm_launch})
        assert set(engine.child_pids) == {"twin"}
        end()
        with pytest.raises(EngineUnavailableError):
            await engine.embed(HELLO, None)
        await all_tasks_blocked()
    assert gone(pid)


async def test_a_prefix_is_put_before_each_text(minilm_launch: EmbeddingLaunch) -> None:
    model, tokenizer = minilm_launch.files
    launch = onnx_launch(model, tokenizer, context_tokens=512, dimensions=384, prefix="query: ")
    async with running(launch) as prefixed, running(minilm_launch) as plain:
        spelled = EmbeddingRequest(MINILM, ("query: hello",))
        (one,) = (await prefixed.embed(HELLO, None)).vectors
        (other,) = (await plain.embed(spelled, None)).vectors
        assert floats(one).tolist() == pytest.approx(floats(other).tolist(), abs=1e-6)


async def test_the_first_token_can_stand_for_the_text(minilm_launch: EmbeddingLaunch) -> None:
    model, tokenizer = minilm_launch.files
    launch = onnx_launch(model, tokenizer, context_tokens=512, dimensions=384, pooling="cls")
    async with running(launch) as first, running(minilm_launch) as mean:
        assert (await first.embed(HELLO, None)).vectors != (await mean.embed(HELLO, None)).vectors


async def test_a_caller_that_leaves_does_not_end_the_worker(minilm_launch: EmbeddingLaunch) -> None:
    document = EmbeddingRequest(MINILM, ("a " * 60_000,) * 30, account_scope="leaver")
    async with running(minilm_launch) as engine:
        await engine.embed(HELLO, None)
        pids = dict(engine.child_pids)
        async with anyio.create_task_group() as calls:
            calls.start_soon(engine.measure, document)
            await all_tasks_blocked()
            calls.cancel_scope.cancel()
        assert (await engine.embed(HELLO, None)).vectors
        assert engine.child_pids == pids


async def test_a_text_of_megabytes_is_refused_without_the_worker(
    minilm_launch: EmbeddingLaunch,
) -> None:
    async with running(minilm_launch) as engine:
        for text in ("a " * 2_000_000, (5,) * 100_000):
            request = EmbeddingRequest(MINILM, ("short", text))
            with pytest.raises(InputTooLongError, match=r"Input 1 exceeds .* of 512 tokens"):
                await engine.measure(request)
        assert engine.child_pids == {}


async def test_counting_goes_by_turns_between_accounts(minilm_launch: EmbeddingLaunch) -> None:
    long = EmbeddingRequest(MINILM, ("a " * 200,) * 160, account_scope="flooder")
    short = EmbeddingRequest(MINILM, ("a " * 200,) * 3, account_scope="other")
    ended: list[str] = []

    async def count(engine: EmbeddingWorkers, request: EmbeddingRequest) -> None:
        await engine.measure(request)
        ended.append(request.account_scope)

    async with running(minilm_launch) as engine, anyio.create_task_group() as calls:
        for _ in range(20):
            calls.start_soon(count, engine, long)
        await all_tasks_blocked()
        calls.start_soon(count, engine, short)
    assert ended[0] == "other"
