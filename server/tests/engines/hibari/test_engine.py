"""hibari as an engine: the contract, its child, its queue, and what it says without its packages."""

import os
import signal
from array import array
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import anyio
import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

from contracts.speech_engine import Bench, SpeechEngineContract, joined
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    NothingToReadError,
)
from fondaco.domain.media.speech import SpeechTask
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.hibari.launch import VOICE, HibariLaunch

MODEL = "fondaco-voice"
TASK = SpeechTask(model=MODEL, text="Hello there. How are you?", voice=VOICE)


@asynccontextmanager
async def running(
    *, queue: int = 16, idle_s: float = 300.0, launch: HibariLaunch | None = None
) -> AsyncGenerator[Speaker]:
    engine = Speaker({MODEL}, launch or HibariLaunch(), name="hibari", queue=queue, idle_s=idle_s)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


@pytest.fixture(scope="module")
async def hibari() -> AsyncGenerator[Speaker]:
    async with running() as engine:
        yield engine


@pytest.fixture
def bench(hibari: Speaker) -> Bench:
    return Bench(hibari, TASK)


class TestHibari(SpeechEngineContract):
    pass


async def test_a_text_that_is_given_up_costs_no_child(bench: Bench, hibari: Speaker) -> None:
    await bench.speech("Go.")
    pid = hibari.pid
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.speech, "This sentence will not be heard by anybody.")
        await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    assert joined(await bench.speech("Go on."))
    assert hibari.pid == pid


async def test_what_cannot_be_read_counts_with_what_follows_it(bench: Bench) -> None:
    family = "\N{FAMILY}"
    pieces = await bench.speech(f"{family}! Hello. {family}\n{family}")
    assert [piece.characters for piece in pieces] == [10, 3]
    assert [bool(piece.pcm) for piece in pieces] == [True, False]
    with pytest.raises(NothingToReadError):
        await bench.speech(f"{family} {family}.")


async def test_a_sentence_sounds_alike_wherever_it_stands(bench: Bench) -> None:
    alone = joined(await bench.speech("How are you?"))
    assert (await bench.speech("Hello there. How are you?"))[1].pcm == alone


async def test_nothing_is_clipped(bench: Bench) -> None:
    samples = array("h", joined(await bench.speech("Oh! My! What a loud, loud voice!")))
    assert sum(abs(sample) == 32_767 for sample in samples) < 10


async def test_more_texts_than_may_wait_are_refused() -> None:
    async with running(queue=0) as engine, aclosing(engine.speak(TASK)) as first:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anext, first)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(EngineBusyError):
                await anext(engine.speak(TASK))
        # Whoever takes time to listen keeps nobody waiting, and is heard to the end.
        await anext(engine.speak(TASK))
        await anext(first)


async def test_an_account_of_many_texts_lets_others_have_their_turns(hibari: Speaker) -> None:
    heard: list[str] = []

    async def read(account: str) -> None:
        async with aclosing(hibari.speak(replace(TASK, account_scope=account))) as pieces:
            while await anext(pieces, None) is not None:
                heard.append(account)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for account in ("1", "1", "1", "1", "2"):
                tasks.start_soon(read, account)
    assert heard[1] == "2", "after the sentence that was being read"
    assert sorted(heard) == ["1"] * 8 + ["2"] * 2


async def test_a_child_that_is_killed_in_a_sentence_ends_that_text_alone(
    bench: Bench, hibari: Speaker
) -> None:
    await bench.speech("Go.")
    pid = hibari.pid
    assert pid is not None
    async with aclosing(hibari.speak(TASK)) as pieces:
        await anext(pieces)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(EngineError):
            await anext(pieces)
    assert joined(await bench.speech("Go on."))


async def test_it_starts_with_the_first_text_and_ends_when_it_is_idle() -> None:
    async with running(idle_s=0.05) as engine:
        await engine.probe()
        before = engine.pid
        assert before is None
        await anext(engine.speak(TASK))
        with anyio.fail_after(10):
            while engine.pid is not None:  # noqa: ASYNC110 - the engine tells only who asks
                await anyio.sleep(0.05)


async def test_without_its_packages_the_command_is_named() -> None:
    launch = replace(HibariLaunch(), libraries=("no_such_library",))
    async with running(launch=launch) as engine:
        with pytest.raises(EngineUnavailableError, match=r"server\[speech\]"):
            await engine.probe()
        with pytest.raises(EngineUnavailableError, match=r"server\[speech\]"):
            await anext(engine.speak(TASK))
