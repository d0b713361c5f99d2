"""Charges that are confirmed by the charge log before the database has them."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from fondaco.domain.errors import KeyLimitReachedError, StorageFailedError
from fondaco.domain.money.account import ConsumptionLimit
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.ports import ChargeQuery
from fondaco.stores.charge_log import segments
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.accounts.accounts import enter
from fondaco.stores.sqlite.accounts.charges import SqliteCharges
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, Counter, SqliteWorld, charge, image_of, tokens


class Impatient(SqliteWorld):
    """A world whose journal waits shortly for the lock of another writer."""

    def _open(self) -> SqliteJournal:
        connection = connect(self.path)
        connection.execute("PRAGMA busy_timeout = 20")
        self._sqlite = SqliteJournal(connection, watch_s=0.01)
        return self._sqlite


@pytest.fixture
async def world(tmp_path: Path, empty_database: Path) -> AsyncGenerator[Impatient]:
    world = Impatient(tmp_path / "fondaco.sqlite3", empty_database)
    await world.grant(1000)
    yield world
    await world.close()


@contextmanager
def locked(database: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock of a database, which nobody else can commit to meanwhile."""
    with closing(connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def charged(database: Path) -> list[int]:
    """Return the amounts of the charges that the database has by itself."""
    with closing(connect(database)) as connection:
        rows = connection.execute("SELECT -amount FROM entry WHERE kind = 1 ORDER BY id").fetchall()
        return [amount for (amount,) in rows]


async def settle(world: SqliteWorld, amount: int) -> None:
    await (await world.hold(amount)).settle(charge(amount), tokens(amount), 1)


async def test_a_charge_is_confirmed_while_the_database_is_locked(world: Impatient) -> None:
    hold = await world.hold(5)
    with locked(world.path):
        await hold.settle(charge(5), tokens(5), 1)
        assert charged(world.path) == []
    assert await world.charges() == [("sku-0", Currency.USD, 5)]
    assert await world.findings() == []


async def test_a_charge_without_a_task_is_confirmed_while_the_database_is_locked(
    world: Impatient,
) -> None:
    hold = await world.hold(5)
    with locked(world.path):
        begun = hold.settle_now(charge(5), tokens(5), 1)
        assert begun is not None
        await begun
        hold.settled_now()
        assert charged(world.path) == []
    assert await world.charges() == [("sku-0", Currency.USD, 5)]
    assert await world.balance() == Funds(usd=995)


@pytest.mark.parametrize("rounds", range(4))
async def test_a_logged_charge_whose_waiter_was_cancelled_is_charged_once(
    world: Impatient, rounds: int
) -> None:
    hold = await world.hold(5)
    settling = asyncio.ensure_future(hold.settle(charge(5), tokens(5), 1))
    for _ in range(rounds):
        await asyncio.sleep(0)
    settling.cancel()
    await asyncio.wait([settling])
    if hold in world.ledger.open_holds:
        await hold.settle(charge(5), tokens(5), 1)
    await world.ledger.retry()
    assert await world.charges() == [("sku-0", Currency.USD, 5)]
    assert await world.balance() == Funds(usd=995)
    assert await world.ledger.check() == 0
    assert await world.findings() == []


async def test_a_confirmed_charge_outlives_a_kill_before_the_database_has_it(
    world: Impatient,
) -> None:
    hold = await world.hold(5, Counter(tokens(2)))
    world.clock.at += 1
    world.ledger.note_progress()
    await world.journal.write(())
    with locked(world.path) as other:
        await hold.settle(charge(5), tokens(5), 1)
        other.execute("ROLLBACK")
        image = image_of(world.path)
    killed = Impatient.__new__(Impatient)
    killed.path = image
    async with SqliteJournal.opened(image) as journal:
        assert not await journal.open_calls()  # the charge has closed it
        assert charged(image) == [5]
    assert not segments.folder_of(image).exists()
    async with SqliteJournal.opened(image):
        assert charged(image) == [5]


async def test_a_kill_between_commit_and_deletion_enters_nothing_twice(
    tmp_path: Path, world: Impatient
) -> None:
    await settle(world, 5)
    await settle(world, 7)
    folder, copy = segments.folder_of(world.path), tmp_path / "copy"
    shutil.copytree(folder, copy)
    await world.close()
    assert not folder.exists()
    shutil.copytree(copy, folder)
    world._begin(world._open())
    assert charged(world.path) == [5, 7]
    assert await world.balance() == Funds(usd=988)
    assert await world.findings() == []
    assert await world.ledger.check() == 0


@pytest.mark.parametrize("cut", [1, 20, 80])
async def test_a_torn_end_is_cut_off_with_one_line(
    world: Impatient, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    image = await _logged_only(world, 5, 7)
    [segment] = segments.segments(segments.folder_of(image))
    segment.write_bytes(segment.read_bytes()[:-cut])
    async with SqliteJournal.opened(image):
        assert charged(image) == [5]
    assert [
        r.message for r in caplog.records if "cut off" in r.message and "charge log" in r.message
    ]
    assert not segments.folder_of(image).exists()


@pytest.mark.parametrize(("place", "left"), [(0.5, [5, 9]), (0.99, [5, 7])])
async def test_a_damaged_record_is_kept_for_the_operator_and_the_others_entered(
    world: Impatient, caplog: pytest.LogCaptureFixture, place: float, left: list[int]
) -> None:
    image = await _logged_only(world, 5, 7, 9)
    folder = segments.folder_of(image)
    [segment] = segments.segments(folder)
    content = bytearray(segment.read_bytes())
    content[int(len(content) * place)] ^= 1
    segment.write_bytes(content)
    async with SqliteJournal.opened(image):
        assert charged(image) == left
    assert "charge_log_damaged" in caplog.text
    [kept] = segments.damaged(folder)
    assert kept.read_bytes() == content
    world.admin_store._path = image
    assert [line for line in world.admin_store.verify() if "charge log was damaged" in line]
    async with SqliteJournal.opened(image):
        assert charged(image) == left


async def _logged_only(world: Impatient, *amounts: int) -> Path:
    """Return the database of a killed server with charges in its log alone."""
    holds = [await world.hold(amount) for amount in amounts]
    before = image_of(world.path)
    for hold, amount in zip(holds, amounts, strict=True):
        await hold.settle(charge(amount), tokens(amount), 1)
    folder = segments.folder_of(before)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(segments.folder_of(world.path), folder)
    return before


async def test_a_log_that_cannot_be_entered_refuses_the_start_and_is_kept(world: Impatient) -> None:
    image = await _logged_only(world, 5)
    connection = connect(image)
    connection.execute("PRAGMA busy_timeout = 20")
    with locked(image), pytest.raises(DatabaseUnusableError, match="They are kept"):
        SqliteJournal(connection)
    async with SqliteJournal.opened(image):
        assert charged(image) == [5]


async def test_while_the_database_cannot_follow_nothing_is_sold_and_nothing_lost(
    world: Impatient,
) -> None:
    first, second, third = [await world.hold(10) for _ in range(3)]
    with locked(world.path):
        await first.settle(charge(5), tokens(5), 1)
        with anyio.fail_after(10):
            while world._sqlite._writer._backlog.follows:
                await world.ledger.retry()
                await anyio.lowlevel.checkpoint()
        with pytest.raises(StorageFailedError):
            await second.settle(charge(6), tokens(6), 1)
        with pytest.raises(StorageFailedError):
            await world.hold(1)
        with pytest.raises(StorageFailedError):
            await world.ledger.check()
        with pytest.raises(StorageFailedError):
            await world._sqlite.spent(world.key_id, 20_000)  # it would lack the first
    await world.ledger.retry()
    assert await world.ledger.check() == 0
    await third.settle(charge(7), tokens(7), 1)
    assert sorted(amount for _, _, amount in await world.charges()) == [5, 6, 7]
    assert await world.balance() == Funds(usd=982)
    assert await world.findings() == []


async def test_a_log_that_cannot_be_written_leaves_the_charge_to_the_database(
    world: Impatient, caplog: pytest.LogCaptureFixture
) -> None:
    segments.folder_of(world.path).rmdir()
    await settle(world, 5)
    assert charged(world.path) == [5]
    assert "charge_log_failed" in caplog.text
    assert await world.ledger.check() == 0


async def test_a_charge_that_the_database_refuses_later_is_given_back(
    world: Impatient, caplog: pytest.LogCaptureFixture
) -> None:
    limit = ConsumptionLimit(usd=500)
    hold = await world.hold(400, limit=limit)
    with locked(world.path) as other:
        taken = Entry(world.account_id, EntryKind.ADJUSTMENT, Currency.USD, -900, NOON)
        await hold.settle(charge(400), tokens(4), 1)
        enter(other, taken)
        other.execute("COMMIT")
    await world.journal.write(())
    await world._sqlite.snapshot(world.account_id)  # tells the ledger of what was taken
    assert await world.balance() == Funds(usd=100)
    assert "charge_refused_late" in caplog.text
    assert await world.ledger.check() == 1
    await world.hold(100, limit=limit)
    assert await world.findings() == []


async def test_a_charge_that_was_refused_later_does_not_count_against_its_key(
    world: Impatient,
) -> None:
    limit = ConsumptionLimit(usd=500)
    hold = await world.hold(400, limit=limit)
    with locked(world.path) as other:
        await hold.settle(charge(400), tokens(4), 1)
        enter(other, Entry(world.account_id, EntryKind.ADJUSTMENT, Currency.USD, -900, NOON))
        other.execute("COMMIT")
    await world.journal.write(())
    await world.grant(1000)
    await world.hold(500, limit=limit)
    with pytest.raises(KeyLimitReachedError):
        await world.hold(1, limit=limit)


async def test_a_call_that_an_earlier_process_charged_is_charged_once(
    world: Impatient, caplog: pytest.LogCaptureFixture
) -> None:
    call = Call("c" * 32, world.account_id, world.key_id, world.clock.now())
    await (await world.ledger.hold(call, "toy", 10, Counter())).settle(charge(3), tokens(3), 1)
    await world.crash()
    again = await world.ledger.hold(call, "toy", 10, Counter())
    await again.settle(charge(4), tokens(4), 1)
    await world.journal.write(())
    assert "charge_refused_late reason=already_entered" in caplog.text
    assert await world.charges() == [("sku-0", Currency.USD, 3)]
    assert await world.balance() == Funds(usd=997)
    assert await world.ledger.check() == 0


async def test_segments_go_once_the_database_has_them(world: Impatient) -> None:
    folder = segments.folder_of(world.path)
    for _ in range(40):
        await (await world.hold(1)).settle(charge(1), tokens(1), 1, "x" * 60_000)
    assert len(segments.segments(folder)) >= 2
    await world.journal.write(())
    assert len(segments.segments(folder)) <= 1
    assert len(await world.charges()) == 40
    await world.close()
    assert not folder.exists()


async def test_one_journal_logs_and_another_commits(world: Impatient) -> None:
    await settle(world, 5)
    async with SqliteJournal.opened(world.path) as other:
        assert other._logger is None
    await settle(world, 6)
    assert [amount for _, _, amount in await world.charges()] == [5, 6]


async def test_durability_power_commits_and_syncs_each_charge(
    tmp_path: Path, world: Impatient
) -> None:
    image = await _logged_only(world, 5)
    async with SqliteJournal.opened(image, "power") as journal:
        assert charged(image) == [5]  # from a time with less
        assert journal._logger is None
    assert not segments.folder_of(image).exists()


async def test_many_charges_at_once_share_a_commit(world: Impatient) -> None:
    holds = [await world.hold(1) for _ in range(20)]
    with locked(world.path):
        tasks = [asyncio.ensure_future(one.settle(charge(1), tokens(1), 1)) for one in holds]
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, StorageFailedError) for one in outcomes)
    await world.ledger.retry()
    assert len(await world.charges()) == 20


