"""Staging folders: where backups and homes are put together before they get their names.

A process that is killed leaves its folder behind; the next one deletes it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_PREFIX = ".fondaco-staging-"


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Make a private folder in another one, and delete it afterwards, with those of processes that are gone.

    Raises:
        OSError: it cannot be made.
    """
    _sweep(parent)
    folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks: then nothing is swept there either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def left_behind(parent: Path) -> list[Path]:
    """Return the staging folders that no process holds."""
    return [folder for folder in sorted(parent.glob(f"{_PREFIX}*")) if _is_free(folder)]


def _sweep(parent: Path) -> None:
    for folder in left_behind(parent):
        shutil.rmtree(folder, ignore_errors=True)


def _is_free(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as far as its file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
