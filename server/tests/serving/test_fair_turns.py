"""Fair turns: one at a time, for the account that has had least, whoever cancels."""

from collections.abc import Iterable

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.errors import EngineBusyError
from fondaco.domain.media.image_file import Format, Header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.sound import Sound
from fondaco.imaging.codec import PillowCodec
from fondaco.serving.admission.fair_turns import FairTurns
from fondaco.serving.admission.memory_budget import MemoryBudget
from fondaco.serving.inputs.pictures import PictureReader, Upload
from fondaco.serving.inputs.sounds import Sounds
from idle import all_tasks_blocked


class Seconds:
    """A clock that stands, unless work moves it: how busy the machine is decides no order."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def order(
    accounts: Iterable[int], turns: FairTurns | None = None, *, slow: int | None = None
) -> list[int]:
    """Return in which order requests that all come at once have their turns; those of `slow` take 20 ms."""
    served: list[int] = []
    with_turn = 0
    seconds = Seconds()
    turns = turns or FairTurns(now=seconds)

    async def work(account: int) -> None:
        nonlocal with_turn
        async with turns.taken(account):
            with_turn += 1
            assert with_turn == 1
            served.append(account)
            seconds.now += 0.02 if account == slow else 0
            await anyio.lowlevel.checkpoint()
            with_turn -= 1

    async with anyio.create_task_group() as tasks:
        for account in accounts:
            tasks.start_soon(work, account)
    return served


async def test_an_account_that_sends_much_waits_behind_one_that_sends_little() -> None:
    assert await order([1, 1, 1, 1, 2, 2]) == [1, 2, 1, 2, 1, 1]


async def test_slow_work_counts_by_its_time() -> None:
    served = await order([1, 1, 1, 2, 2, 2, 2], slow=1)
    assert served == [1, 2, 2, 2, 2, 1, 1]


async def test_who_comes_late_has_no_claim_on_what_others_had_before() -> None:
    turns = FairTurns(now=Seconds())
    await order([1] * 20, turns)
    assert await order([2, 2, 2, 1, 1, 1], turns) == [2, 1, 2, 1, 2, 1]


async def test_a_request_that_is_given_up_leaves_its_turn_to_the_next() -> None:
    turns = FairTurns()
    begun, served = anyio.Event(), []

    async def hold() -> None:
        async with turns.taken(1):
            begun.set()
            await anyio.sleep_forever()

    async def wait(account: int) -> None:
        async with turns.taken(account):
            served.append(account)

    async with anyio.create_task_group() as tasks, anyio.create_task_group() as given_up:
        given_up.start_soon(hold)
        await begun.wait()
        given_up.start_soon(wait, 2)
        tasks.start_soon(wait, 3)
        await anyio.wait_all_tasks_blocked()
        given_up.cancel_scope.cancel()
    assert served == [3]
    with anyio.fail_after(5):
        assert sorted(await order([1, 2, 3], turns)) == [1, 2, 3]


async def test_work_that_fails_ends_its_turn() -> None:
    turns = FairTurns()
    with pytest.raises(ZeroDivisionError):
        async with turns.taken(1):
            raise ZeroDivisionError
    with anyio.fail_after(5):
        assert sorted(await order([1, 2], turns)) == [1, 2]


async def test_several_at_a_time_are_of_several_accounts() -> None:
    turns, served = FairTurns(2, now=Seconds()), []
    go_on = anyio.Event()

    async def work(account: int) -> None:
        async with turns.taken(account):
            served.append(account)
            await go_on.wait()

    async with anyio.create_task_group() as tasks:
        for account in (1, 1, 1, 2):
            tasks.start_soon(work, account)
        await all_tasks_blocked()
        assert served == [1, 1], "the second came while nobody else was there"
        go_on.set()
    assert served == [1, 1, 2, 1]


async def test_whoever_fills_the_queue_leaves_room_for_others() -> None:
    turns = FairTurns(1, 2)
    served: list[int] = []
    go_on = anyio.Event()

    async def work(account: int) -> None:
        async with turns.taken(account):
            await go_on.wait()
            served.append(account)

    async with anyio.create_task_group() as tasks:
        for account in (1, 1, 1):
            tasks.start_soon(work, account)
        await all_tasks_blocked()
        with pytest.raises(EngineBusyError):
            await work(1)
        for account in (2, 3):
            tasks.start_soon(work, account)
            await all_tasks_blocked()
            with pytest.raises(EngineBusyError):
                await work(account)  # a second one
        with pytest.raises(EngineBusyError):
            await work(4)  # twice as many wait as may
        assert not turns.idle
        go_on.set()
    assert served[0] == 1
    assert sorted(served[1:3]) == [2, 3]
    assert turns.idle


async def test_what_has_begun_is_not_sent_away() -> None:
    turns = FairTurns(1, 0)
    async with turns.taken(1), anyio.create_task_group() as tasks:
        with pytest.raises(EngineBusyError):
            await turns.taken(1).__aenter__()

        async def go_on() -> None:
            async with turns.taken(1, begun=True) as waited_s:
                assert waited_s >= 0

        tasks.start_soon(go_on)
        await all_tasks_blocked()
        tasks.cancel_scope.cancel()


@settings(max_examples=30, deadline=None)
@given(accounts=st.lists(st.integers(0, 4), max_size=20))
def test_every_request_has_its_turn_and_nothing_is_kept(accounts: list[int]) -> None:
    turns = FairTurns()
    served = anyio.run(order, accounts, turns)
    assert sorted(served) == sorted(accounts)
    assert len(turns._queues) <= 5


class RecordingCodec(PillowCodec):
    """Reads files of any content, and notes their lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    async def decode(self, file: bytes, header: Header, most_pixels: int) -> Pixels:
        self.read.append(len(file))
        await anyio.lowlevel.checkpoint()
        return Pixels(1, 1, bytes(3))


async def test_pictures_of_others_are_read_between_those_of_one_account() -> None:
    codec = RecordingCodec()
    reader = PictureReader(codec, None, MemoryBudget(10**6, 10**6, "pictures", "busy"))

    async def read(account: int, length: int) -> None:
        upload = Upload(bytes(length), Header(Format.PNG, 1, 1), "image")
        with reader.memory(account) as memory:
            await reader.pixels(upload, 1, memory)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(read, 1, 1)
        tasks.start_soon(read, 2, 2)
    assert codec.read == [1, 2, 1, 1, 1]


class RecordingReader:
    """Reads files of any content, and notes their lengths."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def expect_installed(self) -> None:
        return

    async def decode(self, file: bytes, most_s: float) -> Sound:
        self.read.append(len(file))
        await anyio.lowlevel.checkpoint()
        return Sound(bytes(2))


async def test_recordings_of_others_are_read_between_those_of_one_account() -> None:
    reader = RecordingReader()
    sounds = Sounds(reader, MemoryBudget(10**6, 10**6, "recordings", "busy"))

    async def read(account: int, length: int) -> None:
        with sounds.memory(account) as memory:
            await sounds.decoded(bytes(length), 1.0, memory)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(read, 1, 1)
        tasks.start_soon(read, 2, 2)
    assert reader.read == [1, 2, 1, 1, 1]