# Readers.


async def test_a_page_of_this_process_has_what_was_confirmed_before(world: Impatient) -> None:
    async def flush() -> None:
        await world.journal.write(())

    with closing(SqliteCharges(world.path, flush)) as charges:
        await settle(world, 5)
        page = await charges.page(ChargeQuery(world.account_id))
    assert [entry.amount for entry in page.charges] == [-5]


async def test_another_process_waits_for_what_was_confirmed_before(world: Impatient) -> None:
    program = (
        "import sys; from pathlib import Path; from fondaco.stores.sqlite.accounts.admin_store import AdminStore\n"
        "from fondaco.system import SystemClock\n"
        "store = AdminStore(Path(sys.argv[1]), b'', SystemClock())\n"
        "print(store.account('somebody').balance.usd, store.verify())\n"
    )
    for _ in range(3):
        await settle(world, 5)
        said = await anyio.run_process([sys.executable, "-c", program, str(world.path)])
        assert said.stdout.decode().strip() == f"{(await world.balance()).usd} []"


async def test_a_command_enters_what_a_killed_server_left(world: Impatient) -> None:
    image = await _logged_only(world, 5)
    assert entered(image)
    assert charged(image) == [5]
    assert segments.segments(segments.folder_of(image)) == []


async def test_a_reader_is_told_where_the_server_does_not_follow(world: Impatient) -> None:
    hold = await world.hold(5)
    with locked(world.path):
        await hold.settle(charge(5), tokens(5), 1)
        assert not entered(world.path, patience_s=0.1)
    assert entered(world.path)


