"""Snapshot: the SQL that all migrations together amount to, run at once for a new database.

`make schema` writes it from the migrations; a test holds every database made of it to one made by them.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.tables.connection import connect

SNAPSHOT = Path(__file__).with_name("snapshot.sql")


def create(path: Path) -> None:
    """Create the tables of a new database, in one transaction.

    Raises:
        DatabaseUnusableError: it cannot be made, or the database was not empty; nothing was changed.
    """
    script = SNAPSHOT.read_text("utf-8")
    with closing(connect(path)) as connection:
        try:
            # Closing the connection rolls back what a statement that fails leaves open.
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}COMMIT;")
        except sqlite3.Error as error:
            raise DatabaseUnusableError(
                f"The database {str(path)!r} could not be made: {error}. Nothing was changed."
            ) from error


def dump(path: Path) -> list[str]:
    """Return the statements that make the database, its rows included."""
    with closing(connect(path)) as connection:
        return [
            statement
            for statement in connection.iterdump()
            if statement not in {"BEGIN TRANSACTION;", "COMMIT;"}
        ]


def write() -> None:
    """Write the snapshot anew, from a database that the migrations made."""
    # Programs that use the snapshot do so to be spared Alembic, which takes long to import.
    from fondaco.stores.sqlite.tables.alembic_run import run  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.sqlite3"
        run(path)
        SNAPSHOT.write_text("".join(f"{statement}\n" for statement in dump(path)), "utf-8")


if __name__ == "__main__":
    write()
