import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from fondaco.domain.errors import (
    AlreadyEnteredError,
    KeyLimitReachedError,
    StorageFailedError,
    WriteQuarantinedError,
)
from fondaco.domain.money.account import SYSTEM_ACCOUNTS, ConsumptionLimit
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.connection import connect
from money_world import NOON, SqliteWorld, charge, tokens

RICH = 9 * 10**17


@pytest.fixture
async def world(tmp_path: Path, empty_database: Path) -> AsyncGenerator[SqliteWorld]:
    world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
    await world.grant(RICH)
    yield world
    await world.close()


def entry(world: SqliteWorld, number: int, amount: int = -1) -> Entry:
    return Entry(
        account_id=world.account_id,
        kind=EntryKind.CHARGE,
        currency=Currency.USD,
        amount=amount,
        at=NOON,
        call_id=f"{number:032x}",
        key_id=world.key_id,
        sku="qwen3-4b-llm-output-mtoken",
        units=227,
        unit_price=2_000_000_000,
        usage=Usage(339, 100, 227, 20),
        execution_ms=2964,
    )


async def test_whole_numbers_keep_all_their_bits(world: SqliteWorld) -> None:
    amount = -(2**53 + 1)
    await world.journal.write((entry(world, 1, amount),))
    assert (await world.entries())[-1].amount == amount
    snapshot = await world.journal.snapshot(world.account_id)
    assert snapshot is not None
    assert snapshot.balance == Funds(usd=RICH + amount)


async def test_many_writes_at_once_are_all_kept(world: SqliteWorld) -> None:
    entries = [entry(world, number) for number in range(1, 701)]
    async with anyio.create_task_group() as writing:
        for one in entries:
            writing.start_soon(wait, world, one)
    assert sorted(e.call_id or "" for e in await world.entries()) == sorted(
        ["", *(one.call_id or "" for one in entries)]
    )
    assert await world.findings() == []


async def wait(world: SqliteWorld, one: Entry) -> None:
    await world.journal.write((one,))


async def test_an_idle_journal_leaves_nothing_to_its_wal_file(
    tmp_path: Path, world: SqliteWorld
) -> None:
    """Its database file holds the entries by itself, where a power cut cannot take them."""
    await world.journal.write((entry(world, 1),))
    copy = tmp_path / "copy.sqlite3"
    with anyio.fail_after(10):
        while True:
            # By another process: opening the file in this one would drop SQLite's locks on it.
            await anyio.run_process(["cp", str(tmp_path / "fondaco.sqlite3"), str(copy)])
            with closing(sqlite3.connect(copy)) as alone:
                (entries,) = alone.execute("SELECT count(*) FROM entry").fetchone()
            if entries == len(await world.entries()):
                return
            await anyio.sleep(0.05)


async def test_one_faulty_write_does_not_fail_its_batch(world: SqliteWorld) -> None:
    await world.journal.write((entry(world, 1),))
    poor = entry(world, 5, -RICH)
    stranger = replace(entry(world, 6), account_id=99)
    nonsense = replace(entry(world, 7), call_id="no id")
    world.journal.record_progress((open_call(world, account_id=99), open_call(world)))
    writes = [
        world.journal.write(entries)
        for entries in (
            (entry(world, 2),),
            (entry(world, 3), entry(world, 1)),
            (poor,),
            (stranger,),
            (nonsense,),
            (entry(world, 4),),
        )
    ]
    outcomes = []
    for write in writes:
        try:
            await write
            outcomes.append("written")
        except StorageFailedError as error:
            outcomes.append(type(error).__name__)
    refused = WriteQuarantinedError.__name__
    assert outcomes == [
        "written", AlreadyEnteredError.__name__, refused, refused, refused, "written",
    ]  # fmt: skip
    id_cache = [int(e.call_id, 16) for e in await world.entries() if e.call_id]
    assert id_cache == [1, 2, 4]
    assert len(await world.journal.open_calls()) == 1
    assert await world.journal.check() == 3
    assert await world.findings() == []


