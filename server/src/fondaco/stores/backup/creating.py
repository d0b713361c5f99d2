"""Writes backups: databases by SQLite's backup API, everything in one compressed archive.

A read transaction is held while a database is copied, so the copy is one state of it, whatever a server
commits meanwhile. Source: sqlite.org/backup.html, sqlite.org/isolation.html.
"""

import gzip
import hashlib
import io
import os
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from fondaco.stores.backup import manifest as manifests
from fondaco.stores.backup.contents import DATABASE, PEPPER, contents_of
from fondaco.stores.backup.manifest import BackupFile, Manifest
from fondaco.stores.backup.staging import staging, sync_folder
from fondaco.stores.errors import BackupError, DatabaseUnusableError
from fondaco.stores.sqlite.accounts.audit import findings
from fondaco.stores.sqlite.accounts.people import usable_keys
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.connection import BUSY_TIMEOUT_S
from fondaco.stores.sqlite.tables.migrate import HEAD, version_of

Progress: TypeAlias = Callable[[int, int], None]
"""Takes bytes so far and bytes in all."""
_PAGES: Final = 1024
"""Of a database, copied in one step."""
_LARGEST_FILE: Final = 64 * 2**20
"""Of files that are no databases; models are far larger, and are none of a backup."""
_LEVEL: Final = 6
_LATE: Final = (
    "The server could not enter its last charges into the database: they are not in the backup."
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written."""

    manifest: Manifest
    bytes: int
    """Of the archive."""
    left_out: tuple[str, ...]
    """Entries of the home that are not in it."""
    findings: tuple[str, ...]
    """Faults of the state that was backed up, a sentence each."""


def create_backup(
    home: Path,
    target: Path,
    *,
    version: str,
    created_at: str,
    replace: bool = False,
    progress: Progress = lambda done, total: None,
) -> Backup:
    """Write the state of a home into one file, whole or not at all, readable by its owner only.

    A server may run on the home. The database may be of any revision: it is copied as it is.

    Args:
        home: the folder.
        target: the file to write.
        version: of the program.
        created_at: UTC, ISO 8601.
        replace: whether a file of that name may be replaced.
        progress: called while databases are copied and the archive is written.

    Raises:
        BackupError: the file is there already or cannot be written, or a file of the home cannot be read.
        DatabaseUnusableError: a database cannot be read.
        StorageFailedError: charges that a crash left in the charge log cannot be entered.
    """
    if target.exists() and not replace:
        raise _taken(target)
    late = () if entered(home / DATABASE) else (_LATE,)
    try:
        with staging(target.parent) as stage:
            contents = contents_of(home)
            _copy_databases(home, stage, contents.databases, progress)
            for name in contents.files:
                _copy(home / name, stage / "files" / name)
            wrong = _findings(stage / "files")
            files = tuple(
                _described(stage / "files", name) for name in (*contents.databases, *contents.files)
            )
            revision = version_of(stage / "files" / DATABASE) or HEAD
            manifest = Manifest(version, revision, created_at, files)
            archive = stage / "archive"
            _write(archive, manifest, stage / "files", progress)
            size = archive.stat().st_size
            _name(archive, target, replace=replace)
    except OSError as error:
        raise BackupError(
            f"The backup {str(target)!r} cannot be written: {error.strerror}{_of(error)}."
        ) from error
    return Backup(manifest, size, contents.left_out, (*wrong, *late))


def _copy_databases(home: Path, stage: Path, names: tuple[str, ...], progress: Progress) -> None:
    (stage / "files").mkdir(mode=0o700)
    for name in names:
        copy = stage / "files" / name
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _copy_database(home / name, copy, progress)


def _copy_database(path: Path, copy: Path, progress: Progress) -> None:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with (
            closing(
                sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            ) as live,
            closing(sqlite3.connect(copy, isolation_level=None)) as written,
        ):
            page_bytes = int(live.execute("PRAGMA page_size").fetchone()[0])
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master")  # only now the transaction reads
            live.backup(
                written,
                pages=_PAGES,
                progress=lambda _, left, pages: progress(
                    (pages - left) * page_bytes, pages * page_bytes
                ),
                sleep=0,
            )
            live.execute("ROLLBACK")
            written.execute("PRAGMA journal_mode = DELETE")  # one file, until it is restored
    except sqlite3.Error as error:
        raise DatabaseUnusableError(
            f"The database {str(path)!r} cannot be backed up: {error}."
        ) from error


def _findings(files: Path) -> tuple[str, ...]:
    """Return the faults that a restored home would have."""
    wrong: list[str] = []
    if version_of(files / DATABASE) == HEAD:
        with closing(sqlite3.connect(files / DATABASE)) as copy:
            wrong += findings(copy)
    if not (files / PEPPER).exists() and (keys := usable_keys(files / DATABASE)):
        wrong.append(
            f"The home has no file 'pepper', without which none of its {keys} keys is recognised."
        )
    return tuple(wrong)


def _copy(path: Path, copy: Path) -> None:
    """Copy a file that a person may be changing."""
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Without O_NONBLOCK, a pipe that took the file's name would be waited for.
    read = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(read, "rb") as source:  # noqa: PTH123 (a descriptor)
        if not stat.S_ISREG(os.fstat(read).st_mode):
            raise BackupError(
                f"{str(path)!r} is not a regular file. Move it out of the home folder."
            )
        content = source.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise BackupError(
            f"{str(path)!r} has more than {_LARGEST_FILE // 2**20} MiB. Move it out of the home folder."
        )
    written = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(written, "wb") as target:  # noqa: PTH123 (a descriptor)
        target.write(content)


def _described(files: Path, name: str) -> BackupFile:
    with (files / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return BackupFile(name, file.tell(), digest)


def _write(archive: Path, manifest: Manifest, files: Path, progress: Progress) -> None:
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as raw:  # noqa: PTH123 (a descriptor)
        with (
            gzip.GzipFile("", "wb", _LEVEL, raw) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            text, at = manifest.as_json(), archive.stat().st_mtime
            tar.addfile(_member(manifests.NAME, len(text), at), io.BytesIO(text))
            done = 0
            for one in manifest.files:
                with (files / one.path).open("rb") as file:
                    reported = _Reported(file, done, manifest.total_bytes, progress)
                    tar.addfile(_member(one.path, one.bytes, at), reported)
                done += one.bytes
        raw.flush()
        os.fsync(raw.fileno())


def _member(name: str, size: int, at: float) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(at)
    return member


class _Reported(io.RawIOBase):
    """A file that reports how much of it was read."""

    def __init__(self, file: BinaryIO, done: int, total: int, progress: Progress) -> None:
        super().__init__()
        self._file, self._done, self._total, self._progress = file, done, total, progress

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        content = self._file.read(size)
        self._done += len(content)
        self._progress(self._done, self._total)
        return content


def _name(archive: Path, target: Path, *, replace: bool) -> None:
    """Give a complete archive its name."""
    if replace:
        archive.replace(target)
    else:
        try:
            os.link(archive, target)
        except FileExistsError as error:
            raise _taken(target) from error
        except OSError:  # a file system without hard links
            if target.exists():
                raise _taken(target) from None
            archive.rename(target)
    sync_folder(target.parent)


def _taken(target: Path) -> BackupError:
    return BackupError(
        f"{str(target)!r} already exists. Choose another name, or overwrite it with --force."
    )


def _of(error: OSError) -> str:
    return f" ({error.filename!r})" if error.filename else ""
