"""Slots: no call ever uses a prompt cache with content of another scope."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from fondaco.domain.errors import EngineUnavailableError
from fondaco.engines.llamacpp.slot_table import SlotAssignment, SlotTable
from fondaco.engines.llamacpp.slots import Slots
from idle import all_tasks_blocked

SLOTS = 3


@dataclass
class ToyCall:
    seat: SlotAssignment
    on: list[int] = field(default_factory=list)
    """The slots that the engine has put its choices on."""
    missing: int = 0
    """Choices that it has not placed yet."""


@dataclass
class ToyEngine:
    """Places the further choices of a call where it likes, as late as it likes."""

    content: list[str | None] = field(default_factory=lambda: [None] * SLOTS)
    busy: set[int] = field(default_factory=set)

    def start(self, seat: SlotAssignment) -> ToyCall:
        call = ToyCall(seat, missing=len(seat.reserved))
        self.read(seat)
        self._place(call, seat.slot)
        return call

    def read(self, seat: SlotAssignment) -> None:
        if seat.warm:
            assert self.content[seat.slot] == seat.scope, "the cache is another scope's"
        self.content[seat.slot] = seat.scope

    def next_wave(self, call: ToyCall, preferred: int) -> None:
        """Place one more choice, on any slot that the engine believes free."""
        free = [slot for slot in range(SLOTS) if slot not in self.busy]
        if call.missing and free:
            call.missing -= 1
            self._place(call, free[preferred % len(free)])

    def end_one(self, call: ToyCall) -> None:
        """End the choice that began first; its slot is free for the engine then."""
        self.busy.discard(call.on.pop(0))

    def end(self, call: ToyCall) -> None:
        self.busy -= set(call.on)

    def _place(self, call: ToyCall, slot: int) -> None:
        self.content[slot] = call.seat.scope
        self.busy.add(slot)
        call.on.append(slot)


class Tenancy(RuleBasedStateMachine):
    """Calls of several scopes that come, start, spread, are dropped and end, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.engine = SlotTable(SLOTS), ToyEngine()
        self.waiting: list[SlotAssignment] = []
        self.running: list[ToyCall] = []

    @rule(
        scope=st.sampled_from(["a", "b", ""]),
        choices=st.sampled_from([1, 1, 2, SLOTS]),
        prompt=st.lists(st.integers(0, 1), max_size=3),
    )
    def take(self, scope: str, choices: int, prompt: list[int]) -> None:
        seat = self.table.take(scope, choices, prompt)
        if seat is not None:
            assert not (seat.warm and seat.scope == "")
            self.waiting.append(seat)

    @precondition(lambda self: self.free_to_start())
    @rule(which=st.integers(0, SLOTS))
    def start(self, which: int) -> None:
        """Start one of the calls that wait for their turn: accounts take turns."""
        free = self.free_to_start()
        seat = free[which % len(free)]
        self.waiting.remove(seat)
        self.running.append(self.engine.start(self.as_it_stands(seat)))

    @precondition(lambda self: self.free_to_start())
    @rule(which=st.integers(0, SLOTS))
    def read(self, which: int) -> None:
        """Have a piece of the prompt read of a call that waits."""
        free = self.free_to_start()
        seat = free[which % len(free)]
        if seat.scope:
            self.engine.read(self.as_it_stands(seat))
            read = replace(seat, warm=self.table.is_exclusive(seat))
            self.waiting[self.waiting.index(seat)] = read

    def free_to_start(self) -> list[SlotAssignment]:
        return [seat for seat in self.waiting if seat.slot not in self.engine.busy]

    def as_it_stands(self, seat: SlotAssignment) -> SlotAssignment:
        return seat if self.table.is_exclusive(seat) else replace(seat, warm=False)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, SLOTS), preferred=st.integers(0, SLOTS))
    def spread(self, which: int, preferred: int) -> None:
        self.engine.next_wave(self.running[which % len(self.running)], preferred)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, SLOTS))
    def end_one(self, which: int) -> None:
        call = self.running[which % len(self.running)]
        if len(call.on) > 1:
            self.engine.end_one(call)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, SLOTS), choices=st.integers(1, SLOTS))
    def next_wave(self, which: int, choices: int) -> None:
        call = self.running[which % len(self.running)]
        if not call.missing:
            self.engine.end(call)
            self.running.remove(call)
            most = 1 + len(call.seat.reserved)
            self.waiting.append(self.table.next_wave(call.seat, min(choices, most)))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, SLOTS))
    def drop(self, which: int) -> None:
        self._leave(self.waiting.pop(which % len(self.waiting)), started=False)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, SLOTS))
    def end(self, which: int) -> None:
        call = self.running.pop(which % len(self.running))
        self.engine.end(call)
        self._leave(call.seat, started=True)

    def _leave(self, seat: SlotAssignment, *, started: bool) -> None:
        self.table.give_back(seat, started=started)
        if seat.reserved:
            self.table.stopped()


