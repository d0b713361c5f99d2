"""A lock between processes, so that two downloads of one file do not overwrite each other."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fondaco.modelfiles.errors import ModelFileError

_POLL_S = 0.1


@contextmanager
def only_one(path: Path, *, wait_s: float) -> Iterator[None]:
    """Hold the lock file `path`; the system lets go of it if this process dies.

    Raises:
        ModelFileError: another process still held it after `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    with path.open("ab") as file:
        while not _acquire(file.fileno()):
            if time.monotonic() >= deadline:
                raise ModelFileError(
                    f"Another process has been fetching {path.stem!r} for {wait_s:g} s. "
                    "Wait for it or end it, and try again."
                )
            time.sleep(_POLL_S)
        yield


def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
