"""The charge log as its owner appends to it: whole records or none."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from fondaco.stores.charge_log import segments

_FULL_BYTES: Final = 2**20
"""A segment that has more is followed by a new one: some 5,000 calls."""


class ChargeLog:
    """Appends records to the last segment of a folder.

    A `write` that has returned outlives the end of the process, not a power cut.
    """

    def __init__(self, folder: Path, lock: int, *, full_bytes: int = _FULL_BYTES) -> None:
        """Append to new segments of a folder.

        Args:
            folder: locked.
            lock: descriptor from `segments.locked`, closed by `close`.
            full_bytes: size above which a segment is full.
        """
        self._folder = folder
        self._lock = lock
        self._full_bytes = full_bytes
        self._descriptor: int | None = None
        self._number = 0
        self._bytes = 0
        self.usable = True
        """False once a part of a write could not be removed again: nothing may follow it."""

    def append(self, records: bytes) -> Path | None:
        """Append records with one `write`; return the segment where it is full now.

        Raises:
            OSError: nothing was appended.
        """
        if not self.usable:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if not records:
            return None
        if self._descriptor is None:
            self._descriptor = self._begin()
        written = 0
        try:
            written = os.write(self._descriptor, records)
        finally:
            if written < len(records):
                self._take_back(self._descriptor)
        if written < len(records):  # a full disk takes a part
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._bytes += len(records)
        return self._end() if self._bytes > self._full_bytes else None

    def close(self, *, delete: bool) -> None:
        """Release the folder; delete the last segment if the database has all of it."""
        if self._descriptor is not None:
            last = self._end()
            if delete:
                with suppress(OSError):  # then the next start finds that all of it is entered
                    last.unlink()
        with suppress(OSError):  # something is left in it
            self._folder.rmdir()
        os.close(self._lock)

    def _begin(self) -> int:
        self._number = segments.number_after(self._folder)
        path = segments.named(self._folder, self._number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def _end(self) -> Path:
        """Close the segment; the next write begins another."""
        path = segments.named(self._folder, self._number)
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._bytes = None, 0
        return path

    def _take_back(self, descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, self._bytes)
        except OSError:
            self.usable = False
