"""Home folder: its permissions, its disk, and remains of commands that were interrupted."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.stores.backup.staging import left_behind

_CHECK = "home"
_DISK = "disk"
_PRIVATE = ("pepper", "fondaco.sqlite3", "fondaco.sqlite3-wal", "enclave.key", "library.sqlite3")
_PEPPER_BYTES = 32
_FEWEST_DISTINCT = 12
"""Byte values in a pepper: 32 random ones with fewer come up once in 10**13 homes."""
_LITTLE_BYTES = 2**30
_LEAST_BYTES = 100 * 2**20
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ncpfs"})
_MOUNTS = Path("/proc/self/mounts")


def checked(home: Path) -> Iterator[Diagnosis]:
    """Yield the findings about a home that exists."""
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield error(
            _CHECK,
            f"This user cannot write {str(home)!r}.",
            why="Neither the server nor a command can use it.",
            fix=f"run the command as the server's user, or: sudo chown -R $USER {quote(str(home))}",
        )
        return
    found = [*_permissions(home), *_pepper(home), *_remains(home), *_file_system(home)]
    yield from found or [ok(_CHECK, str(home))]


def missing(home: Path) -> Iterator[Diagnosis]:
    """Yield the finding about a home that nobody has used yet."""
    yield warning(
        _CHECK,
        f"{str(home)!r} has no database: no server has run there yet.",
        why="There is no account and no API key.",
        fix="fondaco serve",
    )


def room(*folders: Path) -> Iterator[Diagnosis]:
    """Yield the findings about the disks of folders, which need not exist."""
    there = dict.fromkeys(map(_existing, folders))
    for folder in there:
        usage = shutil.disk_usage(folder)
        free = f"{usage.free / 1e9:,.1f} GB free of {usage.total / 1e9:,.1f} GB at {str(folder)!r}"
        counts = os.statvfs(folder)
        is_full = usage.free < _LEAST_BYTES or (counts.f_files and not counts.f_favail)
        if is_full:
            yield error(
                _DISK,
                free,
                why="When the disk is full, paid requests get 507 until charges can be written again.",
                fix=f"du -xh --max-depth=2 {quote(str(folder))} | sort -h | tail",
            )
        elif usage.free < _LITTLE_BYTES:
            yield warning(
                _DISK,
                free,
                why="Model files and the ledger need room.",
                fix="fondaco models list, then: fondaco models remove NAME",
            )
        else:
            yield ok(_DISK, free)


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _permissions(home: Path) -> Iterator[Diagnosis]:
    for path in (home, *(home / name for name in _PRIVATE)):
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                private = 0o700 if path == home else 0o600
                yield error(
                    _CHECK,
                    f"Other users can reach {str(path)!r} (mode {mode:o}).",
                    why="They could read accounts and charges, or check guesses of API keys.",
                    fix=f"chmod {private:o} {quote(str(path))}",
                )


def _pepper(home: Path) -> Iterator[Diagnosis]:
    try:
        pepper = (home / "pepper").read_bytes()
    except OSError:
        return  # a missing one is a finding only if there are keys: see the database
    if len(pepper) != _PEPPER_BYTES:
        yield error(
            "keys",
            f"{str(home / 'pepper')!r} has {len(pepper)} bytes instead of {_PEPPER_BYTES}.",
            why="The server does not start: without it no API key is recognised.",
            fix="put back the file from a backup; `fondaco restore --check FILE` says whether one is complete",
        )
    elif len(set(pepper)) < _FEWEST_DISTINCT:
        yield error(
            "keys",
            f"{str(home / 'pepper')!r} is not random.",
            why="Whoever has the database can check guesses of API keys against it.",
            fix="delete it, then: fondaco keys revoke-all, and: fondaco keys create --type ADMIN",
        )


def _remains(home: Path) -> Iterator[Diagnosis]:
    for folder in left_behind(home):
        yield warning(
            _CHECK,
            f"{str(folder)!r} is left over from a restore or backup that was interrupted.",
            why="The home folder may hold only a part of a backup, and the folder takes disk space.",
            fix="repeat it: fondaco restore --replace FILE",
        )


def _file_system(home: Path) -> Iterator[Diagnosis]:
    """Yield a finding where a home is on a network file system. Source: sqlite.org/wal.html."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return
    above = [(point, kind) for _, point, kind, *_ in mounts if home.resolve().is_relative_to(point)]
    _, kind = max(above, key=lambda one: len(one[0]), default=("", ""))
    if kind in _NETWORK:
        yield error(
            _CHECK,
            f"{str(home)!r} is on a network file system ({kind}).",
            why="SQLite's write-ahead log does not work there, and the ledger may be damaged.",
            fix="move the home folder to a local disk, and name it: fondaco serve --home DIR",
        )
