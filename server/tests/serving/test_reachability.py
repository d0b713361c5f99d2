"""Which engines answer, as the last look at each found it."""

import logging
from dataclasses import dataclass

import anyio
import anyio.lowlevel
import pytest

from fondaco.domain.errors import EngineUnavailableError
from fondaco.serving.routing.reachability import Reachability
from idle import all_tasks_blocked
from money_world import TestClock


@dataclass
class Engine:
    """An engine that is looked at, and can go down."""

    up: bool = True
    looks: int = 0

    async def look(self) -> frozenset[str]:
        self.looks += 1
        await anyio.lowlevel.checkpoint()
        if not self.up:
            raise EngineUnavailableError
        return frozenset()


async def test_a_model_is_served_while_one_of_its_engines_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    first, second = Engine(), Engine(up=False)
    looks = {"first": first.look, "second": second.look}
    reachability = Reachability(3600, TestClock())
    reachability.follow(looks)
    assert reachability.serves(["second"]), "nobody has looked yet"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reachability.run)
        await all_tasks_blocked()
        assert [reachability.serves(e) for e in (["first"], ["second"], ["second", "first"])] == [
            True,
            False,
            True,
        ]
        assert reachability.serves(["embedded"])
        assert reachability.serves([])
        second.up = True
        reachability.follow(looks)
        await all_tasks_blocked()
        assert reachability.serves(["second"])
        tasks.cancel_scope.cancel()
    told = [r.getMessage() for r in caplog.records]
    assert told.count("engine_unreachable reason=EngineUnavailableError engine=second") == 1
    assert told.count("engine second responds again") == 1


async def test_a_new_configuration_is_looked_at_at_once_and_forgets_the_old_engines() -> None:
    old, new = Engine(up=False), Engine(up=False)
    reachability = Reachability(3600, TestClock())
    reachability.follow({"old": old.look})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reachability.run)
        await all_tasks_blocked()
        assert not reachability.serves(["old"])
        reachability.follow({"new": new.look})
        assert reachability.serves(["old"])
        await all_tasks_blocked()
        assert not reachability.serves(["new"])
        tasks.cancel_scope.cancel()
    assert (old.looks, new.looks) == (1, 1)


async def test_nothing_is_looked_at_where_that_is_switched_off() -> None:
    engine = Engine(up=False)
    reachability = Reachability(0, TestClock())
    reachability.follow({"engine": engine.look})
    await reachability.run()
    assert (engine.looks, reachability.serves(["engine"])) == (0, True)


async def test_engines_are_looked_at_again_and_again() -> None:
    looked = anyio.Event()

    async def look() -> frozenset[str]:
        if engine.looks == 3:
            looked.set()
        return await engine.look()

    engine, reachability = Engine(), Reachability(0.001, TestClock())
    reachability.follow({"engine": look})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reachability.run)
        with anyio.fail_after(30):
            await looked.wait()
        tasks.cancel_scope.cancel()