TestTenancy = Tenancy.TestCase
TestTenancy.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def used(table: SlotTable, scope: str, prompt: Sequence[int] = ()) -> SlotAssignment:
    """Let one call of a scope come and go."""
    seat = table.take(scope, 1, prompt)
    assert seat is not None
    table.give_back(seat, started=True, prompt=prompt)
    return seat


def test_a_scope_comes_back_to_its_warm_slot() -> None:
    table = SlotTable(SLOTS)
    first = used(table, "a")
    used(table, "b")
    assert not first.warm
    again = table.take("a", 1)
    assert again is not None
    assert (again.slot, again.warm) == (first.slot, True)


def test_a_new_scope_takes_an_unused_slot_before_anybody_elses() -> None:
    table = SlotTable(2)
    first, second = used(table, "a"), used(table, "b")
    assert first.slot != second.slot


def test_without_an_unused_slot_the_longest_unused_one_is_taken() -> None:
    table = SlotTable(2)
    first = used(table, "a")
    used(table, "b")
    assert used(table, "c").slot == first.slot


def test_two_conversations_of_a_scope_keep_a_slot_each() -> None:
    table = SlotTable(SLOTS)
    tea, ships = [1, 1, 1, 1], [2, 2, 2, 2]
    first, second = used(table, "a", tea), used(table, "a", ships)
    assert used(table, "a", [*tea, 5]).slot == first.slot
    assert used(table, "a", [*ships, 5]).slot == second.slot


def test_a_call_that_never_spoke_leaves_a_foreign_slot_cold() -> None:
    table = SlotTable(1)
    used(table, "a")
    seat = table.take("b", 1)
    assert seat is not None
    table.give_back(seat, started=False)
    assert not used(table, "b").warm


def test_a_call_dropped_between_its_waves_leaves_the_slot_cold_to_whose_it_was() -> None:
    table = SlotTable(1)
    used(table, "a")
    seat = table.take("b", 1)
    assert seat is not None
    further = table.next_wave(seat, 1)  # the first wave started: the slot holds what "b" sent
    table.give_back(further, started=False)
    assert not used(table, "a").warm


def test_a_call_dropped_while_its_prompt_was_read_leaves_the_slot_cold_to_whose_it_was() -> None:
    table = SlotTable(1)
    used(table, "a")
    seat = table.take("b", 1)
    assert seat is not None
    table.give_back(replace(seat, warm=table.is_exclusive(seat)), started=False)
    assert not used(table, "a").warm


def test_a_dropped_call_leaves_its_slot_cold_after_choices_of_others_may_have_been_there() -> None:
    table = SlotTable(SLOTS)
    used(table, "b")
    seat, several = table.take("b", 1), table.take("c", 2)
    assert seat is not None
    assert several is not None
    assert seat.warm
    table.give_back(several, started=True)
    table.stopped()
    table.give_back(seat, started=False)
    assert not used(table, "b").warm


async def test_a_seat_turns_cold_once_choices_of_others_may_lie_in_its_slot() -> None:
    slots = Slots(SLOTS, queue=8, wait_s=1)
    slots.give_back(await slots.take("b", 1, ()), started=True, prompt=())
    seat = await slots.take("b", 1, ())
    assert slots.current(seat).warm
    await slots.take("a", 2, ())
    assert not slots.current(seat).warm


def test_several_choices_leave_all_slots_cold_that_were_free() -> None:
    table = SlotTable(SLOTS)
    used(table, "a")
    seat = table.take("b", 2)
    assert seat is not None
    table.give_back(seat, started=True)
    table.stopped()
    assert not used(table, "a").warm
    assert not used(table, "b").warm


