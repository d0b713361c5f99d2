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
    folder, descriptor = _made(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def left_behind(parent: Path) -> list[Path]:
    """Return the staging folders that no process holds."""
    found = []
    for folder in sorted(parent.glob(f"{_PREFIX}*")):
        with _held(folder) as is_held:
            if is_held:
                found.append(folder)
    return found


def _made(parent: Path) -> tuple[Path, int]:
    """Make a folder that this process holds; another one may sweep it before it is locked."""
    while True:
        folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        is_locked = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_locked = False
        except OSError:
            pass  # a file system without locks: then nothing is swept there either
        if is_locked and folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with _held(folder) as is_held:  # until it is gone, so that nobody takes it meanwhile
            if is_held:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Lock a staging folder that no process holds; yield whether that succeeded."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
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
