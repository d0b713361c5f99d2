"""Faults of the storage, each provoked for real: what they refuse, how they are told, how they pass."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from contracts.quarantine import entry
from fondaco.domain.errors import StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.money import Funds
from fondaco.ports.incidents import Incident
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables import schema
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.migrate import TABLES, upgrade
from money_world import Counter, SqliteWorld, charge, tokens


class OwnConnection(SqliteWorld):
    """A world that keeps hold of its journal's connection."""

    def _open(self) -> SqliteJournal:
        self.connection = connect(self.path)
        self.connection.execute("PRAGMA busy_timeout = 20")
        self._sqlite = SqliteJournal(self.connection, watch_s=0.01)
        return self._sqlite


@pytest.fixture
async def world(tmp_path: Path, empty_database: Path) -> AsyncGenerator[OwnConnection]:
    world = OwnConnection(tmp_path / "fondaco.sqlite3", empty_database)
    await world.grant(1000)
    yield world
    await world.close()


def fill_the_disk(world: OwnConnection) -> Callable[[], None]:
    (pages,) = world.connection.execute("PRAGMA page_count").fetchone()
    world.connection.execute(f"PRAGMA max_page_count = {pages}")

    def end() -> None:
        world.connection.execute("PRAGMA max_page_count = 1000000")

    return end


def lock(world: OwnConnection) -> Callable[[], None]:
    other = connect(world.path)
    other.execute("BEGIN IMMEDIATE")

    def end() -> None:
        other.execute("ROLLBACK")
        other.close()

    return end


def drop_a_table(world: OwnConnection) -> Callable[[], None]:
    with closing(connect(world.path)) as other:
        other.execute("ALTER TABLE entry RENAME TO elsewhere")

    def end() -> None:
        with closing(connect(world.path)) as other:
            other.execute("ALTER TABLE elsewhere RENAME TO entry")

    return end


def write_protect(world: OwnConnection) -> Callable[[], None]:
    world.connection.execute("PRAGMA query_only = ON")

    def end() -> None:
        world.connection.execute("PRAGMA query_only = OFF")

    return end


ENDS_THE_THREAD = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
FAULTS = {
    "disk_full": fill_the_disk,
    "locked": lock,
    "damaged": drop_a_table,
    "read_only": write_protect,
}


