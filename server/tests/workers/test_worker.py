"""Workers: a child process that answers one request at a time, with and without a queue."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from fondaco.domain.errors import EngineBusyError, EngineUnavailableError
from fondaco.workers.queued import QueuedWorker
from fondaco.workers.worker import Program, Worker
from idle import all_tasks_blocked

PROGRAM = Program("toy_worker", {})
HANG = {"hang": True}


@pytest.fixture(autouse=True)
def _children_find_the_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


@asynccontextmanager
async def queued(*, queue: int = 4, idle_s: float = 60.0) -> AsyncGenerator[QueuedWorker]:
    worker = QueuedWorker(PROGRAM, engine="toy", model="toy", queue=queue, idle_s=idle_s)
    async with anyio.create_task_group() as tasks:
        await tasks.start(worker.run)
        yield worker
        tasks.cancel_scope.cancel()


async def hang(worker: Worker | QueuedWorker) -> None:
    await worker.ask(HANG)


async def test_megabytes_go_to_the_child_and_back() -> None:
    payload = bytes(range(256)) * 2**16
    async with aclosing(Worker(PROGRAM, engine="toy", model="toy")) as worker:
        fields, answer = await worker.ask({"said": "a\nb"}, payload)
        assert (fields["said"], answer) == ("a\nb", payload)
        assert await worker.ask({}) == ({"said": None, "bytes": 0}, b"")


async def test_callers_that_leave_delay_nobody_who_comes_after_them() -> None:
    async with aclosing(Worker(PROGRAM, engine="toy", model="toy")) as worker:
        pids = set()
        for _ in range(6):  # as failures of the child they would add up to seconds
            async with anyio.create_task_group() as calls:
                await worker.ask({})
                pids.add(worker.pid)
                calls.start_soon(hang, worker)
                await all_tasks_blocked()
                calls.cancel_scope.cancel()
        assert (await worker.ask({"said": 1}))[0]["said"] == 1
    assert len(pids) == 6


async def test_a_child_that_callers_only_leave_is_started_ever_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    sleep = anyio.sleep

    async def recorded(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async with aclosing(Worker(PROGRAM, engine="toy", model="toy")) as worker:
        monkeypatch.setattr(anyio, "sleep", recorded)
        for _ in range(8):
            async with anyio.create_task_group() as calls:
                calls.start_soon(hang, worker)
                await until_asked(worker)
                calls.cancel_scope.cancel()
        assert (await worker.ask({"said": 1}))[0]["said"] == 1
        assert pauses[:3] == [0, 0, 0]
        assert 0 < pauses[-1] <= 1, "a caller who stays waits for it, and is not sent away"


async def until_asked(worker: Worker) -> None:
    """Return once the child has a request that it has not answered."""
    async with asyncio.timeout(30):
        while (child := worker._child) is None or not child.born_at or not child.owes_response:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_child_that_ends_over_a_request_fails_it_and_those_that_come_too_soon() -> None:
    async with aclosing(Worker(PROGRAM, engine="toy", model="toy")) as worker:
        await worker.ask({})
        pid = worker.pid
        assert pid is not None
        async with anyio.create_task_group() as calls:

            async def fail() -> None:
                with pytest.raises(EngineUnavailableError):
                    await worker.ask(HANG)

            calls.start_soon(fail)
            await all_tasks_blocked()
            os.kill(pid, signal.SIGKILL)
        assert (await worker.ask({"said": 1}))[0]["said"] == 1


async def test_a_missing_system_library_is_named_with_its_package() -> None:
    program = Program("toy_unlinked_worker", {})
    async with aclosing(Worker(program, engine="toy", model="toy")) as worker:
        with pytest.raises(
            EngineUnavailableError, match=r"libEGL\.so\.1 is missing.*install libegl1"
        ):
            await worker.ask({})


async def test_so_many_wait_and_no_more() -> None:
    async with queued(queue=2) as worker, anyio.create_task_group() as calls:
        for _ in range(3):
            calls.start_soon(hang, worker)
        await all_tasks_blocked()
        with pytest.raises(EngineBusyError):
            await worker.ask({})
        calls.cancel_scope.cancel()


async def test_who_waited_is_told_how_long() -> None:
    patience = anyio.CancelScope()

    async def wait() -> None:
        with patience:
            await hang(worker)

    async def lose_patience() -> None:
        await anyio.sleep(0.03)
        patience.cancel()

    async with queued() as worker, anyio.create_task_group() as calls:
        assert (await worker.ask({})).queued_s < 0.01
        calls.start_soon(wait)
        await all_tasks_blocked()
        calls.start_soon(lose_patience)
        assert (await worker.ask({})).queued_s > 0.01


async def test_an_idle_child_ends_and_another_starts() -> None:
    async with queued(idle_s=0.05) as worker:
        await worker.ask({})
        with anyio.fail_after(10):
            while worker.pid is not None:  # noqa: ASYNC110 - the worker tells only who asks
                await anyio.sleep(0.02)
        assert (await worker.ask({"said": 2})).fields["said"] == 2


PATIENT = Program("toy_patient_worker", {}, cancel_grace_s=5)


@pytest.mark.parametrize("rounds", [1, 3])
async def test_nobody_gets_the_answer_of_a_caller_that_was_cancelled_twice(rounds: int) -> None:
    async with aclosing(Worker(PATIENT, engine="toy", model="toy")) as worker:
        await worker.ask({"said": 0})
        call = asyncio.ensure_future(worker.ask({"said": 1, "seconds": 0.2}))
        for _ in range(2):
            await all_tasks_blocked()
            for _ in range(rounds):
                await asyncio.sleep(0)
            call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await worker.ask({"said": 2}) == ({"said": 2, "bytes": 1}, b"\2")


async def test_a_caller_that_leaves_while_its_answer_comes_costs_others_no_child() -> None:
    async with aclosing(Worker(PATIENT, engine="toy", model="toy")) as worker:
        await worker.ask({"said": 0})
        pid, child = worker.pid, worker._child
        assert child is not None
        call = asyncio.ensure_future(worker.ask({"said": 1, "size": 32 * 2**20}))
        while not (call.done() or child.owed_bytes):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await worker.ask({"said": 2}) == ({"said": 2, "bytes": 1}, b"\2")
        assert worker.pid == pid