def test_a_slot_that_came_free_while_choices_spread_is_cold() -> None:
    table = SlotTable(SLOTS)
    alone, several = table.take("a", 1), table.take("b", 2)
    assert alone is not None
    assert several is not None
    table.give_back(alone, started=True)
    table.give_back(several, started=True)
    table.stopped()
    assert not used(table, "a").warm


@pytest.mark.parametrize("choices", [1, 2])
def test_further_choices_find_the_prompt_of_the_first_ones(choices: int) -> None:
    table = SlotTable(SLOTS)
    seat = table.take("a", SLOTS)
    assert seat is not None
    assert not seat.warm
    further = table.next_wave(seat, choices)
    assert (further.slot, further.warm) == (seat.slot, True)
    assert len(further.reserved) == choices - 1


def test_further_choices_without_scope_find_no_cache() -> None:
    table = SlotTable(1)
    seat = table.take("", 1)
    assert seat is not None
    assert not table.next_wave(seat, 1).warm


def test_slots_that_further_choices_do_not_need_are_free() -> None:
    table = SlotTable(SLOTS)
    seat = table.take("a", SLOTS)
    assert seat is not None
    table.next_wave(seat, 1)
    assert table.take("b", SLOTS - 1) is not None


def test_further_choices_are_cold_where_another_call_spread_meanwhile() -> None:
    table = SlotTable(4)
    seat, other = table.take("a", 2), table.take("b", 2)
    assert seat is not None
    assert other is not None
    table.give_back(other, started=True)
    table.stopped()
    assert not table.next_wave(seat, 2).warm


def test_more_choices_than_free_slots_have_to_wait() -> None:
    table = SlotTable(SLOTS)
    assert table.take("a", 2) is not None
    assert table.take("b", 2) is None
    assert table.take("b", 1) is not None


async def test_who_waits_is_served_in_turn() -> None:
    slots = Slots(1, queue=2, wait_s=5)
    seat = await slots.take("a", 1, ())
    served: list[str] = []

    async def ask(scope: str) -> None:
        mine = await slots.take(scope, 1, ())
        served.append(scope)
        slots.give_back(mine, started=True, prompt=())

    async with anyio.create_task_group() as group:
        for scope in ("b", "c"):
            group.start_soon(ask, scope)
            await all_tasks_blocked()
        slots.give_back(seat, started=True, prompt=())
    assert served == ["b", "c"]


async def test_a_full_queue_is_refused_with_a_time_to_come_back() -> None:
    slots = Slots(1, queue=0, wait_s=5)
    await slots.take("a", 1, ())
    with pytest.raises(EngineUnavailableError) as refused:
        await slots.take("b", 1, ())
    assert refused.value.retry_after_s == 1


async def test_waiting_has_an_end() -> None:
    slots = Slots(1, queue=1, wait_s=0.01)
    await slots.take("a", 1, ())
    with pytest.raises(EngineUnavailableError, match="no slot became free"):
        await slots.take("b", 1, ())


async def test_who_gives_up_waiting_leaves_no_seat_taken() -> None:
    slots = Slots(1, queue=2, wait_s=5)
    seat = await slots.take("a", 1, ())
    with anyio.move_on_after(0.01):
        await slots.take("b", 1, ())
    slots.give_back(seat, started=True, prompt=())
    with anyio.fail_after(1):
        assert (await slots.take("c", 1, ())).slot == 0


async def test_a_call_for_many_slots_does_not_hold_up_the_line_once_it_gives_up() -> None:
    slots = Slots(2, queue=2, wait_s=5)
    await slots.take("a", 1, ())
    async with anyio.create_task_group() as group:
        with anyio.move_on_after(0.05) as patience:
            group.start_soon(slots.take, "b", 2, ())
            await all_tasks_blocked()
            group.start_soon(slots.take, "c", 1, ())
            await anyio.sleep_forever()
        assert patience.cancelled_caught
        group.cancel_scope.cancel()


async def test_a_dead_engine_sends_everybody_away() -> None:
    slots = Slots(1, queue=2, wait_s=5)
    await slots.take("a", 1, ())
    refused: list[EngineUnavailableError] = []

    async def ask() -> None:
        with pytest.raises(EngineUnavailableError, match="stopped") as error:
            await slots.take("b", 1, ())
        refused.append(error.value)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await all_tasks_blocked()
        slots.close()
    assert len(refused) == 1
