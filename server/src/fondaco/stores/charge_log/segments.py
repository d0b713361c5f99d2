"""Segments of the charge log: numbered files in a folder beside the database, owned by one process.

A segment is deleted once the database has all of its records. The folder is locked by the process that
appends; whoever gets the lock knows that no other process does.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fondaco.domain.money.ledger import Entry
from fondaco.stores.charge_log.record import Scan, scan

FOLDER_END: Final = "-charges"
"""Ends the name of the folder, which begins with the database's."""
_END: Final = ".log"
_DAMAGED: Final = ".damaged"


def folder_of(database: Path) -> Path:
    """Return the folder of a database's charge log."""
    return database.with_name(database.name + FOLDER_END)


def segments(folder: Path) -> Sequence[Path]:
    """Return the segments, oldest first; none if there is no folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == _END)
    except FileNotFoundError:
        return ()


def damaged(folder: Path) -> Sequence[Path]:
    """Return the segments that were set aside, as they were damaged."""
    return sorted(folder.glob(f"*{_DAMAGED}"))


def set_aside(segment: Path) -> None:
    """Keep a damaged segment for the operator, under a name that is not read again."""
    segment.rename(segment.with_name(segment.name + _DAMAGED))


def read(segment: Path) -> Scan:
    """Return the records of a segment; none if it was deleted meanwhile."""
    try:
        return scan(segment.read_bytes())
    except FileNotFoundError:
        return Scan((), 0, 0)


def last_entries(folder: Path) -> Sequence[Entry]:
    """Return the charges of the last record in a folder."""
    for segment in reversed(segments(folder)):
        if charges := read(segment).charges:
            return charges[-1].entries
    return ()


def number_after(folder: Path) -> int:
    """Return a number above those of all segments, the damaged ones included."""
    names = [path.name.partition(".")[0] for path in (*segments(folder), *damaged(folder))]
    return 1 + max((int(name) for name in names if name.isdecimal()), default=0)


def named(folder: Path, number: int) -> Path:
    """Return the path of a segment."""
    return folder / f"{number:012d}{_END}"


def locked(folder: Path) -> int | None:
    """Lock a folder; return a descriptor that holds the lock until it is closed.

    None where another process, or another journal of this one, holds it or has just deleted the folder.

    Raises:
        OSError: the folder cannot be used.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_there = os.fstat(descriptor).st_nlink > 0
    except BlockingIOError:
        is_there = False
    except BaseException:
        os.close(descriptor)
        raise
    if not is_there:
        os.close(descriptor)
        return None
    return descriptor
