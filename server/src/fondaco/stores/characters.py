"""Characters in a folder: files of the operator's own over the built-in ones, read again when changed."""

import logging
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread

from fondaco.domain.character import Cast, Character, CharacterFileError
from fondaco.ports import Clock

log = logging.getLogger("fondaco")

Read: TypeAlias = Callable[[Path], Character]
"""Makes a character of a file.

Raises:
    CharacterFileError: it cannot.
"""
Stamp: TypeAlias = tuple[int, int, int]
"""By which a changed file is told: inode, size and time."""

_LOOK_EVERY_S = 1.0


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
        self._cast = Cast(self._built_in)
        self._stamps: dict[Path, Stamp] = {}
        self._own: dict[Path, Character] = {}
        self._looking = anyio.Lock()
        self._until = float("-inf")

    async def cast(self) -> Cast:
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
        self._cast = Cast((*self._built_in, *own.values()))
        return faults

    @property
    def own(self) -> frozenset[str]:
        """Slugs of the characters that the last look found in the folder."""
        return frozenset(character.slug for character in self._own.values())

    @property
    def seen(self) -> Cast:
        """What the last look found."""
        return self._cast


def _files(folder: Path) -> Iterator[tuple[Path, Stamp]]:
    """Yield the folder's TOML files; where it cannot be listed there are none."""
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError:
        return
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            continue  # it went meanwhile
        if stat.S_ISREG(found.st_mode):  # a pipe would never end
            yield path, (found.st_ino, found.st_size, found.st_mtime_ns)
