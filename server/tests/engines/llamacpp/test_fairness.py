"""Fairness between accounts: who gets the next slot, and whose prompt is read next."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import EngineBusyError
from fondaco.engines.llamacpp.prefill import PrefillQueue
from fondaco.engines.llamacpp.slot_table import SlotAssignment
from fondaco.engines.llamacpp.slots import Slots
from idle import all_tasks_blocked

RequestContext = Callable[[str], Awaitable[None]]


class Calls:
    """Calls that wait for slots, and the order in which they get them."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.served: list[str] = []
        self.refused: list[str] = []
        self.seats: list[SlotAssignment] = []

    async def ask(self, scope: str, choices: int = 1) -> None:
        try:
            seat = await self.slots.take(scope, choices, ())
        except EngineBusyError:
            self.refused.append(scope)
            return
        self.served.append(scope)
        self.seats.append(seat)

    def end(self, scope: str) -> None:
        """End the scope's oldest call."""
        seat = next(seat for seat in self.seats if seat.scope == scope)
        self.seats.remove(seat)
        self.slots.give_back(seat, started=True, prompt=())


@asynccontextmanager
async def waiting(calls: Calls, *scopes: str) -> AsyncGenerator[None]:
    """Have calls wait, in this order."""
    async with anyio.create_task_group() as group:
        for scope in scopes:
            group.start_soon(calls.ask, scope)
            await all_tasks_blocked()
        yield
        group.cancel_scope.cancel()


async def test_the_account_with_the_fewest_slots_is_served_before_one_that_came_earlier() -> None:
    calls = Calls(Slots(2, queue=8, wait_s=5))
    async with waiting(calls, "a", "a", "a", "a", "b"):
        assert calls.served == ["a", "a"]
        calls.end("a")
        await all_tasks_blocked()
        assert calls.served == ["a", "a", "b"]


async def test_accounts_that_wait_are_served_in_rotation() -> None:
    calls = Calls(Slots(1, queue=8, wait_s=5))
    async with waiting(calls, "x", "a", "a", "a", "b", "b", "c"):
        for served in ("x", "a", "b", "c", "a", "b"):
            assert calls.served[-1] == served
            calls.end(served)
            await all_tasks_blocked()
        assert calls.served[-1] == "a"


async def test_while_others_call_no_account_takes_the_last_slot() -> None:
    calls = Calls(Slots(3, queue=8, wait_s=5))
    async with waiting(calls, "b"):
        calls.end("b")
        async with waiting(calls, "a", "a", "a"):
            assert calls.served == ["b", "a", "a"]
            async with waiting(calls, "b"):
                assert calls.served == ["b", "a", "a", "b"]
                calls.end("b")
                await all_tasks_blocked()
                assert calls.served == ["b", "a", "a", "b"], "b called just now"


async def test_an_account_that_is_alone_takes_all_slots() -> None:
    calls = Calls(Slots(3, queue=8, wait_s=5))
    async with waiting(calls, "", "a", "a", "a"):  # a probe, which names no account, is no company
        assert calls.served == ["", "a", "a"]
        calls.end("")
        await all_tasks_blocked()
        assert calls.served == ["", "a", "a", "a"]


async def test_company_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = Slots(3, queue=8, wait_s=5)
    for scope in ("a", "b"):
        slots.give_back(await slots.take(scope, 1, ()), started=True, prompt=())
    assert slots.share("a") == slots.share("b") == 2
    later = anyio.current_time() + 601
    monkeypatch.setattr(anyio, "current_time", lambda: later)
    assert slots.share("a") == 3


async def test_a_call_for_many_slots_is_not_overtaken_for_ever() -> None:
    calls = Calls(Slots(3, queue=8, wait_s=5))
    async with anyio.create_task_group() as group:
        await calls.ask("a")
        await calls.ask("b")
        group.start_soon(calls.ask, "c", 2)
        await all_tasks_blocked()
        group.start_soon(calls.ask, "d")
        await all_tasks_blocked()
        assert calls.served == ["a", "b"], "the free slot is kept for c"
        calls.end("a")
        await all_tasks_blocked()
        assert calls.served == ["a", "b", "c"]
        calls.end("b")
        await all_tasks_blocked()
        assert calls.served == ["a", "b", "c", "d"]


