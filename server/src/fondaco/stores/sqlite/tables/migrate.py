"""Migration: brings a database file to the version of this program, or refuses a newer one.

A new database is made of the snapshot, which is what all migrations together amount to.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from fondaco.stores.errors import DatabaseUnusableError, NewerDatabaseError
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.snapshot import create

HEAD = "0009"
"""The newest revision below migrations/versions; a test compares the two."""

TABLES = frozenset(
    {
        "account", "character_use", "clock_confirmation", "entry", "idempotency_record", "job",
        "job_average", "job_media", "key", "key_epoch", "login", "open_call", "quarantine", "session",
        "sku",
    }
)  # fmt: skip
"""The tables of an up-to-date database; a test compares them with `schema`."""


def upgrade(path: Path) -> None:
    """Create the database or migrate it; each migration is one transaction.

    Nothing heavy is imported where nothing is to be done, nor for a new database.

    Raises:
        NewerDatabaseError: a newer version of the program wrote it.
        DatabaseUnusableError: it cannot be opened, lacks a table that it had, or a change failed and
            was undone.
    """
    version = version_of(path)
    if version == HEAD:
        _expect_tables(path)
        return
    if version is not None and version > HEAD:
        raise NewerDatabaseError(
            f"The database {str(path)!r} is of version {version}, this program knows {HEAD}. "
            "Install the version of Fondaco that wrote it, or a newer one."
        )
    try:
        if version is None and _is_empty(path):
            create(path)
        else:
            # Alembic and SQLAlchemy take most of a second to import: only where they are needed.
            from fondaco.stores.sqlite.tables.alembic_run import run  # noqa: PLC0415 - see above

            run(path)
    except DatabaseUnusableError:
        if version_of(path) != HEAD:  # else another process did it at the same time
            raise


def version_of(path: Path) -> str | None:
    """Return the revision of the database at `path`, None where there is none yet."""
    if not _rows(path, "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"):
        return None
    rows = _rows(path, "SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if rows else None


def _is_empty(path: Path) -> bool:
    return not _rows(path, "SELECT 1 FROM sqlite_master LIMIT 1")


def _expect_tables(path: Path) -> None:
    rows = _rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    if missing := sorted(TABLES.difference(name for (name,) in rows)):
        raise DatabaseUnusableError(
            f"The database {str(path)!r} is damaged: it lacks the table {missing[0]!r}. "
            "Restore it from a backup."
        )


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(connect(path)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise DatabaseUnusableError(
                f"The database {str(path)!r} cannot be read: {error}."
            ) from error
