"""Restores backups: a home gets a backup's state, once all of it has been unpacked and checked."""

import errno
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fondaco.stores.backup.archive import unpack
from fondaco.stores.backup.contents import DATABASE, PEPPER, state_in
from fondaco.stores.backup.manifest import Manifest
from fondaco.stores.backup.staging import staging, sync_folder
from fondaco.stores.errors import (
    BackupError,
    DamagedBackupError,
    DatabaseUnusableError,
    HomeUnusableError,
)
from fondaco.stores.home import Home
from fondaco.stores.sqlite.accounts import session_rows
from fondaco.stores.sqlite.accounts.audit import findings
from fondaco.stores.sqlite.accounts.people import usable_keys
from fondaco.stores.sqlite.tables.migrate import upgrade

_PEPPER_BYTES = 32


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was restored."""

    manifest: Manifest
    kept: Path | None
    """The folder that holds the state that the home had before."""
    findings: tuple[str, ...]
    """Faults of the ledger, and writes that wait for a decision; a sentence each."""
    warnings: tuple[str, ...] = ()


def restore_backup(
    archive: BinaryIO,
    folder: Path,
    *,
    kept_name: str | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Restored:
    """Restore a backup into a home without state, or replace the state that it has.

    The home is locked meanwhile, so no server can start on it. Its database is migrated to the revision
    of this program, and loses its sessions and login tokens.

    Args:
        archive: the backup.
        folder: the home, which need not exist.
        kept_name: the folder in the home that keeps its old state; None: it must have none.
        progress: called as files are unpacked.

    Raises:
        HomeInUseError: a server runs on the home.
        HomeUnusableError: it has state and is not to be replaced, or cannot be written.
        BackupError: the backup is damaged, too large, or of a newer program.
    """
    home = Home(folder)
    with home.lock():
        old = state_in(folder)
        if old and kept_name is None:
            raise HomeUnusableError(
                f"The home folder {str(folder)!r} already contains a server's state ({', '.join(old)}). Name an empty one with "
                "--home, or add --replace, which keeps the old state in a folder beside the new one."
            )
        try:
            with staging(folder) as stage:
                manifest = unpack(archive, stage, progress)
                wrong, warnings = _checked(stage)
                kept = _kept(folder, kept_name) if old and kept_name else None
                _move(stage, folder, old, kept)
        except OSError as error:
            raise BackupError(
                f"The backup cannot be restored into {str(folder)!r}: {error.strerror}."
            ) from error
    return Restored(manifest, kept, wrong, warnings)


def check_backup(
    archive: BinaryIO,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Restored:
    """Unpack a backup into a staging folder in `folder`, check it, and delete it again.

    Raises:
        BackupError: it is damaged, too large, or of a newer program.
    """
    try:
        with staging(folder) as stage:
            manifest = unpack(archive, stage, progress)
            return Restored(manifest, None, *_checked(stage))
    except OSError as error:
        raise BackupError(
            f"The backup cannot be unpacked in {str(folder)!r}: {error.strerror}."
        ) from error


def _checked(stage: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Migrate the database, verify the ledger, end its sessions, and expect the pepper that its keys need."""
    try:
        upgrade(stage / DATABASE)
        with closing(sqlite3.connect(stage / DATABASE, isolation_level=None)) as database:
            wrong = tuple(findings(database))
            session_rows.delete_all(
                database
            )  # else one that was logged out since would be valid again
            database.execute("PRAGMA journal_mode = DELETE")  # leaves one file to be moved
    except (DatabaseUnusableError, sqlite3.Error) as error:
        raise DamagedBackupError(
            f"The backup's {DATABASE} is not a Fondaco database, or was damaged before it was backed up. "
            "Nothing was restored."
        ) from error
    pepper, warnings = stage / PEPPER, list[str]()
    if not pepper.exists():
        if keys := usable_keys(stage / DATABASE):
            warnings.append(
                f"The backup has no file 'pepper': none of its {keys} keys is recognised. Put the file into the "
                "home folder, or revoke the keys with: fondaco keys revoke-all"
            )
    elif pepper.stat().st_size != _PEPPER_BYTES:
        raise DamagedBackupError(
            f"The backup's file 'pepper' has {pepper.stat().st_size} bytes instead of {_PEPPER_BYTES}. "
            "Nothing was restored."
        )
    return wrong, tuple(warnings)


def _kept(folder: Path, name: str) -> Path:
    kept = folder / name
    kept.mkdir(mode=0o700)
    return kept


def _move(stage: Path, folder: Path, old: Sequence[str], kept: Path | None) -> None:
    """Move the old state away and the new one in, the database last; undo it if that fails."""
    new = sorted((one.name for one in stage.iterdir()), key=lambda name: name == DATABASE)
    moves = [(folder / name, kept / name) for name in old if kept]
    if kept:
        moves += [
            (folder / name, kept / name)
            for name in new
            if name not in old and os.path.lexists(folder / name)
        ]
    moves += [(stage / name, folder / name) for name in new]
    try:
        _rename_all(moves)
    except OSError:
        if kept:
            with suppress(OSError):  # the first error says more
                kept.rmdir()
        raise
    for changed in (folder, kept):
        if changed:
            sync_folder(changed)


def _rename_all(moves: Sequence[tuple[Path, Path]]) -> None:
    """Rename all files, or none."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, f"{target.name!r} is there already")
            source.rename(target)
            done.append((source, target))
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise
