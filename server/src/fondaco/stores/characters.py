"""Characters in a folder: files of the operator's own over the built-in ones, read again when changed."""

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
"""Makes a character of a file.

Raises:
    CharacterFileError: it cannot.
"""
FileStamp: TypeAlias = tuple[int, int, int]
"""By which a changed file is told: inode, size and time."""

_LOOK_EVERY_S = 1.0


def characters_in(home: Path) -> Path:
    """Return the folder of a home's characters."""
    return home / "characters"


class CharacterFolder:
    """The cast as the folder has it: what changes there is seen within a second.

    A file that breaks is reported once. What it said before holds on until it is mended or gone.
    """

    def __init__(
        self, folder: Path, built_in: Iterable[Character], read: Read, clock: Clock
    ) -> None:
        """Prepare a look at a folder, which need not exist."""
        self._folder = folder
        self._built_in = tuple(built_in)
        self._read = read
        self._clock = clock
        self._cast = CharacterRegistry(self._built_in)
        self._stamps: dict[Path, FileStamp] = {}
        self._own: dict[Path, Character] = {}
        self._looking = anyio.Lock()
        self._until = float("-inf")

    async def cast(self) -> CharacterRegistry:
        """Return all characters; the disk is asked once a second at most, beside the event loop."""
        if self._clock.monotonic() < self._until:
            return self._cast
        async with self._looking:  # one look serves all who ask meanwhile
            if self._clock.monotonic() >= self._until:
                for fault in await anyio.to_thread.run_sync(self.look):
                    log.warning("character %s", fault)
                self._until = self._clock.monotonic() + _LOOK_EVERY_S
        return self._cast

    def look(self) -> list[str]:
        """Read what has changed since the last look, blocking; return what is wrong with it."""
        stamps = dict(_files(self._folder))
        if stamps == self._stamps:
            return []
        faults: list[str] = []
        own = {path: one for path, one in self._own.items() if path in stamps}
        for path, stamp in stamps.items():
            if self._stamps.get(path) != stamp:
                try:
                    own[path] = self._read(path)
                except CharacterFileError as error:
                    faults += [f"{path}: {fault}" for fault in error.faults]
        self._stamps, self._own = stamps, own
        self._cast = CharacterRegistry((*self._built_in, *own.values()))
        return faults

    def add(self, slug: str, content: bytes, *, replace: bool = False) -> None:
        """Keep a file, blocking; it appears whole, and for its owner alone.

        Raises:
            NameTakenError: there is one of this slug, and it is not to be replaced.
            CharactersUnusableError: it cannot be written.
        """
        path = self._path(slug)
        if path.exists() and not replace:
            raise NameTakenError(
                f"There is a character {slug!r} of your own already. Add --replace to replace it."
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
            UnknownNameError: there is none.
            CharactersUnusableError: it cannot be deleted.
        """
        path = self._path(slug)
        try:
            path.unlink()
        except FileNotFoundError:
            built_in = any(slug == character.slug for character in self._built_in)
            raise UnknownNameError(
                f"The character {slug!r} is built in: it stays. One of your own takes its place."
                if built_in
                else f"There is no character {slug!r}. See: fondaco characters list"
            ) from None
        except OSError as error:
            raise CharactersUnusableError(
                f"{str(path)!r} cannot be deleted: {error.strerror}."
            ) from error

    def _path(self, slug: str) -> Path:
        # A slash in it would lead out of the folder.
        return self._folder / f"{slug.replace('/', '_')}.toml"

    @property
    def own(self) -> frozenset[str]:
        """Slugs of the characters that the last look found in the folder."""
        return frozenset(character.slug for character in self._own.values())

    @property
    def seen(self) -> CharacterRegistry:
        """What the last look found."""
        return self._cast


def _create(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def _files(folder: Path) -> Iterator[tuple[Path, FileStamp]]:
    """Yield the folder's TOML files; where it cannot be listed there are none."""
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError:
        return
    for path in paths:
        if path.name.startswith("."):
            continue  # an editor's, not an operator's
        try:
            found = path.stat()
        except OSError:
            continue  # it went meanwhile
        if stat.S_ISREG(found.st_mode):  # a pipe would never end
            yield path, (found.st_ino, found.st_size, found.st_mtime_ns)
