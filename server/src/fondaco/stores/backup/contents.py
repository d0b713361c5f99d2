"""Contents of a home: which of its files are state, and belong into a backup."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fondaco.stores.charge_log.segments import FOLDER_END

DATABASE = "fondaco.sqlite3"
PEPPER = "pepper"
DATABASES = (DATABASE, "library.sqlite3")
_FILES = (PEPPER, "fondaco.toml", "enclave.key")
_FOLDERS = ("catalogue.d", "characters", "workflows")
_CONFIGURATION = ("fondaco.toml", "catalogue.d/*.toml")
_JOURNALS = ("-wal", "-shm", "-journal", FOLDER_END)
LOCK = "server.lock"


@dataclass(frozen=True, slots=True)
class Contents:
    """Paths in a home, relative to it."""

    databases: tuple[str, ...]
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    """Entries at the top of the home that are no state, such as folders of models."""


def contents_of(home: Path) -> Contents:
    """Return the contents of a home.

    A configuration may read secrets from files (`file:PATH`): those in the home are state, too.
    """
    files = {name for name in _FILES if (home / name).is_file()}
    for folder in _FOLDERS:
        files.update(_below(home, home / folder))
    files.update(_secrets(home))
    databases = tuple(name for name in DATABASES if (home / name).is_file())
    known = {LOCK, *(name + end for name in DATABASES for end in ("", *_JOURNALS))}
    known |= {file.partition("/")[0] for file in files}
    names = (path.name for path in home.iterdir())
    left_out = (one for one in names if one not in known and one[0] != ".")
    return Contents(databases, tuple(sorted(files)), tuple(sorted(left_out)))


def state_in(home: Path) -> list[str]:
    """Return the entries at the top of a home that a restore would mix with its own."""
    journals = (name + end for name in DATABASES for end in _JOURNALS)
    names = (*DATABASES, *journals, *_FILES, *_FOLDERS)
    return [name for name in names if os.path.lexists(home / name)]


def _below(home: Path, folder: Path) -> Iterator[str]:
    """Yield the files of a folder; names that start with a dot are drafts."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one[0] != "."]
        for name in names:
            path = Path(parent, name)
            if name[0] != "." and path.is_file():
                yield path.relative_to(home).as_posix()


def _secrets(home: Path) -> Iterator[str]:
    """Yield the files of a home that its configuration reads secrets from."""
    for pattern in _CONFIGURATION:
        for path in home.glob(pattern):
            # A file that is no TOML is backed up as it is; `fondaco config check` says what is wrong.
            with suppress(OSError, ValueError):
                for text in _texts(tomllib.loads(path.read_text("utf-8"))):
                    if text.startswith("file:"):
                        secret = Path(text.removeprefix("file:")).expanduser().absolute()
                        if secret.is_relative_to(home) and secret.is_file():
                            yield secret.relative_to(home).as_posix()


def _texts(value: object) -> Iterator[str]:
    """Yield every text in tables and lists of TOML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
