"""Homes that earlier versions damaged start again: made at migration 0004, as the old code wrote them."""

# ruff: noqa: S608 - SQL of the test's own

import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext

from fondaco.domain.money.epoch import SECONDS, begins, epoch_of
from fondaco.domain.money.ledger import epoch_reference
from fondaco.domain.money.money import Funds
from fondaco.stores.sqlite.tables import schema
from fondaco.stores.sqlite.tables.alembic_run import scripts
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.engine import engine_for
from fondaco.stores.sqlite.tables.migrate import upgrade, version_of
from money_world import NOON, SqliteWorld, charge, charge_of, tokens

FAR = epoch_of(4_102_444_800.0)
"""The epoch of 2100-01-01."""
MOST = 2**63 - 1


@pytest.fixture(scope="module")
def old_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of revision 0004."""
    path = tmp_path_factory.mktemp("old") / "fondaco.sqlite3"
    directory = scripts()
    engine = engine_for(path)
    with (
        engine.connect() as connection,
        EnvironmentContext(
            Config(), directory, fn=lambda version, _: directory._upgrade_revs("0004", version)
        ) as environment,
    ):
        environment.configure(
            connection=connection, target_metadata=schema.metadata, transaction_per_migration=True
        )
        environment.run_migrations()
    engine.dispose()
    assert version_of(path) == "0004"
    return path


@pytest.fixture
async def home(
    tmp_path: Path, old_database: Path
) -> AsyncGenerator[Callable[[str], "SqliteWorld"]]:
    """Return what makes a home at 0004, lets the old code's SQL damage it, and starts on it."""
    worlds: list[SqliteWorld] = []

    def started(damage: str) -> SqliteWorld:
        path = tmp_path / "fondaco.sqlite3"
        shutil.copyfile(old_database, path)
        with closing(connect(path)) as connection:
            connection.executescript(
                "INSERT INTO account (id, name, tier, created_ms) VALUES (4, 'ada', 'paid', 0);"
                "INSERT INTO sku (id, name) VALUES (1, ''), (2, 'diem-refill'), (3, 'sku-0');"
                f"{entry(2, 1, 1000, NOON - 90)}" + damage
            )
        upgrade(path)
        empty = tmp_path / "empty"
        shutil.copyfile(path, empty)
        worlds.append(SqliteWorld(tmp_path / "world", empty, account="ada"))
        return worlds[0]

    yield started
    for world in worlds:
        await world.close()


def entry(kind: int, currency: int, amount: int, at: float, *call: str | int) -> str:
    """Return what enters an amount of account 4, both sides of it; `call` is an id and a sku."""
    call_id, sku = call or ("", 1)
    other = {1: 1, 2: 2, 3: 3, 4: 3, 5: 2}[kind]
    column = {1: "usd", 2: "diem"}[currency]
    shown = f"x'{call_id}'" if call_id else "NULL"
    return (
        "INSERT INTO entry (account_id, kind, currency, amount, at_ms, call_id, sku_id, units,"
        f" unit_price, execution_ms, notes) VALUES (4, {kind}, {currency}, {amount},"
        f" {round(at * 1000)}, {shown}, {sku}, 0, 0, 0, '');"
        f"UPDATE account SET {column} = {column} + {amount} WHERE id = 4;"
        f"UPDATE account SET {column} = {column} - {amount} WHERE id = {other};"
    )


def open_call(number: int, held: tuple[int, int], usage: tuple[int, int, int, int]) -> str:
    values = ", ".join(map(str, (*held, epoch_of(NOON), *usage)))
    return (
        "INSERT INTO open_call (call_id, account_id, key_id, model, opened_ms, held_usd, held_diem,"
        " epoch, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens)"
        f" VALUES (x'{number + 2**100:032x}', 4, x'{5:032x}', 'toy', {round(NOON * 1000)}, {values});"
    )


@pytest.mark.parametrize(
    ("held", "usage"),
    [
        ((50, 0), (-1, 0, 5, 0)),
        ((50, 0), (5, -1, 5, 0)),
        ((50, 0), (5, 0, -5, 0)),
        ((50, 0), (-1, -1, -1, -1)),
        ((50, 0), (MOST, MOST, MOST, MOST)),
        ((-50, 0), (5, 0, 5, 0)),
        ((0, -50), (5, 0, 5, 0)),
        ((-MOST, MOST), (5, 0, 5, 0)),
        ((MOST, MOST), (5, 0, MOST, 0)),
    ],
)
async def test_open_calls_with_numbers_that_no_call_has_are_settled(
    home: Callable[[str], SqliteWorld], held: tuple[int, int], usage: tuple[int, int, int, int]
) -> None:
    world = home(open_call(1, held, usage) + open_call(2, (50, 0), (5, 0, 7, 0)))
    assert await world.ledger.recover(charge_of) == 2
    assert not await world.journal.open_calls()
    balance = await world.balance()
    assert 0 <= balance.usd <= 993
    hold = await world.hold(balance.usd)
    await hold.settle(charge(1), tokens(1), 1)
    assert await world.findings() == []
    await world.crash()
    assert await world.ledger.recover(charge_of) == 0


def in_2100(*more: str) -> str:
    """Return what the old code wrote of one call while the clock was in 2100."""
    at = float(begins(FAR)) + 60
    return (
        "UPDATE account SET diem_allocation = 50 WHERE id = 4;"
        + entry(3, 2, 50, NOON - 80, epoch_reference(4, epoch_of(NOON)), 2)
        + entry(1, 2, -10, NOON - 70, "aa" * 16, 3)
        + entry(3, 2, 10, at, epoch_reference(4, FAR), 2)
        + entry(1, 2, -20, at, "bb" * 16, 3)
        + "".join(more)
    )


async def test_an_account_that_was_refilled_in_2100_is_refilled_again_each_day(
    home: Callable[[str], SqliteWorld], caplog: pytest.LogCaptureFixture
) -> None:
    world = home(in_2100())
    await world.ledger.recover(charge_of)
    assert "clock_jumped reason=ledger_ahead" in caplog.text
    assert await world.balance() == Funds(usd=1000, diem=30)
    for _ in range(3):
        world.clock.at += SECONDS
        assert await world.balance() == Funds(usd=1000, diem=50)
        await (await world.hold(50)).settle(charge(50), tokens(50), 1)
    assert await world.findings() == []


async def test_where_the_entries_are_ambiguous_the_operators_word_decides(
    home: Callable[[str], SqliteWorld], caplog: pytest.LogCaptureFixture
) -> None:
    """An entry of the coming hours, too: the clock is as likely to be behind."""
    world = home(in_2100(entry(2, 1, 5, NOON + 20 * 3600)))
    await world.ledger.recover(charge_of)
    assert "clock_jumped reason=behind_ledger" in caplog.text
    assert world.ledger.clock.epoch == FAR
    ahead = world.admin_store.ahead_of_clock()
    assert (ahead.accounts, ahead.entries) == (("ada",), 2)
    world.admin_store.trust_clock()
    await world.crash()
    await world.ledger.recover(charge_of)
    assert world.ledger.clock.epoch == epoch_of(NOON)
    world.clock.at += SECONDS
    assert await world.balance() == Funds(usd=1005, diem=50)
    assert await world.findings() == []