# Killed at each step.

SETTLER = """
import itertools, os, signal, sys, time, uuid
import anyio
from pathlib import Path
from fondaco.domain.money.call import Call
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.charge_log.log import ChargeLog
from fondaco.stores.sqlite.ledger import writer
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.system import SystemClock

path, account_id, key_id, step = sys.argv[1:]
NOTES = "x" * 50_000  # so that a segment is full after 20 calls

class METER:
    usage = Usage()

def killing(function, *, before=False, after=False, on=3):
    times = itertools.count(1)
    def replaced(*arguments, **named):
        now = next(times) == on
        if now and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        if now and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return replaced

match step:
    case "before the write":
        ChargeLog.append = killing(ChargeLog.append, before=True, on=40)
    case "after the write":
        ChargeLog.append = killing(ChargeLog.append, after=True, on=40)
    case "in the write":
        whole = os.write
        def part(descriptor, content, times=itertools.count(1)):
            if descriptor > 2 and len(content) > 10_000 and next(times) == 40:
                whole(descriptor, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(descriptor, content)
        os.write = part
    case "before the commit":
        writer.apply = killing(writer.apply, before=True)
    case "after the commit":
        writer.apply = killing(writer.apply, after=True)
    case "before the deletion":
        Path.unlink = killing(Path.unlink, before=True, on=1)
    case "after the deletion":
        Path.unlink = killing(Path.unlink, after=True, on=1)

async def main():
    ledger = Ledger(SqliteJournal(connect(Path(path))), SystemClock())
    async def settle():
        while True:
            call = Call(uuid.uuid4().hex, int(account_id), key_id, time.time())
            hold = await ledger.hold(call, "toy", 5, METER)
            charge = Charge((ChargeRow("a", 1, 1, 2), ChargeRow("b", 1, 1, 1)))
            await hold.settle(charge, Usage(1, 0, 1), 1, NOTES)
            print(call.id, flush=True)
            await anyio.sleep(0.002)
    async with anyio.create_task_group() as calls:
        for _ in range(3):
            calls.start_soon(settle)

anyio.run(main)
"""


@pytest.mark.parametrize(
    "step",
    [
        "before the write",
        "in the write",
        "after the write",
        "before the commit",
        "after the commit",
        "before the deletion",
        "after the deletion",
    ],
)
async def test_a_kill_at_any_step_loses_no_confirmed_charge_and_doubles_none(
    world: Impatient, step: str
) -> None:
    await world.grant(10**9)
    await world.close()
    arguments = (str(world.path), str(world.account_id), world.key_id, step)
    confirmed = await anyio.to_thread.run_sync(_until_killed, arguments)
    assert confirmed
    world._begin(world._open())
    calls = [entry.call_id for entry in await world.entries() if entry.call_id]
    assert set(confirmed) <= set(calls)
    assert len(calls) == 2 * len(set(calls))
    assert len(set(calls)) <= len(set(confirmed)) + 3  # those whose word was under way
    assert await world.balance() == Funds(usd=1000 + 10**9 - 3 * len(set(calls)))
    assert await world.findings() == []
    assert await world.ledger.check() == 0


def _until_killed(arguments: tuple[str, ...]) -> list[str]:
    command = [sys.executable, "-c", SETTLER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [line for line in done.stdout.splitlines() if len(line) == 32]
