import anyio
import pytest

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.memory.journal import MemoryJournal
from money_world import NOON, Counter, FailingJournal, MemoryWorld, TestClock, charge, tokens


def grant(account_id: int, usd: int) -> Entry:
    return Entry(account_id, EntryKind.GRANT, Currency.USD, usd, NOON)


def call(number: int, account_id: int) -> Call:
    return Call(f"{number:032x}", account_id, "5" * 32, NOON)


async def test_idle_accounts_are_forgotten_and_those_with_calls_are_not() -> None:
    memory = MemoryJournal()
    for account_id in range(10, 20):
        memory.add_account(account_id)
        memory.enter_elsewhere(grant(account_id, 9))
    journal = FailingJournal(memory)
    ledger = Ledger(journal, TestClock(), idle_accounts=3)
    hold = await ledger.hold(call(1, 10), "toy", 9, Counter())
    for account_id in range(11, 20):
        assert await ledger.balance(account_id) == Funds(usd=9)
    looked = journal.standings
    await hold.settle(charge(4), tokens(4), 1)
    assert await ledger.balance(10) == Funds(usd=5)
    assert journal.standings == looked
    assert await ledger.balance(11) == Funds(usd=9)
    assert journal.standings == looked + 1


async def test_a_known_account_costs_no_look_at_the_journal() -> None:
    world = MemoryWorld()
    await world.grant(100)
    for _ in range(5):
        await (await world.hold(5)).settle(charge(5), tokens(5), 1)
    assert world.journal.standings == 1


async def test_a_caller_that_goes_away_leaves_the_account_usable() -> None:
    world = MemoryWorld()
    await world.allocate(50)
    with anyio.move_on_after(10) as gone:
        gone.cancel()
        await world.hold(5)
    assert gone.cancelled_caught
    assert await world.balance() == Funds(diem=50)
    refills = [e for e in await world.entries() if e.kind is EntryKind.REFILL]
    assert len(refills) == 1


async def test_the_running_ledger_notes_progress_and_retries_by_itself() -> None:
    world = MemoryWorld()
    await world.grant(100)
    held, failed = await world.hold(10), await world.hold(20)
    world.journal.broken = True
    with pytest.raises(StorageFailedError):
        await failed.settle(charge(20), tokens(20), 1)
    world.journal.broken = False
    world.clock.at += 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.ledger.run)
        with anyio.fail_after(10):
            while not (  # noqa: ASYNC110 - the ledger owes nobody an event
                await world.charges() and await world.journal.open_calls()
            ):
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    assert [one.call_id for one in await world.journal.open_calls()] == [held.call.id]
    assert await world.charges() == [("sku-0", Currency.USD, 20)]
