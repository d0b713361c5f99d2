"""Charges read again from memory and from SQLite."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.charges import (
    DAY_MS,
    OTHERS,
    OURS,
    START_MS,
    ChargesContract,
    Shop,
    expected,
    made_entries,
)
from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.ledger import EntryKind
from fondaco.domain.money.money import Currency
from fondaco.ports import ChargeQuery, UsageField, UsageSumQuery
from fondaco.stores.memory.charges import MemoryCharges
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.charges import SqliteCharges
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from money_world import TestClock

KEY_ID = "ab" * 16


class TestChargesInMemory(ChargesContract):
    @pytest.fixture
    def shop(self) -> Shop:
        journal = MemoryJournal()
        for account_id in (OURS, OTHERS):
            journal.add_account(account_id)
        entries = made_entries(KEY_ID)
        journal.enter_elsewhere(*entries)
        return Shop(MemoryCharges(journal), entries)


class TestChargesOnSqlite(ChargesContract):
    @pytest.fixture
    def shop(self, filled: Path) -> Iterator[Shop]:
        charges = SqliteCharges(filled)
        yield Shop(charges, made_entries(key_in(filled)))
        charges.close()


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    return with_accounts(tmp_path / "fondaco.sqlite3", empty_database)


def with_accounts(path: Path, empty_database: Path) -> Path:
    path.write_bytes(empty_database.read_bytes())
    admin_store = AdminStore(path, b"p" * 32, TestClock())
    opened = [admin_store.open_account(name).account.id for name in ("ours", "others")]
    assert opened == [OURS, OTHERS]
    admin_store.make_key("ours", KeyType.ADMIN)
    return path


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    path = with_accounts(tmp_path_factory.mktemp("charges") / "fondaco.sqlite3", empty_database)

    async def enter() -> None:
        async with SqliteJournal.opened(path) as journal:
            for entry in made_entries(key_in(path)):
                await journal.write((entry,))

    asyncio.run(enter())
    return path


def key_in(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        key_id: str = connection.execute("SELECT lower(hex(public_id)) FROM key").fetchone()[0]
    return key_id


@pytest.fixture
def charges(filled: Path) -> Iterator[SqliteCharges]:
    charges = SqliteCharges(filled)
    yield charges
    charges.close()


@pytest.mark.parametrize("by", [None, "key", "day", "sku"])
def test_the_sums_of_all_groups_are_those_of_all_charges(
    charges: SqliteCharges, filled: Path, by: str | None
) -> None:
    sums = charges.sums(ChargeQuery(OURS, limit=1), by)  # type: ignore[arg-type]  # one of its four
    entries = [
        entry
        for entry in made_entries(key_in(filled))
        if entry.kind is EntryKind.CHARGE and entry.account_id == OURS
    ]
    for currency in Currency:
        of_this = [entry.amount for entry in entries if entry.currency is currency]
        found = [one for one in sums if one.currency is currency]
        assert sum(one.amount for one in found) == sum(of_this)
        assert sum(one.rows for one in found) == len(of_this)
    groups = {one.group for one in sums}
    assert (
        groups
        == {
            None: {""},
            "key": {key_in(filled), None},
            "day": {"2025-01-01", "2025-01-02"},
            "sku": {entry.sku for entry in entries},
        }[by]
    )


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("currency", [None, Currency.USD])
@pytest.mark.parametrize("since_ms", [None, 1])
def test_charges_are_walked_on_the_index_alone(
    charges: SqliteCharges, *, newest_first: bool, currency: Currency | None, since_ms: int | None
) -> None:
    said: list[str] = []
    charges._connection.set_trace_callback(said.append)
    for page in (1, 2, 3):
        charges.read(ChargeQuery(OURS, currency, since_ms, None, newest_first, page, 3))
    charges._connection.set_trace_callback(None)
    walks = [one for one in said if "INDEXED BY" in one]
    assert len(walks) == 4  # one count, then three pages
    for walk in walks:
        [(*_, plan)] = charges._connection.execute(f"EXPLAIN QUERY PLAN {walk}")
        assert "USING COVERING INDEX ix_entry_charge" in plan


@pytest.mark.parametrize("by", [*map(frozenset, [(), *([one] for one in UsageField), UsageField])])
def test_sums_read_no_charge_of_other_accounts_or_times(
    charges: SqliteCharges, by: frozenset[UsageField]
) -> None:
    """The query searches the index by account and time: it touches the charges that it adds up alone."""
    said: list[str] = []
    charges._summing.set_trace_callback(said.append)
    charges.read_usage(UsageSumQuery(OURS, START_MS, START_MS + 3 * DAY_MS, by))
    charges._summing.set_trace_callback(None)
    sums = [one for one in said if "INDEXED BY" in one]
    assert len(sums) == (4 if UsageField.DAY in by else 1)
    for one in sums:
        plans = [plan for *_, plan in charges._summing.execute(f"EXPLAIN QUERY PLAN {one}")]
        read, *sorted_by = plans
        assert read == (
            "SEARCH entry USING INDEX ix_entry_charge (account_id=? AND at_ms>? AND at_ms<?)"
        )
        assert all(plan.startswith("USE TEMP B-TREE") for plan in sorted_by)


async def test_sums_name_keys_even_when_they_are_revoked(path: Path) -> None:
    admin_store = AdminStore(path, b"p" * 32, TestClock())
    key = admin_store.make_key("ours", KeyType.INFERENCE, "of the batch job").key
    async with SqliteJournal.opened(path) as journal:
        for entry in made_entries(key.id):
            await journal.write((entry,))
    admin_store.revoke(key.id)
    with closing(SqliteCharges(path)) as charges:
        query = UsageSumQuery(OURS, 0, START_MS + DAY_MS, frozenset({UsageField.KEY}))
        named = {one.key_id: one.key_description for one in await charges.usage(query)}
    assert named == {None: None, key.id: "of the batch job"}


def test_a_page_sees_one_state_while_charges_are_written(
    charges: SqliteCharges, filled: Path
) -> None:
    with charges._snapshot() as connection:
        (before,) = connection.execute("SELECT count(*) FROM entry").fetchone()
        with closing(sqlite3.connect(filled)) as other, other:
            other.execute(
                "INSERT INTO entry (account_id, kind, currency, amount, at_ms, sku_id, units, "
                "unit_price, execution_ms, notes) SELECT 5, 2, 1, 1, 1, 1, 0, 0, 0, ''"
            )
        (after,) = connection.execute("SELECT count(*) FROM entry").fetchone()
    assert before == after


async def test_a_total_takes_in_what_was_charged_since(path: Path) -> None:
    """The first count is kept, and only what came after it is counted."""
    entries = made_entries(key_in(path))
    charges = SqliteCharges(path)
    query = ChargeQuery(OURS, Currency.USD, limit=500)
    async with SqliteJournal.opened(path) as journal:
        for end in range(0, len(entries), 7):
            await journal.write(entries[end : end + 7])
            wanted = expected(Shop(charges, entries[: end + 7]), query)
            read = await charges.page(query)
            assert (read.total, list(read.charges)) == (len(wanted), wanted)
    charges.close()


def test_a_damaged_database_is_a_failure_of_the_storage(
    tmp_path: Path, empty_database: Path
) -> None:
    path = tmp_path / "fondaco.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    charges = SqliteCharges(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP INDEX ix_entry_charge")
    with pytest.raises(StorageFailedError):
        charges.read(ChargeQuery(OURS))
    charges.close()


def test_all_charges_of_a_query_are_read_in_the_order_of_its_pages(filled: Path) -> None:
    charges = SqliteCharges(filled)
    try:
        for query in (
            ChargeQuery(OURS, limit=500),
            ChargeQuery(OURS, Currency.DIEM, limit=500),
            ChargeQuery(OURS, since_ms=1_735_689_601_000, limit=500),
            ChargeQuery(99, limit=500),
        ):
            assert list(charges.all(query)) == list(charges.read(query).charges)
    finally:
        charges.close()


async def test_all_charges_are_read_batch_by_batch_and_later_ones_left_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fondaco.stores.sqlite.accounts.charges._BATCH", 2)
    entries = [one for one in made_entries(key_in(path)) if one.account_id == OURS]
    async with SqliteJournal.opened(path) as journal:
        await journal.write(entries)
        charges = SqliteCharges(path)
        expected_all = list(charges.read(ChargeQuery(OURS, limit=500)).charges)
        assert len(expected_all) > 4
        found = charges.all(ChargeQuery(OURS))
        read = [next(found)]
        later = [replace(one, call_id=None, kind=EntryKind.CHARGE) for one in expected_all[:1]]
        await journal.write([replace(one, at=one.at + 1, call_id="ef" * 16) for one in later])
        assert read + list(found) == expected_all
        charges.close()