def open_call(world: SqliteWorld, account_id: int | None = None) -> OpenCall:
    return OpenCall(
        call_id=f"{account_id or 1:032x}",
        account_id=account_id or world.account_id,
        key_id=world.key_id,
        model="toy",
        opened_at=NOON,
        held=Funds(usd=1),
        epoch=20_000,
    )


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path, empty_database: Path) -> None:
    world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
    world.admin_store.grant("somebody", RICH)
    await world.close()
    connection = connect(world.path)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    journal = SqliteJournal(connection)
    fat = [replace(entry(world, number), notes="x" * 900) for number in range(1, 41)]
    with pytest.raises(StorageFailedError):
        await journal.write(fat)
    assert len(await world.entries()) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    await journal.write(fat)
    journal.close()
    assert len(await world.entries()) == 41
    assert await world.findings() == []


async def test_an_entry_takes_less_than_200_bytes(world: SqliteWorld) -> None:
    start = size(world.path)
    for batch in range(20):
        await world.journal.write([entry(world, batch * 500 + n + 1) for n in range(500)])
    assert (size(world.path) - start) / 10_000 < 200


def size(path: Path) -> int:
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


async def test_usage_of_an_account_is_found_by_an_index(world: SqliteWorld) -> None:
    with closing(connect(world.path)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM entry WHERE kind = 1 AND account_id = 4 AND at_ms < 9 "
            "ORDER BY at_ms DESC LIMIT 200"
        ).fetchall()
    assert "USING INDEX ix_entry_charge" in plan[0][3]
    assert len(plan) == 1


async def test_edits_without_an_entry_are_reported_too(world: SqliteWorld) -> None:
    told = anyio.Event()
    world.journal.on_change(lambda entries: None if entries else told.set())
    world.admin_store.revoke(world.key_id)
    with anyio.fail_after(10):
        await told.wait()


async def test_its_own_entries_are_not_reported(world: SqliteWorld) -> None:
    told: list[Entry] = []
    world.journal.on_change(told.extend)
    await world.journal.write((entry(world, 1),))
    world.admin_store.grant("somebody", 5)
    await world.journal.write((entry(world, 2),))
    await world.journal.snapshot(world.account_id)
    assert [(one.kind, one.amount) for one in told] == [(EntryKind.GRANT, 5)]


async def test_a_closed_journal_refuses(world: SqliteWorld) -> None:
    last = world.journal.write((entry(world, 1),))
    await world.close()
    await last
    world.journal.record_progress((open_call(world),))
    with pytest.raises(StorageFailedError):
        await world.journal.write((entry(world, 2),))
    with pytest.raises(StorageFailedError):
        await world.journal.snapshot(world.account_id)


async def test_a_read_that_fails_is_a_storage_failure(world: SqliteWorld) -> None:
    await world.close()
    with closing(connect(world.path)) as connection:
        connection.execute("DROP TABLE open_call")
    async with SqliteJournal.opened(world.path) as journal:
        with pytest.raises(StorageFailedError):
            await journal.open_calls()
        assert await journal.snapshot(SYSTEM_ACCOUNTS["revenue"]) is not None


async def test_power_durability_syncs_every_commit(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "database", "power")) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_money_is_never_a_fraction(world: SqliteWorld) -> None:
    with (
        closing(connect(world.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="cannot store REAL value"),
    ):
        connection.execute("UPDATE account SET usd = 0.5")


async def test_a_charge_that_an_operator_makes_after_all_counts_against_its_key(
    world: SqliteWorld,
) -> None:
    limit = ConsumptionLimit(usd=10)
    await (await world.hold(1, limit=limit)).settle(charge(1), tokens(1), 1)
    odd = replace(entry(world, 1, -RICH), epoch=20_000)
    with pytest.raises(WriteQuarantinedError):
        await world.journal.write((odd,))
    world.admin_store.grant("somebody", RICH)
    [waiting] = world.admin_store.quarantine()
    world.admin_store.retry(waiting.id)
    await world.journal.snapshot(world.account_id)  # tells the ledger before it answers
    assert await world.balance() == Funds(usd=RICH - 1)
    with pytest.raises(KeyLimitReachedError):
        await world.hold(1, limit=limit)
    assert await world.findings() == []
