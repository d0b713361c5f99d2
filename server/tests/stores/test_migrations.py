import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.domain.money.money import Funds
from fondaco.domain.money.usage import Usage
from fondaco.stores.errors import DatabaseUnusableError, NewerDatabaseError
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables import migrate, schema, snapshot
from fondaco.stores.sqlite.tables.alembic_run import run, scripts
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.engine import engine_for
from fondaco.stores.sqlite.tables.migrate import HEAD, upgrade, version_of
from fondaco.stores.sqlite.tables.snapshot import SNAPSHOT, create, dump

VERSION_5 = Path(__file__).parent / "version_5.sql"
"""A database as version 0005 wrote it, with an account, an open call and an idempotency key."""


def definitions(path: Path) -> dict[str, str]:
    """Return the SQL of every table, index and trigger, white space aside."""
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows if name != "alembic_version"}


def setting(path: Path, pragma: str) -> object:
    with closing(connect(path)) as connection:
        return connection.execute(f"PRAGMA {pragma}").fetchone()


def test_the_migrations_end_at_the_head() -> None:
    assert scripts().get_heads() == [HEAD]


def test_migrations_make_what_the_tables_say(empty_database: Path, tmp_path: Path) -> None:
    declared = tmp_path / "declared"
    engine = engine_for(declared)
    schema.metadata.create_all(engine)
    engine.dispose()
    assert definitions(empty_database) == definitions(declared)


def test_a_new_database_is_what_the_migrations_make(tmp_path: Path) -> None:
    new, migrated = tmp_path / "new", tmp_path / "migrated"
    upgrade(new)
    run(migrated)
    assert dump(new) == dump(migrated), "The snapshot is out of date: run `make schema`."
    for pragma in ("application_id", "auto_vacuum", "encoding", "page_size", "user_version"):
        assert setting(new, pragma) == setting(migrated, pragma)


def test_a_new_database_is_made_by_one_of_two_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "database"

    def overtaken(own: Path) -> None:
        create(own)  # the other process
        create(own)

    monkeypatch.setattr(migrate, "create", overtaken)
    upgrade(path)
    assert version_of(path) == HEAD


def test_a_new_database_that_cannot_be_made_is_left_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, broken = tmp_path / "database", tmp_path / "snapshot.sql"
    broken.write_text(SNAPSHOT.read_text("utf-8") + "CREATE TABLE entry (x);\n", "utf-8")
    monkeypatch.setattr(snapshot, "SNAPSHOT", broken)
    with pytest.raises(DatabaseUnusableError, match=r"already exists\. Nothing was changed"):
        upgrade(path)
    assert definitions(path) == {}


def test_an_open_call_has_a_column_for_every_unit_of_usage() -> None:
    assert {unit.name for unit in fields(Usage)} <= set(schema.open_call.columns.keys())


async def test_a_database_of_version_5_keeps_its_open_calls_and_idempotency_keys(
    tmp_path: Path,
) -> None:
    path = tmp_path / "version-5.sqlite3"
    with closing(connect(path)) as connection:
        connection.executescript(VERSION_5.read_text("utf-8"))
    upgrade(path)
    key = IdempotencyKey(b"k" * 32, b"b" * 32)
    record = IdempotencyRecord(4, key, "c" * 32, at=1.0)
    async with SqliteJournal.opened(path) as journal:
        (call,) = await journal.open_calls()
        assert (call.call_id, call.held) == ("ca" * 16, Funds(usd=900))
        assert call.usage == Usage(1, 2, 3, 4, 5, 6)
        assert await journal.acquire(replace(record, call_id="d" * 32)) == record
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_alembic_finds_nothing_to_migrate(empty_database: Path) -> None:
    engine = engine_for(empty_database)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert found == []


def test_a_database_is_private(empty_database: Path) -> None:
    assert empty_database.stat().st_mode & 0o777 == 0o600


def test_a_newer_database_is_refused(tmp_path: Path, empty_database: Path) -> None:
    path = tmp_path / "newer"
    path.write_bytes(empty_database.read_bytes())
    with closing(connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError, match="version 9999, this program knows"):
        upgrade(path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no database " * 100)
    with pytest.raises(DatabaseUnusableError, match="not a database"):
        upgrade(path)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusableError, match="cannot be opened"):
        upgrade(tmp_path)


def test_a_failed_migration_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "database"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE open_call (x)")  # in the way of the last table
    with pytest.raises(DatabaseUnusableError, match="could not be brought up to date"):
        upgrade(path)
    assert set(definitions(path)) == {"open_call"}
    assert version_of(path) is None


@pytest.mark.parametrize("new", [True, False])
def test_an_up_to_date_or_new_database_costs_no_heavy_import(
    empty_database: Path, tmp_path: Path, *, new: bool
) -> None:
    program = (
        "import sys, pathlib\n"
        "from fondaco.stores.sqlite.tables.migrate import upgrade\n"
        "from fondaco.stores.sqlite.accounts import keys, people\n"
        "from fondaco.stores.sqlite.ledger import journal\n"
        "upgrade(pathlib.Path(sys.argv[1]))\n"
        "sys.exit('sqlalchemy' in sys.modules or 'alembic' in sys.modules)"
    )
    path = tmp_path / "new" if new else empty_database
    command = [sys.executable, "-c", program, str(path)]
    assert subprocess.run(command, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize("change", ["UPDATE entry SET amount = 2", "DELETE FROM entry"])
def test_an_entry_is_never_changed(tmp_path: Path, empty_database: Path, change: str) -> None:
    path = tmp_path / "database"
    path.write_bytes(empty_database.read_bytes())
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO sku VALUES (1, '')")
        connection.execute(
            "INSERT INTO entry (account_id, kind, currency, amount, at_ms, sku_id, units, unit_price,"
            " execution_ms, notes) VALUES (2, 5, 1, 1, 0, 1, 0, 0, 0, '')"
        )
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute(change)