@pytest.mark.parametrize("reason", FAULTS)
async def test_a_storage_fault_stops_sales_is_reported_and_passes(
    world: OwnConnection, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    hold, other = await world.hold(100), await world.hold(100, Counter(tokens(7)))
    end = FAULTS[reason](world)
    fat = "x" * 200_000  # no free page takes it
    with pytest.raises(StorageFailedError):
        await hold.settle(charge(30), tokens(30), 1, fat)
    with pytest.raises(StorageFailedError):
        await world.hold(1)
    with pytest.raises(StorageFailedError):
        await other.extend(1)
    with pytest.raises(StorageFailedError, match="1 writes are kept"):
        await world.ledger.check()
    faults = [
        r for r in caplog.records if getattr(r, "incident", None) is Incident.LEDGER_WRITE_FAILED
    ]
    assert {fault.__dict__["fields"]["reason"] for fault in faults} == {reason}
    assert len(faults) < 3  # one that lasts is not told for every try
    end()
    await world.ledger.retry()
    assert await world.ledger.check() == 0
    await other.extend(1)
    await other.settle(charge(7), tokens(7), 1)
    assert await world.balance() == Funds(usd=963)
    assert await world.findings() == []


async def test_a_query_that_fills_the_disk_is_reported_as_that(
    world: OwnConnection, caplog: pytest.LogCaptureFixture
) -> None:
    end = fill_the_disk(world)
    insert, fat = "INSERT INTO job_average VALUES (?, 1, 1)", ("x" * 200_000,)

    async def write() -> None:
        await world._sqlite.query(lambda one: one.execute(insert, fat), "BEGIN IMMEDIATE")

    with pytest.raises(StorageFailedError):
        await write()
    faults = [r.__dict__["fields"]["reason"] for r in caplog.records if hasattr(r, "incident")]
    assert faults == ["disk_full"]
    end()
    await write()


@pytest.mark.parametrize("reason", ["locked", "damaged", "read_only"])
async def test_readiness_sees_a_fault_before_any_call_does(
    world: OwnConnection, reason: str
) -> None:
    assert await world.ledger.check() == 0
    end = FAULTS[reason](world)
    with pytest.raises(StorageFailedError, match=f"cannot be written: {reason}"):
        await world.ledger.check()
    end()
    assert await world.ledger.check() == 0


@pytest.mark.parametrize("value", [10**30, 2**64 - 1, -(2**63) - 1])
async def test_a_number_of_too_many_bits_does_not_end_the_writer(
    world: OwnConnection, value: int
) -> None:
    with pytest.raises(WriteQuarantinedError):
        await world.journal.write((entry(world, 1, execution_ms=value),))
    await world.journal.write((entry(world, 2),))
    assert await world.ledger.check() == 1


async def test_a_row_that_means_nothing_does_not_end_the_writer(
    world: OwnConnection, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(connect(world.path)) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute(
            "INSERT INTO entry (account_id, kind, currency, amount, at_ms, sku_id, units, unit_price,"
            " execution_ms, notes) VALUES (4, 99, 1, 1, 0, 1, 0, 0, 0, '')"
        )
    with anyio.fail_after(10):
        while "ledger_thread_failed" not in caplog.text:  # noqa: ASYNC110 - the thread owes nobody an event
            await anyio.sleep(0.01)
    await world.journal.write((entry(world, 1),))


@ENDS_THE_THREAD
async def test_a_writer_that_has_ended_refuses_at_once_and_is_reported(
    world: OwnConnection, caplog: pytest.LogCaptureFixture
) -> None:
    hold = await world.hold(100)
    under_way = world.journal.write((entry(world, 1),))
    with pytest.raises(StorageFailedError):
        await world._sqlite.query(lambda _connection: sys.exit("nothing survives this"))
    await under_way
    with anyio.fail_after(10):
        with pytest.raises(StorageFailedError):
            await hold.settle(charge(30), tokens(30), 1)
        with pytest.raises(StorageFailedError):
            await world.ledger.check()
        with pytest.raises(StorageFailedError, match="writer_ended"):
            await world.journal.check()
        with pytest.raises(StorageFailedError):
            await world.ledger.close()
        await world.close()
    assert "ledger_thread_failed" in caplog.text


@ENDS_THE_THREAD
async def test_what_a_dead_writer_was_given_is_refused(world: OwnConnection) -> None:
    asked = world._sqlite.query(lambda _connection: sys.exit("nothing survives this"))
    outcomes: list[str] = []

    async def write() -> None:
        try:
            await world.journal.write((entry(world, 1),))
        except StorageFailedError:
            outcomes.append("refused")

    async def end() -> None:
        with pytest.raises(StorageFailedError):
            await asked

    with anyio.fail_after(10):
        async with anyio.create_task_group() as together:
            together.start_soon(end)
            together.start_soon(write)
    assert outcomes == ["refused"]


@ENDS_THE_THREAD
async def test_a_dead_writer_refuses_however_many_writes_come_at_once(
    world: OwnConnection,
) -> None:
    with pytest.raises(StorageFailedError):
        await world._sqlite.query(lambda _connection: sys.exit("nothing survives this"))
    writes = [world.journal.write((entry(world, number),)) for number in range(2_500)]
    with anyio.fail_after(10):
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageFailedError}


def test_a_database_that_lacks_a_table_is_refused_at_the_start(
    tmp_path: Path, empty_database: Path
) -> None:
    path = tmp_path / "database"
    path.write_bytes(empty_database.read_bytes())
    with closing(connect(path)) as connection:
        connection.execute("DROP TABLE idempotency_record")
    with pytest.raises(DatabaseUnusableError, match="lacks the table 'idempotency_record'"):
        upgrade(path)


def test_all_tables_are_known_without_the_library_that_makes_them() -> None:
    assert set(schema.metadata.tables) == TABLES


async def test_damage_is_reported_by_the_audit(world: OwnConnection) -> None:
    with closing(connect(world.path)) as other:
        other.execute("DROP TRIGGER entry_UPDATE")
        other.execute("DROP INDEX ix_entry_charge")
    found = "\n".join(await world.findings())
    assert "'ix_entry_charge' is missing" in found
    assert "'entry_UPDATE' is missing" in found


async def test_a_file_full_of_noise_is_reported_by_the_audit(world: OwnConnection) -> None:
    await world.close()
    with closing(sqlite3.connect(world.path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(world.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    world.path.write_bytes(content)
    [told] = await world.findings()
    assert "The database" in told
    assert "\n" not in told


async def test_a_ledger_on_a_locked_database_starts_when_the_lock_is_gone(
    world: OwnConnection,
) -> None:
    hold = await world.hold(100, Counter(tokens(7)))
    world.clock.at += 1
    world.ledger.note_progress()
    await world.crash()
    end = lock(world)
    ledger: Ledger = world.ledger
    assert await ledger.recover(lambda _model, usage: charge(usage.output_tokens)) == 1
    with pytest.raises(StorageFailedError):
        await world.hold(1)
    end()
    await ledger.retry()
    assert await world.balance() == Funds(usd=993)
    assert not await world.journal.open_calls()
    assert hold.call.id in {one.call_id for one in await world.entries()}
