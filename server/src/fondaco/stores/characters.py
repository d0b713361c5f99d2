"""Custom characters: the operator's files, which override built-in ones and are reloaded on change."""

import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread

from fondaco.domain.chat.character import Character, CharacterFileError, CharacterRegistry
from fondaco.ports import Clock
from fondaco.stores.errors import CharactersUnusableError, NameTakenError, UnknownNameError

log = logging.getLogger("fondaco")

Read: TypeAlias = Callable[[Path], Character]
"""Parses a character file.

Raises:
    CharacterFileError: the file is invalid.
"""
FileStamp: TypeAlias = tuple[int, int, int]
"""Inode, size and modification time, which detect a changed file."""

_RELOAD_INTERVAL_S = 1.0


def characters_in(home: Path) -> Path:
    """Return the folder of a home's characters."""
    return home / "characters"


class CharacterFolder:
    """The characters of a folder and the built-in ones; changed files are reloaded within a second.

    A file that becomes invalid is reported once; its last valid version stays until it is fixed or deleted.
    """

    def __init__(
        self, folder: Path, built_in: Iterable[Character], read: Read, clock: Clock
    ) -> None:
        """Prepare to read a folder, which need not exist."""
        self._folder = folder
        self._built_in = tuple(built_in)
        self._read = read
        self._clock = clock
        self._registry = CharacterRegistry(self._built_in)
        self._stamps: dict[Path, FileStamp] = {}
        self._custom: dict[Path, Character] = {}
        self._reload_lock = anyio.Lock()
        self._fresh_until = float("-inf")

    async def registry(self) -> CharacterRegistry:
        """Return all characters; the disk is read at most once a second, in a thread."""
        if self._clock.monotonic() < self._fresh_until:
            return self._registry
        async with self._reload_lock:  # one reload serves all concurrent callers
            if self._clock.monotonic() >= self._fresh_until:
                for fault in await anyio.to_thread.run_sync(self.reload):
                    log.warning("character %s", fault)
                self._fresh_until = self._clock.monotonic() + _RELOAD_INTERVAL_S
        return self._registry

    def reload(self) -> list[str]:
        """Reload changed files, blocking; return an error message for each invalid one."""
        stamps = dict(_files(self._folder))
        if stamps == self._stamps:
            return []
        errors: list[str] = []
        custom = {path: character for path, character in self._custom.items() if path in stamps}
        for path, stamp in stamps.items():
            if self._stamps.get(path) != stamp:
                try:
                    custom[path] = self._read(path)
                except CharacterFileError as error:
                    errors += [f"{path}: {fault}" for fault in error.faults]
        self._stamps, self._custom = stamps, custom
        self._registry = CharacterRegistry((*self._built_in, *custom.values()))
        return errors

    def add(self, slug: str, content: bytes, *, replace: bool = False) -> None:
        """Write a character file atomically, readable by its owner only; blocks.

        Raises:
            NameTakenError: the slug exists, and `replace` is false.
            CharactersUnusableError: it cannot be written.
        """
        path = self._path(slug)
        if path.exists() and not replace:
            raise NameTakenError(
                f"There is a character {slug!r} already. Add --replace to replace it."
            )
        draft = path.with_name(f".{slug}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            _create(draft, content)
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise CharactersUnusableError(
                f"{str(path)!r} cannot be written: {error.strerror}."
            ) from error

    def remove(self, slug: str) -> None:
        """Delete the file of a slug, blocking, whether or not it can be read.

        Raises:
            UnknownNameError: there is no custom character of this slug.
            CharactersUnusableError: it cannot be deleted.
        """
        path = self._path(slug)
        try:
            path.unlink()
        except FileNotFoundError:
            built_in = any(slug == character.slug for character in self._built_in)
            raise UnknownNameError(
                f"The character {slug!r} is built in and cannot be removed. Your own character with this name replaces it."
                if built_in
                else f"There is no character {slug!r}. See: fondaco characters list"
            ) from None
        except OSError as error:
            raise CharactersUnusableError(
                f"{str(path)!r} cannot be deleted: {error.strerror}."
            ) from error

    def _path(self, slug: str) -> Path:
        # A slash would lead out of the folder.
        return self._folder / f"{slug.replace('/', '_')}.toml"

    @property
    def custom(self) -> frozenset[str]:
        """Slugs of the custom characters at the last reload."""
        return frozenset(character.slug for character in self._custom.values())

    @property
    def seen(self) -> CharacterRegistry:
        """All characters as of the last reload."""
        return self._registry


def _create(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def _files(folder: Path) -> Iterator[tuple[Path, FileStamp]]:
    """Yield the folder's TOML files; none if it cannot be listed."""
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError:
        return
    for path in paths:
        if path.name.startswith("."):
            continue  # a temporary file of an editor
        try:
            status = path.stat()
        except OSError:
            continue  # deleted meanwhile
        if stat.S_ISREG(status.st_mode):  # reading a pipe would block
            yield path, (status.st_ino, status.st_size, status.st_mtime_ns)
