"""Database connections: pragmas, durability and file mode.

Only SQLite may open the file in a process that has connections: closing any other descriptor of it
drops the process's locks, and the next process to close the database deletes the journal that this one
still writes.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Literal

from fondaco.stores.errors import DatabaseUnusableError

Durability = Literal["process", "power"]

_OLDEST = (3, 37, 0)
"""The first with strict tables. Source: sqlite.org/stricttables.html."""

BUSY_TIMEOUT_S = 5.0
"""Longest wait for another process's write lock."""

_WAL_PAGES = 4000
"""Pages in the -wal file above which a commit moves them to the database, 16 MiB; SQLite's own limit
is 1000. Entries are appended, so commits write the same few pages again and again, and a call's share
of moving them falls: measured, by 4 to 30 microseconds. The writer moves them also when it is idle."""

_SYNCHRONOUS = {"process": "NORMAL", "power": "FULL"}


def connect(path: Path, durability: Durability = "process") -> sqlite3.Connection:
    """Open the database, creating an empty file that only its owner can read.

    Connections are in autocommit mode; `BEGIN` starts a transaction.

    Raises:
        DatabaseUnusableError: the file cannot be opened or is no database, or SQLite is too old.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise DatabaseUnusableError(
            f"SQLite {'.'.join(map(str, sqlite3.sqlite_version_info))} is too old: "
            f"{'.'.join(map(str, _OLDEST))} or newer is needed. Run Fondaco with a Python that "
            "brings one, or update the system's."
        )
    try:
        _create_private(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusableError(
            f"The database {str(path)!r} cannot be opened: {error}."
        ) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error as error:
        connection.close()
        raise DatabaseUnusableError(
            f"The database {str(path)!r} is not usable: {error}."
        ) from error
    return connection


def _create_private(path: Path) -> None:
    """Create the file where it is missing; SQLite gives its -wal and -shm files the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
