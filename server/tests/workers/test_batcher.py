"""Batches: turns between accounts, bounded tokens, faults that stay with their call."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import EngineBusyError, EngineError, EngineUnavailableError
from fondaco.workers.batcher import Batcher
from idle import all_tasks_blocked


@dataclass
class Engine:
    """Works off batches when it is told to, and says what each of them was."""

    batches: list[list[str]] = field(default_factory=list)
    poison: frozenset[str] = frozenset()
    open: anyio.Event = field(default_factory=anyio.Event)

    async def work(self, items: Sequence[str]) -> list[str]:
        self.batches.append(list(items))
        await self.open.wait()
        if self.poison & set(items):
            raise EngineError("The engine stopped.")
        return [item.upper() for item in items]

    def batcher(self, batch_tokens: int = 4, queue: int = 100) -> Batcher[str, str]:
        return Batcher(self.work, batch_tokens=batch_tokens, queue=queue, name="toy")


@pytest.fixture
async def tasks() -> AsyncGenerator[anyio.abc.TaskGroup]:
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


@dataclass
class Caller:
    """One caller, and what it was told."""

    scope: str
    items: tuple[str, ...]
    tokens: int = 1
    results: tuple[str, ...] | Exception | None = None

    async def ask(self, batcher: Batcher[str, str]) -> None:
        try:
            self.results = await batcher.submit(
                self.scope, [(item, self.tokens) for item in self.items]
            )
        except EngineError as error:
            self.results = error


async def served(engine: Engine, batcher: Batcher[str, str], *callers: Caller) -> None:
    """Have callers come one after the other while the engine is closed; then open it."""
    async with anyio.create_task_group() as tasks:
        await tasks.start(batcher.run)
        async with anyio.create_task_group() as asking:
            for caller in callers:
                asking.start_soon(caller.ask, batcher)
                await all_tasks_blocked()
            engine.open.set()
        tasks.cancel_scope.cancel()


async def test_results_come_in_the_order_of_the_items() -> None:
    engine, caller = Engine(), Caller("a", tuple("hgfedcba"))
    await served(engine, engine.batcher(), caller)
    assert caller.results == tuple("HGFEDCBA")


async def test_what_gathers_while_a_batch_runs_is_the_next_batch() -> None:
    engine = Engine()
    callers = [Caller(scope, (scope,)) for scope in "abcde"]
    await served(engine, engine.batcher(), *callers)
    assert engine.batches == [["a"], ["b", "c", "d", "e"]]


async def test_a_short_query_waits_for_one_batch_of_a_long_job() -> None:
    engine = Engine()
    job = Caller("a", tuple(f"a{n}" for n in range(1_000)))
    query = Caller("b", ("query",))
    await served(engine, engine.batcher(), job, query)
    assert "query" in engine.batches[1]
    assert query.results == ("QUERY",)
    assert len(job.results or ()) == 1_000  # type: ignore[arg-type]


async def test_accounts_take_turns_by_the_item() -> None:
    engine = Engine()
    first = Caller("z", ("z",))
    a = Caller("a", tuple(f"a{n}" for n in range(4)))
    b = Caller("b", tuple(f"b{n}" for n in range(4)))
    await served(engine, engine.batcher(), first, a, b)
    assert [{item[0] for item in batch} for batch in engine.batches[1:]] == [{"a", "b"}] * 2
    assert [sum(item[0] == "a" for item in batch) for batch in engine.batches[1:]] == [2, 2]


async def test_an_account_with_long_items_gets_no_more_of_the_engine_than_one_with_short_ones() -> (
    None
):
    engine = Engine()
    first = Caller("z", ("z",))
    long = Caller("a", tuple(f"a{n}" for n in range(40)), tokens=10)
    short = Caller("b", tuple(f"b{n}" for n in range(100)))
    await served(engine, engine.batcher(batch_tokens=20), first, long, short)
    of_short = [sum(item[0] == "b" for item in batch) for batch in engine.batches[1:]]
    assert sum(of_short[:11]) == 100, "half of each batch, so it is done after about ten"


async def test_an_account_that_was_idle_has_no_turns_to_catch_up_on() -> None:
    engine = Engine()
    engine.open.set()
    a, b = (Caller(scope, tuple(f"{scope}{n}" for n in range(8))) for scope in "ab")
    async with anyio.create_task_group() as tasks:
        batcher = engine.batcher()
        await tasks.start(batcher.run)
        await Caller("a", tuple("x" * 400)).ask(batcher)
        engine.batches.clear()
        async with anyio.create_task_group() as asking:
            asking.start_soon(a.ask, batcher)
            asking.start_soon(b.ask, batcher)
        tasks.cancel_scope.cancel()
    assert [sum(item[0] == "a" for item in batch) for batch in engine.batches] == [2] * 4


async def test_jobs_of_one_account_take_turns_too() -> None:
    engine = Engine()
    job, query = Caller("a", tuple(f"a{n}" for n in range(100))), Caller("a", ("query",))
    await served(engine, engine.batcher(), job, query)
    assert "query" in engine.batches[1]


async def test_a_batch_has_no_more_tokens_than_it_may() -> None:
    engine = Engine()
    callers = [Caller("a", ("x", "y", "z"), tokens=3), Caller("b", ("p", "q"), tokens=1)]
    await served(engine, engine.batcher(batch_tokens=5), *callers)
    tokens = {"x": 3, "y": 3, "z": 3, "p": 1, "q": 1}
    assert max(sum(tokens[item] for item in batch) for batch in engine.batches) <= 5


async def test_an_item_larger_than_a_batch_is_a_batch_of_its_own() -> None:
    engine, caller = Engine(), Caller("a", ("x", "y"), tokens=9)
    await served(engine, engine.batcher(batch_tokens=5), caller)
    assert sorted(engine.batches) == [["x"], ["y"]]


async def test_an_item_that_breaks_the_engine_ends_its_own_call_alone() -> None:
    engine = Engine(poison=frozenset({"poison"}))
    first = Caller("z", ("z",))
    good, bad = Caller("a", ("good",)), Caller("b", ("poison",))
    await served(engine, engine.batcher(), first, good, bad)
    assert good.results == ("GOOD",)
    assert isinstance(bad.results, EngineError)
    assert engine.batches == [["z"], ["good", "poison"], ["good"], ["poison"]]


async def test_a_call_that_failed_has_no_more_batches() -> None:
    engine = Engine(poison=frozenset({"p0"}))
    bad = Caller("a", tuple(f"p{n}" for n in range(50)))
    engine.poison = frozenset(bad.items)
    await served(engine, engine.batcher(), bad, Caller("b", ("good",)))
    assert sum("p" in item for batch in engine.batches for item in batch) <= 8


async def test_a_defect_of_ours_ends_the_call_and_not_the_engine(
    tasks: anyio.abc.TaskGroup, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(items: Sequence[str]) -> list[str]:
        if "odd" in items:
            raise ZeroDivisionError
        return list(items)

    batcher = Batcher[str, str](work, batch_tokens=4, queue=9, name="toy")
    await tasks.start(batcher.run)
    with pytest.raises(EngineError):
        await batcher.submit("a", [("odd", 1)])
    assert await batcher.submit("a", [("fine", 1)]) == ("fine",)
    assert "task_failed" in caplog.text


async def test_a_caller_that_left_is_not_worked_for(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine()
    batcher = engine.batcher()
    await tasks.start(batcher.run)
    async with anyio.create_task_group() as asking:
        asking.start_soon(Caller("a", ("first",)).ask, batcher)
        await all_tasks_blocked()
        asking.start_soon(Caller("b", ("left",)).ask, batcher)
        await all_tasks_blocked()
        asking.cancel_scope.cancel()
    engine.open.set()
    assert await batcher.submit("c", [("later", 1)]) == ("LATER",)
    assert engine.batches == [["first"], ["later"]]


async def test_more_than_may_wait_are_sent_away(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine()
    batcher = engine.batcher(queue=1)
    await tasks.start(batcher.run)
    for caller in (Caller("a", ("running",)), Caller("b", ("waiting",))):
        tasks.start_soon(caller.ask, batcher)
        await all_tasks_blocked()
    for scope in "bc":
        with pytest.raises(EngineBusyError, match="try again later"):
            await batcher.submit(scope, [("late", 1)])


async def test_one_account_cannot_fill_the_queue() -> None:
    engine = Engine()
    flood = [Caller("a", (f"a{n}",)) for n in range(9)]
    others = [Caller("b", ("b1",)), Caller("c", ("c1",)), Caller("b", ("b2",))]
    await served(engine, engine.batcher(queue=6), *flood, *others)
    assert [caller.results for caller in others] == [("B1",), ("C1",), ("B2",)]
    sent_away = [caller for caller in flood if isinstance(caller.results, EngineBusyError)]
    assert len(sent_away) == 2 + 3, "two found the queue full, three made room for others"
    assert flood[0].results == ("A0",)
    assert flood[1].results == ("A1",), "who came first stays"


async def test_an_account_with_as_many_waiting_as_any_other_displaces_none() -> None:
    engine = Engine()
    waiting = [Caller(scope, (f"{scope}{n}",)) for n in range(2) for scope in "abc"]
    late = Caller("c", ("late",))
    await served(engine, engine.batcher(queue=5), Caller("z", ("z",)), *waiting, late)
    assert isinstance(late.results, EngineBusyError)
    kept = [caller for caller in waiting if isinstance(caller.results, tuple)]
    assert sorted(caller.scope for caller in kept) == ["a", "a", "b", "b", "c"]


async def test_waiting_jobs_fail_when_the_batcher_ends() -> None:
    engine = Engine()
    callers = [Caller("a", ("running",)), Caller("b", ("waiting",))]
    batcher = engine.batcher()
    async with anyio.create_task_group() as asking, anyio.create_task_group() as tasks:
        await tasks.start(batcher.run)
        for caller in callers:
            asking.start_soon(caller.ask, batcher)
            await all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert [type(caller.results) for caller in callers] == [EngineUnavailableError] * 2
    with pytest.raises(EngineUnavailableError, match="not running"):
        await batcher.submit("c", [("c", 1)])


async def test_what_waited_when_it_ended_has_no_turn_when_it_runs_again() -> None:
    engine = Engine()
    batcher = engine.batcher()
    async with anyio.create_task_group() as asking, anyio.create_task_group() as tasks:
        await tasks.start(batcher.run)
        for caller in (Caller("a", ("running",)), Caller("b", ("waiting",))):
            asking.start_soon(caller.ask, batcher)
            await all_tasks_blocked()
        tasks.cancel_scope.cancel()
    engine.open.set()
    async with anyio.create_task_group() as tasks:
        await tasks.start(batcher.run)
        assert await batcher.submit("c", [("later", 1)]) == ("LATER",)
        tasks.cancel_scope.cancel()


async def test_nothing_is_done_at_once(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine()
    batcher = engine.batcher()
    await tasks.start(batcher.run)
    assert await batcher.submit("a", []) == ()
    assert engine.batches == []


jobs = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(1, 6), min_size=1, max_size=9)),
    min_size=1,
    max_size=6,
)


@given(jobs, st.integers(1, 8))
async def test_whatever_comes_is_answered_within_its_bounds(
    asked: list[tuple[str, list[int]]], batch_tokens: int
) -> None:
    sizes: list[list[int]] = []

    async def work(items: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
        sizes.append([tokens for _, _, tokens in items])
        return [(job, index) for job, index, _ in items]

    batcher = Batcher[tuple[int, int, int], tuple[int, int]](
        work, batch_tokens=batch_tokens, queue=100, name="toy"
    )

    async def ask(job: int, scope: str, tokens: list[int]) -> None:
        items = [((job, index, count), count) for index, count in enumerate(tokens)]
        told = await batcher.submit(scope, items)
        assert told == tuple((job, index) for index in range(len(tokens)))

    async with anyio.create_task_group() as tasks:
        await tasks.start(batcher.run)
        async with anyio.create_task_group() as asking:
            for job, (scope, tokens) in enumerate(asked):
                asking.start_soon(ask, job, scope, tokens)
        tasks.cancel_scope.cancel()
    assert all(sum(batch) <= batch_tokens or len(batch) == 1 for batch in sizes)
    assert sum(map(len, sizes)) == sum(len(tokens) for _, tokens in asked)
