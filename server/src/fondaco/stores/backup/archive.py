"""Reads backups: unpacks one into a folder, and believes nothing that its manifest does not say.

Memory and disk that a hostile archive can take are bounded: before each member, as many bytes may be
unpacked as its header, or its manifest, allows.
"""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from fondaco.stores.backup import manifest as manifests
from fondaco.stores.backup.manifest import BackupFile, Manifest
from fondaco.stores.errors import BackupError, DamagedBackupError, NewerDatabaseError
from fondaco.stores.sqlite.tables.migrate import HEAD

_BLOCK: Final = 64 * 2**10
_HEADER: Final = 256 * 2**10
"""Of a member, with all that it may say of itself."""
_CHUNK: Final = 2**20
_SPARE: Final = 64 * 2**20
"""Of a disk, that a restore leaves free."""


def unpack(
    archive: BinaryIO, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Manifest:
    """Unpack a backup into an empty folder and compare every file with its hash.

    Raises:
        DamagedBackupError: it is no backup, was damaged, or holds what no backup holds.
        NewerDatabaseError: a newer version of the program wrote its database.
        BackupError: the disk has no room for it, or a newer program wrote it.
    """
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as packed:
            source = _Allowance(packed)
            manifest = _unpack(source, folder, progress)
            source.expect_end()
    except DamagedBackupError as error:
        raise DamagedBackupError(
            f"The file is not a Fondaco backup, or it is damaged: {error}. Nothing was restored."
        ) from error
    except (
        tarfile.TarError,
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
        ValueError,
        RecursionError,
    ) as error:
        raise DamagedBackupError(
            "The file is not a Fondaco backup, or it is damaged: it cannot be unpacked. Nothing was restored."
        ) from error
    return manifest


def _unpack(source: "_Allowance", folder: Path, progress: Callable[[int, int], None]) -> Manifest:
    source.allow(_HEADER)
    with tarfile.open(fileobj=source, mode="r|", bufsize=_BLOCK) as tar:
        manifest = _manifest(tar, source)
        _expect_room(manifest, folder)
        done = 0
        for expected in manifest.files:
            member = _next(tar, source, expected.path)
            if member.size != expected.bytes:
                raise DamagedBackupError(
                    f"{expected.path!r} does not have the size that the manifest states"
                )
            source.allow(expected.bytes + _HEADER)
            _unpack_file(tar, member, expected, folder)
            done += expected.bytes
            progress(done, manifest.total_bytes)
        source.allow(_HEADER)
        if tar.next() is not None:
            raise DamagedBackupError("it contains a file that the manifest does not list")
    return manifest


class _Allowance(io.RawIOBase):
    """A stream that gives as many bytes as were allowed."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        super().__init__()
        self._stream = stream
        self._left = 0

    def allow(self, size: int) -> None:
        """Allow so many bytes more from here on, and those that are read ahead."""
        self._left = size + 2 * _BLOCK

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            DamagedBackupError: they are more than was allowed.
        """
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DamagedBackupError("it unpacks to more than the manifest states")
        return content

    def expect_end(self) -> None:
        """Read what follows the last member: zeros that fill a block, and the checksum."""
        self.allow(_HEADER)
        while content := self.read(_BLOCK):
            if content.strip(b"\0"):
                raise DamagedBackupError("there is data after its last file")


def _manifest(tar: tarfile.TarFile, source: _Allowance) -> Manifest:
    member = _next(tar, source, manifests.NAME)
    if member.size > manifests.MOST_BYTES:
        raise DamagedBackupError(f"its {manifests.NAME} is too large")
    source.allow(member.size + _HEADER)
    file = tar.extractfile(member)
    manifest = Manifest.parse(file.read(member.size) if file else b"")
    if manifest.schema > HEAD:
        raise NewerDatabaseError(
            f"The backup's database is of version {manifest.schema}, this program knows {HEAD}. "
            "Install the version of Fondaco that wrote it, or a newer one."
        )
    return manifest


def _next(tar: tarfile.TarFile, source: _Allowance, name: str) -> tarfile.TarInfo:
    """Return the next member, which has to be a plain file of this name: no link, device or folder."""
    source.allow(_HEADER)
    member = tar.next()
    if member is None:
        raise DamagedBackupError(f"{name!r} is missing")
    if member.name != name or member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise DamagedBackupError(f"it contains something else in place of {name!r}")
    if member.issparse():
        raise DamagedBackupError(f"{name!r} is not a regular file")
    return member


def _expect_room(manifest: Manifest, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if manifest.total_bytes > free - _SPARE:
        raise BackupError(
            f"The backup unpacks to {manifest.total_bytes / 1e6:,.0f} MB, and the disk of {str(folder.parent)!r} has "
            f"{free / 1e6:,.0f} MB free. Nothing was restored."
        )


def _unpack_file(
    tar: tarfile.TarFile, member: tarfile.TarInfo, expected: BackupFile, folder: Path
) -> None:
    path = folder / expected.path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content, digest = tar.extractfile(member), hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor)
        while content and (chunk := content.read(_CHUNK)):
            file.write(chunk)
            digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    if path.stat().st_size != expected.bytes or digest.hexdigest() != expected.sha256:
        raise DamagedBackupError(f"{expected.path!r} does not match its hash in the manifest")