async def test_a_full_queue_makes_room_for_an_account_with_fewer_waiting_calls() -> None:
    calls = Calls(Slots(1, queue=4, wait_s=5))
    async with waiting(calls, "a", "a", "a", "a", "a"):
        assert not calls.refused
        async with waiting(calls, "a"):
            assert calls.refused == ["a"]
            async with waiting(calls, "b", "b"):
                assert calls.refused == ["a", "a", "a"]
                async with waiting(calls, "b"):
                    assert calls.refused == ["a", "a", "a", "b"], "both have two now"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
async def test_no_call_waits_while_a_slot_of_its_share_is_free(
    steps: list[tuple[str, bool]],
) -> None:
    calls = Calls(Slots(2, queue=100, wait_s=5))
    async with anyio.create_task_group() as group:
        for scope, comes in steps:
            if comes:
                group.start_soon(calls.ask, scope)
                await all_tasks_blocked()
            elif any(seat.scope == scope for seat in calls.seats):
                calls.end(scope)
                await all_tasks_blocked()
            waits = {one for one, waiters in calls.slots._waiting.items() if waiters}
            held = [seat.scope for seat in calls.seats]
            for one in waits:
                assert len(held) == 2 or one in held, (one, held)
        group.cancel_scope.cancel()


async def test_prompts_are_read_in_rotation_over_accounts() -> None:
    queue, read = PrefillQueue(), list[str]()

    async def ask(account: str) -> None:
        async with queue.request(account):
            read.append(account)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group, queue.request("x"):
        for account in ("a", "a", "a", "b", "c", "b"):
            group.start_soon(ask, account)
            await all_tasks_blocked()
    assert read == ["a", "b", "c", "a", "b", "a"]


async def test_a_turn_that_ends_early_is_not_ended_twice() -> None:
    queue, read = PrefillQueue(), list[str]()

    async def ask(account: str) -> None:
        async with queue.request(account):
            read.append(account)
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        async with queue.request("x") as request:
            for account in ("a", "b"):
                group.start_soon(ask, account)
                await all_tasks_blocked()
            request.end()
            await all_tasks_blocked()
            assert read == ["a"]
        await all_tasks_blocked()
        assert read == ["a"]
        group.cancel_scope.cancel()


async def test_an_abandoned_wait_blocks_no_other_call() -> None:
    queue, read = PrefillQueue(), list[str]()

    async def ask(account: str) -> None:
        async with queue.request(account):
            read.append(account)

    async with anyio.create_task_group() as group:
        async with queue.request("x"):
            with anyio.move_on_after(0):
                await ask("a")
            group.start_soon(ask, "b")
            await all_tasks_blocked()
        async with queue.request("y") as request, anyio.create_task_group() as others:
            others.start_soon(ask, "c")
            await all_tasks_blocked()
            request.end()  # called in and cancelled at the same time
            others.cancel_scope.cancel()
        with anyio.fail_after(1):
            await ask("d")
    assert (read[0], read[-1]) == ("b", "d")


async def test_who_hangs_up_gains_no_turn() -> None:
    """The engine renders and counts a long prompt to its end, whoever waits for it."""
    queue, counted, ended = PrefillQueue(), list[str](), anyio.Event()

    async def ask(account: str) -> None:
        async def count() -> None:
            counted.append(account)
            await ended.wait()

        await queue.work(account, count)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            impatient = asyncio.get_running_loop().create_task(ask("a"))
            await all_tasks_blocked()
            impatient.cancel()
        group.start_soon(ask, "a")
        group.start_soon(ask, "b")
        await all_tasks_blocked()
        assert counted == ["a"]
        ended.set()
    assert sorted(counted) == ["a", "a", "b"]


async def test_failed_work_ends_its_turn_and_raises() -> None:
    queue = PrefillQueue()

    async def fail() -> None:
        raise EngineBusyError

    with pytest.raises(EngineBusyError):
        await queue.work("a", fail)
    async with queue.request("b"):
        pass
